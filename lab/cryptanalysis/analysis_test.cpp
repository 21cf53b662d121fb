// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/analysis.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "lab/cryptanalysis/bfloat16.hpp"
#include "lab/failure.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {
namespace {

const char* const kModel = "examples/models/fashion_int8.tflite";

Record run(const std::string& attack, const std::string& scheme, std::map<std::string, std::string> with = {}) {
  const TemporaryFolder folder;
  const Cell cell{.attack = attack, .scheme = scheme, .file = kModel, .effort = Effort::smoke, .with = std::move(with)};
  EXPECT_TRUE(run_analysis(cell, folder.path(), [](const std::string&) {}));
  EXPECT_FALSE(run_analysis(cell, folder.path(), [](const std::string&) {}));  // there already
  return RecordSet::read(folder.path()).all().at(0);
}

TEST(Analysis, RecordSaysWhatWasAttacked) {
  const Record record = run("known-plaintext", "nnlock-2022-128");
  EXPECT_EQ(record.model(), "fashion_int8");
  EXPECT_EQ(record.text("target.file"), kModel);
  EXPECT_EQ(record.text("command"), "nnlock-lab run --attack known-plaintext --file examples/models/fashion_int8.tflite --scheme nnlock-2022-128 --seed 1 --effort smoke");
}

TEST(Analysis, ARecordStaysInTheFolderOfItsAttack) {
  const Cell cell{.attack = "known-plaintext", .scheme = "nnlock-v1", .file = kModel, .with = {{"base", "tflite/other.tflite"}}};
  EXPECT_EQ(cell.name(), "known-plaintext/fashion_int8-nnlock-v1-s1-base=tflite_other.tflite");
  EXPECT_TRUE(cell.command().ends_with("--with base=tflite/other.tflite"));
}

TEST(Analysis, RefusesThePlainModelUnderAttack) {
  const auto scheme = file_scheme_named("nnlock-2022-128");
  EXPECT_THROW(Analyst(*scheme, {}, kModel, 1).other_model(kModel), std::logic_error);
  EXPECT_FALSE(Analyst(*scheme, {}, kModel, 1).other_model("examples/models/fashion_float32.onnx").empty());
}

TEST(Analysis, ASafetensorsFileBecomesBfloat16) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"n":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}})";
  const std::uint64_t length = header.size();
  const float values[] = {1.0f, -2.00390625f};  // the second lies halfway between two bfloat16s
  const std::int32_t whole = 7;
  Bytes file(8);
  std::memcpy(file.data(), &length, 8);
  append(file, bytes_of(header));
  append(file, std::as_bytes(std::span(values)));
  append(file, std::as_bytes(std::span(&whole, 1)));
  const Bytes made = as_bfloat16(file);
  const auto spans = parameters_of(made);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].dtype, Dtype::bf16);
  const std::uint8_t expected[] = {0x80, 0x3f, 0x00, 0xc0, 7, 0, 0, 0};
  EXPECT_EQ(std::memcmp(made.data() + spans[0].offset, expected, sizeof expected), 0);
  EXPECT_THROW(as_bfloat16(Bytes(4)), Failure);
}

// Ours: each record says why the attack stopped. The published lock, or a control: nothing stopped it.
TEST(Analysis, RecordsSayWhyTheyStopped) {
  for (const char* attack : {"avalanche", "short-period", "statistics", "tampering", "two-time-pad"}) EXPECT_FALSE(run(attack, "nnlock-v1").text("outcome.why").empty()) << attack;
  for (const char* attack : {"avalanche", "tampering", "two-time-pad"}) EXPECT_EQ(run(attack, "nnlock-2022-128").find("outcome.why"), nullptr) << attack;
  for (const char* attack : {"short-period", "statistics"}) EXPECT_EQ(run(attack, "period-176").find("outcome.why"), nullptr) << attack;
}

TEST(Analysis, UnknownNamesAreErrors) {
  EXPECT_EQ(analysis_named("no-such"), nullptr);
  EXPECT_THROW(file_scheme_named("no-such"), Failure);
  EXPECT_THROW(model_file("no/such.tflite"), Failure);
}

class EachFileScheme : public testing::TestWithParam<std::string> {};

TEST_P(EachFileScheme, RightKeyGivesTheFileBack) {
  const auto scheme = file_scheme_named(GetParam());
  Random random(1, "key");
  const Key key = random_key(scheme->info().key_bits, random);
  const Bytes plain = model_file(kModel), locked = scheme->lock(plain, key, 1);
  EXPECT_NE(locked, plain);
  EXPECT_EQ(scheme->unlock(locked, key), plain);
  const Key wrong = key_at_distance(key, 1, random);
  if (scheme->info().authenticated) EXPECT_THROW(scheme->unlock(locked, wrong), Failure);
  else EXPECT_NE(scheme->unlock(locked, wrong), plain);
}
INSTANTIATE_TEST_SUITE_P(Schemes, EachFileScheme, testing::ValuesIn(file_scheme_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// A record in the header of a safetensors file moves what comes after it.
TEST(MaskedStream, PassesARecordOver) {
  std::string header = R"({"w":{"dtype":"F32","shape":[40],"data_offsets":[0,160]}})";
  header.resize(64, ' ');
  Bytes plain(8);
  plain[0] = std::byte{64};
  append(plain, bytes_of(header));
  for (int i = 0; i < 160; ++i) plain.push_back(static_cast<std::byte>(i % 4 == 3 ? 0x3f : i));
  Random random(1, "key");
  for (const Bytes& model : {plain, model_file(kModel)}) {
    EXPECT_EQ(without_record(model), model);
    const Bytes locked = without_record(file_scheme_named("nnlock-v1")->lock(model, random_key(256, random), 1));
    ASSERT_EQ(locked.size(), model.size());
    Bytes with_locked_weights = model;
    for (const ParamSpan& span : parameters_of(model))
      std::copy_n(locked.begin() + static_cast<std::ptrdiff_t>(span.offset), span.length, with_locked_weights.begin() + static_cast<std::ptrdiff_t>(span.offset));
    EXPECT_NE(locked, model);
    EXPECT_EQ(with_locked_weights, locked);  // nothing else differs
  }
}

TEST(KnownPlaintext, ALayerOfAPublicBaseBreaksThePublishedLockAndNotThisOne) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) {
    EXPECT_TRUE(run("known-plaintext", scheme, {{"base", "made"}}).at("outcome.unlocks").flag()) << scheme;
    EXPECT_FALSE(run("known-plaintext", scheme).at("outcome.key_found").flag()) << scheme;  // the fixture has no run of 32 zeros
  }
  EXPECT_FALSE(run("known-plaintext", "nnlock-v1", {{"base", "made"}}).at("outcome.key_found").flag());
}

// 32 bits given: the search of 2^24 states a strand takes a second; without them it is the same search of 2^32.
TEST(CiphertextOnly, BreaksThePublishedLockAndNotThisOne) {
  const Record published = run("ciphertext-only", "nnlock-2022-128");
  EXPECT_TRUE(published.at("outcome.unlocks").flag());
  EXPECT_EQ(published.number("outcome.given_bits"), 32);
  EXPECT_FALSE(run("ciphertext-only", "nnlock-v1").at("outcome.key_found").flag());
  const Record wide = run("ciphertext-only", "nnlock-2022-256", {{"log2_nodes", "20"}});  // no stretch of the fixture is narrow enough
  EXPECT_FALSE(wide.at("outcome.key_found").flag());
  EXPECT_FALSE(wide.at("outcome.complete").flag());
  EXPECT_EQ(wide.text("outcome.why"), "the budget of nodes was spent");
}

TEST(CiphertextOnly, ReportsWhatFellAndWhyTheRestDidNot) {
  const RecordSet records({run("ciphertext-only", "nnlock-2022-128"), run("ciphertext-only", "nnlock-v1")});
  Page page("REPORT.md", "records");
  analysis_named("ciphertext-only")->report(records, page);
  EXPECT_NE(page.text().find("| nnlock-v1 | fashion_int8 |"), std::string::npos);
  EXPECT_NE(page.text().find("`nnlock-v1`, fashion_int8: in none of the attempts"), std::string::npos);
  const auto findings = analysis_named("ciphertext-only")->findings(records, page);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].verdict, Verdict::differs);  // nnlock-2022-128
  EXPECT_EQ(findings[1].verdict, Verdict::agrees);   // nnlock-v1
}

}  // namespace
}  // namespace nnlock::lab
