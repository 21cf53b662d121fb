// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/record.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "lab/failure.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

const Cell kCell{.attack = "wrong-keys", .dataset = "mnist", .model = "mlp", .scheme = "nnlock-v1", .effort = Effort::smoke, .with = {{"keys", "4"}, {"networks", "4"}}};

rapidjson::Document record_in(const Path& file) {
  const Bytes bytes = read_file(file);
  rapidjson::Document record;
  record.Parse(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return record;
}

TEST(RunCell, WritesOneRecordAndLeavesItAlone) {
  const TemporaryFolder folder;
  write_stripes(folder.path() / "mnist", 1000, 1000);
  const Places places{.data = folder.path(), .cache = folder.path() / "cache", .records = folder.path() / "records"};
  EXPECT_TRUE(run_cell(kCell, places, quiet));
  const Path file = record_of(kCell, places.records);
  const auto first = read_file(file);
  const auto record = record_in(file);
  ASSERT_TRUE(record.IsObject());
  for (const char* member : {"record", "attack", "target", "seed", "test_images", "outcome", "used", "command", "commit", "date"})
    EXPECT_TRUE(record.HasMember(member)) << member;
  EXPECT_EQ(record["command"].GetString(), kCell.command());
  EXPECT_GT(record["outcome"]["right_key"]["accuracy"].GetDouble(), 0.9);
  EXPECT_LT(record["outcome"]["random_keys"]["accuracy"]["mean"].GetDouble(), 0.5);

  EXPECT_FALSE(run_cell(kCell, places, quiet));  // it is there
  EXPECT_EQ(read_file(file), first);

  // Run again from the cached weights: the same outcome to the last digit.
  std::filesystem::remove(file);
  EXPECT_TRUE(run_cell(kCell, places, quiet));
  EXPECT_TRUE(record_in(file)["outcome"] == record["outcome"]);
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) EXPECT_EQ(entry.path().extension(), ".json");
}

TEST(RunCell, RefusesATargetThatDoesNotFit) {
  const TemporaryFolder folder;
  write_stripes(folder.path() / "mnist", 100, 1000);
  Cell cell = kCell;
  cell.model = "lenet5";
  cell.scheme = "hpnn-256";
  const Places places{.data = folder.path(), .cache = folder.path() / "cache", .records = folder.path() / "records"};
  EXPECT_THROW(run_cell(cell, places, quiet), Failure);
  EXPECT_FALSE(std::filesystem::exists(places.records));
}

}  // namespace
}  // namespace nnlock::lab
