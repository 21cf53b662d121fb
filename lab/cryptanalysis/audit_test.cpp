// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/audit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/two_time_pad/versions.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

const char* const kModel = "examples/models/fashion_int8.tflite";

Audit audit_of(const Bytes& file, const AuditOptions& options = {.seconds = 0}) {
  const TemporaryFolder folder;
  write_file(folder.path() / "model.tflite", file);
  return audit(folder.path() / "model.tflite", options, [](const std::string&) {});
}

Bytes locked(const std::string& scheme, const Bytes& model = model_file(kModel)) {
  Random random(1, "key");
  const auto lock = file_scheme_named(scheme);
  return lock->lock(model, random_key(lock->info().key_bits, random), 1);
}

// With a dead channel: weights of nothing but zeros.
Bytes with_zeros() {
  Bytes model = model_file(kModel);
  const auto spans = parameters_of(model);
  const auto largest = std::max_element(spans.begin(), spans.end(), [](const ParamSpan& a, const ParamSpan& b) { return a.length < b.length; });
  std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(largest->offset) + 1000, 200, std::byte{0});
  return model;
}

bool says(const Audit& audit, const std::string& line) { return text_of(audit).find(line) != std::string::npos; }

TEST(Audit, PublishedLockIsBrokenAndTheModelComesOut) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) {
    const Audit result = audit_of(locked(scheme, with_zeros()));
    const std::string bits = std::string(scheme).substr(12);
    EXPECT_EQ(result.scheme, "published");
    EXPECT_TRUE(says(result, "Recognised  no record, and parameters that look random (")) << text_of(result);
    EXPECT_TRUE(says(result, "known plaintext (zeros, ones), AES-" + bits + ": MASTER KEY FOUND (zeros in ")) << text_of(result);
    EXPECT_TRUE(says(result, "\nVerdict     BROKEN\n")) << text_of(result);
    EXPECT_TRUE(says(result, "\n            master key ")) << text_of(result);
    EXPECT_TRUE(says(result, "\nNext        Lock the plain model anew with `nnlock lock` and a new key.\n")) << text_of(result);
    ASSERT_TRUE(result.unlocked);
    EXPECT_EQ(*result.unlocked, with_zeros());
  }
}

TEST(Audit, PublicBaseHelps) {
  const TemporaryFolder folder;
  write_file(folder.path() / "base.tflite", fine_tuned(model_file(kModel), {}, Random(1, "base")));
  const Audit result = audit_of(locked("nnlock-2022-128"), {.seconds = 0, .bases = {folder.path() / "base.tflite"}});
  EXPECT_TRUE(says(result, "known plaintext (base.tflite), AES-128: MASTER KEY FOUND (as in the public base in ")) << text_of(result);
  ASSERT_TRUE(result.unlocked);
  EXPECT_EQ(*result.unlocked, model_file(kModel));
}

TEST(Audit, ShortPeriodIsBrokenToo) {
  const Audit result = audit_of(locked("period-256"));
  EXPECT_TRUE(says(result, "period of the key stream: period 256: ITS BYTES WERE FOUND")) << text_of(result);
  EXPECT_EQ(result.verdict, Audited::broken);
  EXPECT_FALSE(result.key);
}

TEST(Audit, NnlockV1IsNotBroken) {
  const Audit result = audit_of(locked("nnlock-v1"));
  EXPECT_TRUE(says(result, "Recognised  record of nnlock-v1, suite AES-256, 10 tags; layouts bytes 5 range 5\n")) << text_of(result);
  EXPECT_TRUE(says(result, "statistics of locked bytes: 8.00")) << text_of(result);
  EXPECT_TRUE(says(result, "known plaintext (zeros, ones), AES-256: no guess held")) << text_of(result);
  EXPECT_TRUE(says(result, "\nVerdict     NOT BROKEN BY THESE ATTACKS\n")) << text_of(result);
  EXPECT_FALSE(result.unlocked);
}

TEST(Audit, PlainModelIsNotLocked) {
  const Audit result = audit_of(model_file(kModel));
  EXPECT_TRUE(result.steps.empty());
  EXPECT_TRUE(says(result, "\nVerdict     NOT LOCKED\n            Whoever has this file has the model.\n")) << text_of(result);
}

// Random bytes in place of the weights: a lock that is not here. What there was no time for is said.
TEST(Audit, SaysWhatWasNotTried) {
  Bytes file = model_file(kModel);
  Random random(1, "a one-time pad");
  for (const ParamSpan& span : parameters_of(file))
    for (std::uint64_t i = 0; i < span.length; ++i) file[span.offset + i] = static_cast<std::byte>(random.below(256));
  const Audit result = audit_of(file);
  EXPECT_TRUE(says(result, "ciphertext only, AES-128: not tried: the time was spent\n")) << text_of(result);
  EXPECT_TRUE(says(result, "NOT BROKEN BY THESE ATTACKS\n            Not everything was tried. Nothing authenticates this file")) << text_of(result);
}

TEST(Audit, JsonHasTheSame) {
  const Json json = to_json(audit_of(locked("nnlock-2022-128", with_zeros())));
  EXPECT_EQ(json.at("verdict").string(), "BROKEN");
  EXPECT_EQ(json.at("scheme").string(), "published");
  EXPECT_EQ(json.at("master_key").string().size(), 32u);
  EXPECT_EQ(json.at("steps").size(), 1u);
  EXPECT_TRUE(to_json(audit_of(locked("nnlock-v1"))).at("master_key").is_null());
}

TEST(Audit, AFileThatNoCodecReadsIsAnError) {
  EXPECT_THROW(audit_of(Bytes(1000)), Failure);
  EXPECT_THROW(audit("no/such/file.tflite", {}, [](const std::string&) {}), Failure);
}

}  // namespace
}  // namespace nnlock::lab
