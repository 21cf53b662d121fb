// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Files locked by earlier releases open for ever (tests/golden).

#include <gtest/gtest.h>
#include <stdlib.h>

#include "kernels/kernel.hpp"
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
  }
  return manifest.Size();
}

TEST(Golden, FilesOfEveryReleaseOpenWithEveryKernel) {
  const auto root = std::filesystem::path(std::getenv("NNLOCK_SOURCE_DIR")) / "tests/golden";
  std::size_t files = 0, kernels_used = 0;
  for (const auto suite : {kernels::Suite::aes256, kernels::Suite::chacha20})
    for (const kernels::Kernel* kernel : kernels::compiled(suite)) {
      if (!kernels::runnable(*kernel)) continue;
      SCOPED_TRACE(kernel->name);
      ::setenv("NNLOCK_KERNEL", kernel->name, 1);
      ++kernels_used;
      for (const auto& release : std::filesystem::directory_iterator(root))
        if (release.is_directory()) files += open_release(release.path());
    }
  ::unsetenv("NNLOCK_KERNEL");
  EXPECT_GE(kernels_used, 2U);
  EXPECT_GE(files, 9 * kernels_used);
}

}  // namespace
}  // namespace nnlock::lock
