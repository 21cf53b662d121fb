// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The library against spec/vectors: model files, where a record is found, and how it is put in (record-v1 section 6).

#include <gtest/gtest.h>

#include "lock/lock_with_id.hpp"
#include "lock/vectors_testing.hpp"

namespace nnlock::lock {
namespace {

void run_open(const Json& v) {
  const Scratch scratch;
  const auto model = scratch.write("model", data(field(v, "file")));
  if (!field(v, "sidecar").IsNull()) scratch.write("model.nnlock", data(field(v, "sidecar")));
  const auto opened = unlock_to_memory(master(v), model, {});
  EXPECT_EQ(class_of(opened), field(v, "class").GetString()) << (opened ? "" : opened.error().message);
  if (!opened || std::string(field(v, "class").GetString()) != "ok") return;
  EXPECT_EQ(copy_of(*opened), hex(field(v, "plain")));
}

LayoutChoice layout_of(const Json& v) {
  if (!v.HasMember("layout")) return LayoutChoice::bytes;
  EXPECT_STREQ(v["layout"].GetString(), "automatic");
  return LayoutChoice::automatic;
}

std::vector<std::string> excluded_by(const Json& v) {
  std::vector<std::string> names;
  if (v.HasMember("exclude"))
    for (const Json& name : v["exclude"].GetArray()) names.emplace_back(name.GetString());
  return names;
}

void run_lock(const Json& v) {
  const Scratch scratch;
  const auto model = scratch.write("model", data(field(v, "file")));
  const LockOptions options{.suite = static_cast<Suite>(field(v, "suite").GetUint()),
                            .layout = layout_of(v),
                            .chunk_log2 = static_cast<std::uint8_t>(field(v, "chunk_log2").GetUint()),
                            .exclude = excluded_by(v),
                            .sidecar = field(v, "sidecar_wanted").GetBool(),
                            .slot_bytes = field(v, "slot_length").GetUint()};
  const auto report = lock_with_id(master(v), model, scratch.file("out"), options, hex_array<16>(field(v, "lock_id")));
  EXPECT_EQ(class_of(report), field(v, "class").GetString()) << (report ? "" : report.error().message);
  if (!report) {
    EXPECT_EQ(scratch.entries(), 1U);
    return;
  }
  EXPECT_EQ(scratch.read("out"), hex(field(v, "locked")));
  EXPECT_EQ(scratch.entries(), options.sidecar ? 3U : 2U);
  if (!options.sidecar) return;
  EXPECT_EQ(scratch.read("out.nnlock"), hex(field(v, "sidecar")));
}

TEST(Vectors, Model) {
  for (const Vector& v : vectors_of_kind("model")) {
    SCOPED_TRACE(v.name);
    const std::string operation = field(v.json, "operation").GetString();
    ASSERT_TRUE(operation == "open" || operation == "lock");
    operation == "open" ? run_open(v.json) : run_lock(v.json);
  }
}

}  // namespace
}  // namespace nnlock::lock
