// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/sbox/section.hpp"

#include <gtest/gtest.h>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

void run(const std::string& sbox, const Path& records) {
  run_analysis({.attack = "sbox-criteria", .scheme = "nnlock-2022-128", .with = {{"sbox", sbox}}}, records, [](const std::string&) {});
}

// The figures of the literature for AES's box and its inverse, and those of PRESENT's.
TEST(SboxSection, SaysWhatTheLiteratureSays) {
  const TemporaryFolder folder;
  for (const char* sbox : {"aes", "aes-inverse", "present"}) run(sbox, folder.path());
  Page page(folder.path() / "REPORT.md", folder.path());
  report_sbox(RecordSet::read(folder.path()), page);
  for (const char* line : {"| criterion | `aes` | `aes-inverse` | `present` |",
                           "| nonlinearity, least of all components | 112 | 112 | 4 |",
                           "| differential uniformity | 4 of 256 = 0.015625 | 4 of 256 = 0.015625 | 4 of 16 = 0.250000 |",
                           "| largest linear bias | 16 of 256 = 0.062500 | 16 of 256 = 0.062500 | 4 of 16 = 0.250000 |",
                           "| strict avalanche, mean (least to greatest) | 0.50488 (0.4531 to 0.5625) | 0.50439 (0.4375 to 0.5625) |",
                           "| bit independence, nonlinearity | 112 | 112 | 4 |",
                           "| bit independence, avalanche | 0.50460 (0.4805 to 0.5254) | 0.50614 (0.4863 to 0.5293) |",
                           "| algebraic degree, least of all components | 7 | 7 | 2 |",
                           "| boomerang uniformity | 6 | 6 | 16 |",
                           "| fixed points | 0 | 0 | 0 |",
                           "| opposite points | 0 | 0 | 1 |",
                           "| lengths of cycles | 2, 27, 59, 81, 87 | 2, 27, 59, 81, 87 |"})
    EXPECT_NE(page.text().find(line), std::string::npos) << line << "\nis not in\n" << page.text();
}

TEST(SboxSection, RecordsKeepEachFigure) {
  const TemporaryFolder folder;
  run("present", folder.path());
  const Record record = RecordSet::read(folder.path()).all().at(0);
  EXPECT_EQ(to_json(sbox_criteria_of(record)).text(), to_json(sbox_criteria(sbox_named("present"))).text());
}

TEST(SboxSection, PrintsEachCriterionOnALine) {
  std::vector<std::uint8_t> identity(256);
  for (unsigned i = 0; i < 256; ++i) identity[i] = static_cast<std::uint8_t>(i);
  const std::string text = described(sbox_criteria(identity));
  EXPECT_NE(text.find("nonlinearity, least of all components       0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("lengths of cycles                           256 x 1\n"), std::string::npos) << text;
}

TEST(SboxSection, NoRecordOfAUsersFile) {
  const TemporaryFolder folder;
  EXPECT_THROW(run("my-box.bin", folder.path()), Failure);
}

}  // namespace
}  // namespace nnlock::lab
