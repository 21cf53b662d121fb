// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Files locked by earlier releases open for ever (tests/golden).

#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"
#include "lock/lock_with_id.hpp"
#include "lock/vectors_testing.hpp"

namespace nnlock::lock {
namespace {

rapidjson::Document read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  rapidjson::Document json;
  json.Parse(text.c_str());
  return json;
}

// The layouts of the parameters are those that the release chose; the first release had none to choose.
void expect_layouts(const std::string& path, const Json& entry) {
  std::set<std::string> expected, found;
  if (entry.HasMember("layouts"))
    for (const Json& layout : field(entry, "layouts").GetArray()) expected.insert(layout.GetString());
  const auto info = inspect_file(path);
  ASSERT_TRUE(info) << info.error().message;
  for (const TensorInfo& t : info->params) found.insert(t.layout);
  if (entry.HasMember("layouts")) {
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(found.contains("finite") && found.contains("range"));
  } else {
    EXPECT_FALSE(found.contains("finite") || found.contains("range"));
  }
}

// Opens every file of one release with the kernels now in force; returns how many there were.
std::size_t open_release(const std::filesystem::path& folder) {
  const auto key = MasterKey::read_file((folder / "key").string());
  EXPECT_TRUE(key);
  const auto manifest = read_json(folder / "manifest.json");
  if (!key || !manifest.IsArray()) return 0;
  for (const Json& entry : manifest.GetArray()) {
    const std::string file = field(entry, "file").GetString();
    SCOPED_TRACE(file);
    const auto opened = unlock_to_memory(*key, (folder / file).string(), {});
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) continue;
    EXPECT_EQ(sha256(opened->bytes()), hex_array<32>(field(entry, "plain_sha256")));
    expect_layouts((folder / file).string(), entry);
  }
  return manifest.Size();
}

// The same for models of every format, of which some have several files; returns how many files came back.
std::size_t open_models(const std::filesystem::path& folder) {
  const auto key = MasterKey::read_file((folder / "key").string());
  const auto manifest = read_json(folder / "models.json");
  if (!key || !manifest.IsArray()) return 0;
  std::size_t files = 0;
  for (const Json& entry : manifest.GetArray()) {
    const std::filesystem::path main = field(entry, "main").GetString();
    SCOPED_TRACE(main);
    const Scratch scratch;
    const auto unlocked = unlock_file(*key, (folder / main).string(), scratch.file(main.filename()), {});
    EXPECT_TRUE(unlocked) << unlocked.error().message;
    for (const auto& file : field(entry, "plain_sha256").GetObject()) {
      EXPECT_EQ(sha256(scratch.read(file.name.GetString())), hex_array<32>(file.value)) << file.name.GetString();
      ++files;
    }
  }
  return files;
}

TEST(Golden, FilesOfEveryReleaseOpenWithEveryKernel) {
  const auto root = source_dir() / "tests/golden";
  std::size_t files = 0, models = 0, choices = 0;
  for (const auto suite : {kernels::Suite::aes256, kernels::Suite::chacha20})
    for (const kernels::Kernel* kernel : kernels::compiled(suite))
      for (const kernels::NumberKernel* numbers : kernels::compiled_numbers()) {
        if (!kernels::runnable(*kernel) || !kernels::runnable(*numbers)) continue;
        const std::string names = std::string(kernel->name) + "," + numbers->name;
        SCOPED_TRACE(names);
        ::setenv("NNLOCK_KERNEL", names.c_str(), 1);
        ++choices;
        for (const auto& release : std::filesystem::directory_iterator(root))
          if (std::filesystem::exists(release.path() / "models.json")) models += open_models(release.path());
          else if (release.is_directory()) files += open_release(release.path());
      }
  ::unsetenv("NNLOCK_KERNEL");
  EXPECT_GE(choices, 2U);
  EXPECT_GE(files, 18 * choices);
  EXPECT_GE(models, 18 * choices);
}

// What make_golden.py gave the program for the variants that are locked again.
LockOptions options_of(const std::string& variant) {
  LockOptions options{.layout = LayoutChoice::bytes};
  if (variant == "chacha20-chunk64k-hint") {
    options.suite = Suite::chacha20;
    options.chunk_log2 = 16;
    options.fingerprint_hint = true;
  }
  return options;
}

// Layout `bytes` is what version 0.1 did, bit for bit: its files, unlocked and locked again under their lock id, are the same.
TEST(Golden, LayoutBytesWritesTheFilesOfTheFirstRelease) {
  const auto folder = source_dir() / "tests/golden/v0.1";
  const auto key = MasterKey::read_file((folder / "key").string());
  ASSERT_TRUE(key);
  std::size_t files = 0;
  const auto manifest = read_json(folder / "manifest.json");
  for (const Json& entry : manifest.GetArray()) {
    const std::string file = field(entry, "file").GetString(), variant = file.substr(0, file.find('.'));
    if (variant == "sidecar-family-excluded") continue;  // options that do not touch layouts
    SCOPED_TRACE(file);
    const auto info = inspect_file((folder / file).string());
    const auto plain = unlock_to_memory(*key, (folder / file).string(), {});
    ASSERT_TRUE(info && plain);
    const Scratch scratch;
    const auto again = lock_with_id(*key, scratch.write("plain", copy_of(*plain)), scratch.file("again"), options_of(variant), info->record->lock_id);
    ASSERT_TRUE(again) << again.error().message;
    std::ifstream in(folder / file, std::ios::binary);
    const std::string golden{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    EXPECT_EQ(scratch.read("again"), to_bytes(golden));
    ++files;
  }
  EXPECT_EQ(files, 6U);
}

}  // namespace
}  // namespace nnlock::lock
