// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/malleability/flips.hpp"
#include "lab/failure.hpp"
#include "lab/report/page.hpp"
#include "lab/report/record_set.hpp"
#include "lab/schemes/lock_file.hpp"

namespace nnlock::lab {
namespace {

const char* const kModel = "examples/models/fashion_int8.tflite";

RecordSet run(const std::string& scheme) {
  const TemporaryFolder folder;
  run_analysis({.attack = "tampering", .scheme = scheme, .file = kModel, .effort = Effort::smoke}, folder.path(), [](const std::string&) {});
  return RecordSet::read(folder.path());
}

TEST(Flips, TurnOverTheChosenBitsOfAWeightAndNothingElse) {
  const auto scheme = file_scheme_named("nnlock-2022-256");
  Random random(1, "key");
  const Key key = random_key(256, random);
  Bytes plain = model_file(kModel), locked = scheme->lock(plain, key, 1);
  const std::uint64_t place = stored_parameters(locked).front().offset + 3;
  apply({place, 0x81}, locked);
  plain[place] ^= std::byte{0x81};
  EXPECT_EQ(scheme->unlock(locked, key), plain);
}

TEST(Flips, KnowWhatEachByteIs) {
  Random random(1, "key");
  const Bytes plain = model_file(kModel), locked = file_scheme_named("nnlock-v1")->lock(plain, random_key(256, random), 1);
  const auto regions = regions_of(locked);
  std::uint64_t parameter_bytes = 0;
  for (const ParamSpan& span : parameters_of(plain)) parameter_bytes += span.length;
  const auto count = [&](Region region) { return static_cast<std::uint64_t>(std::count(regions.begin(), regions.end(), region)); };
  EXPECT_EQ(count(Region::parameters), parameter_bytes);
  EXPECT_EQ(count(Region::record), locked.size() - plain.size());
  EXPECT_EQ(count(Region::structure), plain.size() - parameter_bytes);
}

TEST(UncheckedUnlock, IsTheUnlockWhereNothingWasChanged) {
  Random random(1, "key");
  const Key key = random_key(256, random);
  const Bytes plain = model_file(kModel), locked = lock_model(plain, key, 1);
  EXPECT_EQ(unlock_unchecked(locked, key), plain);
  EXPECT_THROW(unlock_unchecked(plain, key), Failure);
}

TEST(Tampering, GoesUnseenInThePublishedLockAndIsRefusedByThisOne) {
  const RecordSet published = run("nnlock-2022-128"), ours = run("nnlock-v1");
  const Record &broken = published.all().at(0), &held = ours.all().at(0);
  EXPECT_EQ(broken.text("outcome.opened.0.region"), "parameters");
  EXPECT_EQ(broken.number("outcome.opened.0.as_chosen"), 40);
  ASSERT_EQ(held.size("outcome.opened"), 3u);
  for (const char* region : {"0", "1", "2"}) EXPECT_EQ(held.number(std::string("outcome.opened.") + region + ".refused"), 40) << region;
  EXPECT_GT(held.number("outcome.unauthenticated.0.as_chosen"), 30);  // the positive control: it is the tags that refuse
  Page page("REPORT.md", ".");
  analysis_named("tampering")->report(ours, page);
  EXPECT_NE(page.text().find("| nnlock-v1 | fashion_int8 | record | 40 | 40 | 0 | 0 |"), std::string::npos) << page.text();
}

}  // namespace
}  // namespace nnlock::lab
