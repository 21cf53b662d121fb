// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The library against spec/vectors: everything that needs no codec.

#include <gtest/gtest.h>

#include <set>

#include "lock/open.hpp"
#include "lock/seal.hpp"
#include "lock/select.hpp"
#include "lock/sinks.hpp"
#include "lock/tags.hpp"
#include "lock/vectors_testing.hpp"

namespace nnlock::lock {
namespace {

const kernels::Kernel& kernel_of(const Json& vector) {
  return *kernels::pick(static_cast<kernels::Suite>(field(vector, "suite").GetUint()));
}

const std::uint8_t* octets(std::span<const std::byte> bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

Bytes secret(const SecretBytes& key) { return Bytes(key.reveal().begin(), key.reveal().end()); }

TEST(Vectors, KindsAndClassesAreAllKnown) {
  const std::set<std::string> kinds = {"schedule", "stream", "tag", "keyfile", "numbers", "choose", "lock", "open", "decoy", "model"};
  std::size_t known = 0, files = 0;
  for (const std::string& kind : kinds) known += vectors_of_kind(kind).size();
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "spec/vectors"))
    files += entry.path().extension() == ".json";
  EXPECT_EQ(known, files);
  EXPECT_GE(known, 60U);
}

TEST(Vectors, Schedule) {
  for (const Vector& v : vectors_of_kind("schedule")) {
    SCOPED_TRACE(v.name);
    const MasterKey key = master(v.json);
    const auto lock_id = hex_array<16>(field(v.json, "lock_id"));
    const Hash hash = sha256(hex(field(v.json, "core")));
    EXPECT_EQ(hash, hex_array<32>(field(v.json, "core_hash")));
    const SecretBytes file_key = keys::derive_file_key(key.secret(), lock_id);
    EXPECT_EQ(secret(file_key), hex(field(v.json, "file_key")));
    const keys::KeySchedule schedule(file_key, lock_id);
    EXPECT_EQ(schedule.key_check(), hex_array<8>(field(v.json, "key_check")));
    EXPECT_EQ(secret(schedule.record_key(hash)), hex(field(v.json, "record_key")));
    EXPECT_EQ(key.fingerprint(), field(v.json, "fingerprint").GetString());
    for (const Json& p : field(v.json, "parameter_keys").GetArray()) {
      const std::uint64_t t = std::stoull(field(p, "t").GetString());
      EXPECT_EQ(secret(schedule.encryption_key(hash, t)), hex(field(p, "enc")));
      EXPECT_EQ(secret(schedule.tag_key(hash, t)), hex(field(p, "mac")));
      EXPECT_EQ(secret(schedule.auxiliary_key(hash, t)), hex(field(p, "aux")));
    }
  }
}

TEST(Vectors, Stream) {
  for (const Vector& v : vectors_of_kind("stream")) {
    const auto suite = static_cast<kernels::Suite>(field(v.json, "suite").GetUint());
    for (const kernels::Kernel* kernel : kernels::compiled(suite)) {
      if (!kernels::runnable(*kernel)) continue;
      SCOPED_TRACE(v.name + " " + kernel->name);
      kernels::KeyState state;
      kernel->expand(octets(hex_array<32>(field(v.json, "key"))), state);
      Bytes stream(field(v.json, "length").GetUint64());
      kernel->stream(state, std::stoull(field(v.json, "offset").GetString()), reinterpret_cast<std::uint8_t*>(stream.data()), stream.size());
      EXPECT_EQ(stream, hex(field(v.json, "bytes")));
    }
  }
}

TEST(Vectors, Tag) {
  for (const Vector& v : vectors_of_kind("tag")) {
    SCOPED_TRACE(v.name);
    const kernels::Kernel& kernel = kernel_of(v.json);
    kernels::KeyState state;
    kernel.expand(octets(hex_array<32>(field(v.json, "key"))), state);
    std::array<std::byte, 32> one_time_key{};
    const std::uint64_t chunk = std::stoull(field(v.json, "chunk").GetString());
    kernel.stream(state, one_time_key_offset(static_cast<Suite>(kernel.suite), chunk), reinterpret_cast<std::uint8_t*>(one_time_key.data()), 32);
    EXPECT_EQ(one_time_key, hex_array<32>(field(v.json, "one_time_key")));
    Tagger tagger;
    tagger.begin(one_time_key);
    tagger.update(data(field(v.json, "data")));
    EXPECT_EQ(tagger.finish(), hex_array<16>(field(v.json, "tag")));
  }
}

TEST(Vectors, KeyFile) {
  for (const Vector& v : vectors_of_kind("keyfile")) {
    SCOPED_TRACE(v.name);
    const Bytes text = data(field(v.json, "text"));
    const auto key = MasterKey::parse({reinterpret_cast<const char*>(text.data()), text.size()});
    ASSERT_EQ(class_of(key), field(v.json, "class").GetString());
    if (!key) continue;
    EXPECT_EQ(secret(key->secret()), hex(field(v.json, "master")));
    EXPECT_EQ(key->fingerprint(), field(v.json, "fingerprint").GetString());
  }
}

// A set of raw files held in memory, run through one pass in place.
struct RawSet {
  std::vector<Bytes> files;
  Result<void> run(Pass pass, const Core& core, const Hash& hash, Coverage coverage, const keys::KeySchedule& keys, std::span<std::byte> tags) {
    const std::vector<Bytes> before = files;
    std::vector<formats::MemorySource> sources;
    std::vector<MemorySink> sinks;
    for (std::size_t i = 0; i < files.size(); ++i) {
      sources.emplace_back(before[i]);
      sinks.emplace_back(files[i]);
    }
    std::vector<FileEnds> ends;
    for (std::size_t i = 0; i < files.size(); ++i) ends.push_back({&sources[i], &sinks[i]});
    return run_pass(pass, core, hash, coverage, keys, *choose_kernels(core.suite), ends, tags, {1});
  }
};

Core core_of(const Json& v, const std::vector<Bytes>& files) {
  Core core{.suite = static_cast<Suite>(field(v, "suite").GetUint()),
            .lock_id = hex_array<16>(field(v, "lock_id")),
            .chunk_log2 = static_cast<std::uint8_t>(field(v, "chunk_log2").GetUint())};
  if (const Json& family = field(v, "family"); family.IsArray()) core.family = Family{hex_array<16>(family[0]), family[1].GetUint64()};
  for (const Json& p : field(v, "params").GetArray())
    core.params.push_back(parameter_of(core, p));
  std::uint32_t index = 0;
  for (const Json& file : field(v, "files").GetArray()) {
    const auto role = static_cast<Role>(field(file, "role").GetUint());
    const auto runs = skeleton_runs(params_of(core, index), {}, files[index].size());
    core.files.push_back({role, Format::raw, files[index].size(), skeleton_hash(role, files[index], runs), {}});
    ++index;
  }
  return core;
}

TEST(Vectors, Lock) {
  for (const Vector& v : vectors_of_kind("lock")) {
    SCOPED_TRACE(v.name);
    RawSet set;
    for (const Json& file : field(v.json, "files").GetArray()) set.files.push_back(data(field(file, "data")));
    const Core core = core_of(v.json, set.files);
    const std::string expected = field(v.json, "class").GetString();
    ASSERT_EQ(locks_anything(core.params) ? "ok" : "nothing-to-lock", expected);
    if (expected != "ok") continue;
    const Sealing sealing = begin_sealing(core, master(v.json));
    const Coverage all{0, static_cast<std::uint32_t>(set.files.size())};
    Bytes tags(16 * covered_chunks(sealing.core, all));
    ASSERT_TRUE(set.run(Pass::lock, sealing.core, sealing.core_hash, all, sealing.keys, tags));
    for (std::size_t i = 0; i < set.files.size(); ++i) expect_result(field(v.json, "locked")[static_cast<unsigned>(i)], set.files[i], "locked file");

    Envelope envelope;
    if (const Json& hint = field(v.json, "hint"); hint.IsString()) envelope.hint = hex_array<8>(hint);
    const Bytes digests = tag_digests(sealing.core, tags);
    unsigned record = 0;
    for (const Json& cover : field(v.json, "cover").GetArray()) {
      const Coverage coverage{cover[0].GetUint(), cover[1].GetUint()};
      const std::size_t first = 16 * covered_chunks(sealing.core, {0, coverage.first});
      const auto covered = std::span(tags).subspan(coverage.first == 0 ? 0 : first, 16 * covered_chunks(sealing.core, coverage));
      const Bytes bytes = finish_sealing(sealing, {coverage, field(v.json, "slot_length").GetUint(), envelope}, digests, covered);
      expect_result(field(v.json, "records")[record++], bytes, "record");
    }
  }
}

// Steps 2 to 8 over raw files. On success the files are plain.
Result<std::map<std::uint32_t, Bytes>> open_raw(const Json& v, bool decoy) {
  const Bytes record_bytes = data(field(v, "record"));
  std::map<std::uint32_t, Bytes> given;
  for (const auto& file : field(v, "files").GetObject()) given.emplace(std::stoul(file.name.GetString()), data(file.value));
  RawSet set;
  std::vector<std::uint64_t> lengths;
  for (const auto& [index, bytes] : given) {
    set.files.push_back(bytes);
    lengths.push_back(bytes.size());
  }
  const auto keyed = open_record(record_bytes, master(v), decoy, lengths);
  if (!keyed) return keyed.error();
  const Record& record = keyed->record;
  std::vector<formats::MemorySource> sources(set.files.begin(), set.files.end());
  Restored restored;
  for (const formats::MemorySource& source : sources) restored.files.push_back(&source);
  if (const auto opened = open_files(*keyed, restored, nullptr); !opened) return opened.error();
  Demands demands;
  if (v.HasMember("expect") && v["expect"].HasMember("lock_id")) demands.lock_id = hex_array<16>(v["expect"]["lock_id"]);
  if (v.HasMember("expect") && v["expect"].HasMember("family"))
    demands.least_family = Family{hex_array<16>(v["expect"]["family"][0]), v["expect"]["family"][1].GetUint64()};
  if (const auto met = check_demands(record, demands); !met) return met.error();
  Bytes tags(record.tags.begin(), record.tags.end());
  const auto done = set.run(keyed->fits ? Pass::unlock : Pass::decoy, record.core, record.core_hash, record.coverage, keyed->keys, tags);
  if (!done) return done.error();
  std::map<std::uint32_t, Bytes> plain;
  for (std::uint32_t i = 0; i < record.coverage.count; ++i) plain.emplace(record.coverage.first + i, set.files[i]);
  return plain;
}

void run_open_vectors(const char* kind, bool decoy) {
  for (const Vector& v : vectors_of_kind(kind)) {
    SCOPED_TRACE(v.name);
    const auto plain = open_raw(v.json, decoy);
    EXPECT_EQ(class_of(plain), field(v.json, "class").GetString()) << (plain ? "" : plain.error().message);
    if (!plain || std::string(field(v.json, "class").GetString()) != "ok") continue;
    EXPECT_EQ(plain->size(), field(v.json, "plain").MemberCount());
    for (const auto& [index, bytes] : *plain) expect_result(field(field(v.json, "plain"), std::to_string(index).c_str()), bytes, "plain file");
  }
}

TEST(Vectors, Open) { run_open_vectors("open", false); }
TEST(Vectors, Decoy) { run_open_vectors("decoy", true); }

}  // namespace
}  // namespace nnlock::lock
