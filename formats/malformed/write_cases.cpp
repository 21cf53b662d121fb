// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// malformed_cases DIR: writes each case of each matrix into DIR/MATRIX/CASE, the right model into DIR/MATRIX/good, and beside
// the files of each an expected.json with what must be said of them. For tests of the program, and as seeds of fuzzing.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char code[8];
    std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned char>(c));
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    out += plain ? std::string(1, c) : std::string(code);  // bytes beyond ASCII as Latin-1
  }
  return out + '"';
}

bool write(const fs::path& path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(out.flush());
}

bool write(const fs::path& folder, const std::vector<NamedFile>& files, const std::string& expected) {
  fs::create_directories(folder);
  bool written = write(folder / "expected.json", std::as_bytes(std::span(expected)));
  for (const NamedFile& file : files) {
    fs::create_directories((folder / file.name).parent_path());
    written = written && write(folder / file.name, file.bytes);
  }
  return written;
}

// What the program says: the case's own error, or that no format knows the file.
std::string expected(const Matrix& matrix, const Case& item) {
  const auto codec = detect(MemorySource(item.files.front().bytes));
  const bool known = codec && *codec == matrix.codec;
  return "{\"main\": " + quoted(item.files.front().name) + ", \"message\": " + quoted(known ? item.message : codec ? "" : codec.error().message) +
         ", \"tensor\": " + quoted(known ? item.tensor : "") + ", \"offset\": " + (known && item.has_offset ? "true" : "false") +
         ", \"exit_code\": " + (known && item.code == ErrorCode::bad_record ? "4" : "5") + "}\n";
}

bool write(const fs::path& root, const Matrix& matrix) {
  const fs::path folder = root / matrix.name();
  bool written = write(folder / "good", matrix.good, "{\"main\": " + quoted(matrix.good.front().name) + ", \"exit_code\": 0}\n");
  for (const Case& item : matrix.cases) written = written && write(folder / item.name, item.files, expected(matrix, item));
  return written;
}

}  // namespace
}  // namespace nnlock::formats::malformed

int main(int argc, char** argv) {
  namespace malformed = nnlock::formats::malformed;
  if (argc != 2) return std::fprintf(stderr, "usage: malformed_cases DIR\n"), 2;
  for (const malformed::Matrix& matrix : malformed::matrices())
    if (!malformed::write(argv[1], matrix)) return std::fprintf(stderr, "cannot write into %s\n", argv[1]), 1;
  return 0;
}
