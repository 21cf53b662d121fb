// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Key files (key-file-v1). More cases stand in spec/vectors.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "nnlock/keys.hpp"

namespace nnlock {
namespace {

class KeyFile : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path); }
  void TearDown() override { std::filesystem::remove(path); }
  std::string text() const {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  std::string path = (std::filesystem::temp_directory_path() / ("nnlock-key-" + std::to_string(::getpid()))).string();
};

TEST_F(KeyFile, WritesAndReads) {
  const auto key = MasterKey::generate();
  ASSERT_TRUE(key);
  ASSERT_TRUE(key->write_file(path, "2026-01-01"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  bool loose = true;
  const auto back = MasterKey::read_file(path, &loose);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_FALSE(loose);
  EXPECT_EQ(back->fingerprint(), key->fingerprint());
  EXPECT_TRUE(std::equal(back->secret().reveal().begin(), back->secret().reveal().end(), key->secret().reveal().begin()));
  ::chmod(path.c_str(), 0644);
  ASSERT_TRUE(MasterKey::read_file(path, &loose));
  EXPECT_TRUE(loose);
}

TEST_F(KeyFile, NeverOverwrites) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(MasterKey::generate()->write_file(path, "").error().code, ErrorCode::usage);
  EXPECT_EQ(text(), "precious");
}

TEST_F(KeyFile, WhatIsSavedCanBeReadAgain) {
  for (const std::string& created : {std::string("x\nNNLOCK-MASTER-KEY-1QQ"), std::string("\xc3\xa9"), std::string("x\r"), std::string(5000, 'y'),
                                     std::string("\n# fingerprint: 0000-0000-0000-0000")}) {
    EXPECT_EQ(MasterKey::generate()->write_file(path, created).error().code, ErrorCode::usage);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  ASSERT_TRUE(MasterKey::generate()->write_file(path, std::string(200, '#')));
  EXPECT_TRUE(MasterKey::read_file(path));
}

TEST_F(KeyFile, TwoKeysDiffer) { EXPECT_NE(MasterKey::generate()->fingerprint(), MasterKey::generate()->fingerprint()); }

TEST_F(KeyFile, OneKeyLineAndTextOnly) {
  ASSERT_TRUE(MasterKey::generate()->write_file(path, "now"));
  const std::string good = text();
  const std::string line = good.substr(good.find("NNLOCK-"));
  EXPECT_TRUE(MasterKey::parse(good));
  EXPECT_TRUE(MasterKey::parse(line));
  EXPECT_TRUE(MasterKey::parse("\n\n# hello\n" + line + "\n"));
  EXPECT_TRUE(MasterKey::parse(line.substr(0, 77)));
  for (const std::string& bad : {std::string(), std::string("# only a comment\n"), line + line, good + good, " " + line, line.substr(0, 77) + " \n",
                                 line.substr(0, 77) + "\r\n", "\t\n" + line, std::string("\xef\xbb\xbf") + line, line + std::string(4096, '\n'),
                                 "# fingerprint: 0000-0000-0000-0000\n" + line, "# fingerprint: \n" + line, line + '\0'}) {
    const auto key = MasterKey::parse(bad);
    ASSERT_FALSE(key) << bad.substr(0, 40);
    EXPECT_EQ(key.error().code, ErrorCode::bad_key_file);
  }
}

TEST_F(KeyFile, ErrorsNeverHoldTheKey) {
  ASSERT_TRUE(MasterKey::generate()->write_file(path, "now"));
  std::string changed = text();
  changed[changed.size() - 20] = changed[changed.size() - 20] == 'Q' ? 'P' : 'Q';
  const auto key = MasterKey::parse(changed);
  ASSERT_FALSE(key);
  const std::string secret = changed.substr(changed.find("KEY-1") + 5, 12);
  EXPECT_EQ((key.error().message + key.error().hint).find(secret), std::string::npos);
}

TEST_F(KeyFile, UnreadablePaths) {
  EXPECT_EQ(MasterKey::read_file("/").error().code, ErrorCode::io);
  EXPECT_EQ(MasterKey::read_file(path).error().code, ErrorCode::io);
  EXPECT_EQ(MasterKey::generate()->write_file("/no/such/folder/key", "").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace nnlock
