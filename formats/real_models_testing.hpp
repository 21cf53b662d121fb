// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Tests on real models, which belong to others and are not in the repository: NNLOCK_DATA_DIR names their folder.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnlock::formats {

inline std::filesystem::path data_dir() {
  if (const char* named = std::getenv("NNLOCK_DATA_DIR")) return named;
  const char* source = std::getenv("NNLOCK_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared" / "data";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::byte> real_file(const std::string& path) {
  const std::string text = read_file(data_dir() / path);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class RealModels : public testing::Test {
 protected:
  // For SetUp(): where `path` is not in the folder, the test is skipped, and fails in CI.
  static void need(const std::string& path) {
    if (std::filesystem::exists(data_dir() / path)) return;
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << "no " << path << " among the real models: set NNLOCK_DATA_DIR";
    GTEST_SKIP() << "no " << path << " among the real models: set NNLOCK_DATA_DIR to the folder that has it";
  }
};

}  // namespace nnlock::formats
