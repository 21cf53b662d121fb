// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// NAME_replay DIR...: gives every file of the folders to a fuzz target, without libFuzzer. A folder that is empty or absent fails.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: replay DIR...\n"), 2;
  for (int i = 1; i < argc; ++i) {
    std::size_t inputs = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], none)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
    std::printf("%zu inputs of %s\n", inputs, argv[i]);
    if (inputs == 0) return std::fprintf(stderr, "no corpus in %s\n", argv[i]), 1;
  }
  return 0;
}
