// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What several commands share.
#include "cli/commands.hpp"

#include <sys/stat.h>

#include "cli/ui.hpp"

namespace nnlock::cli {

Result<MasterKey> read_key(const std::string& path) {
  // The secret itself must not be repeated in a message; it has already stood in the process list.
  if (path.starts_with("NNLOCK-MASTER-KEY-") || path.starts_with("nnlock-master-key-")) {
    return Error{.code = ErrorCode::usage,
                 .message = "-k takes the path of a key file, not the key itself",
                 .hint = "save the key in a file of mode 0600; this key may now stand in your shell history"};
  }
  bool readable_by_others = false;
  Result<MasterKey> key = MasterKey::read_file(path, &readable_by_others);
  if (!key) {
    Error error = key.error();
    if (error.file.empty()) error.file = path;
    return error;
  }
  if (readable_by_others) warn(path + ": group or others may read this key", "chmod 600 " + path);
  return key;
}

Result<void> check_output_name(const std::string& path, std::initializer_list<std::string> kept) {
  if (path == "-") {
    return Error{.code = ErrorCode::usage,
                 .message = "models are not written to standard output",
                 .hint = "name a file with -o; nnlock exec hands a model to a program without a file"};
  }
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    return Error{.code = ErrorCode::usage,
                 .message = "a model is written to a regular file, not to a terminal, pipe or device",
                 .hint = "name a file with -o; nnlock exec hands a model to a program without a file",
                 .file = path};
  }
  for (const std::string& other : kept) {
    struct stat existing {};
    if (stat(other.c_str(), &existing) != 0 || existing.st_dev != info.st_dev ||
        existing.st_ino != info.st_ino)
      continue;
    return Error{.code = ErrorCode::usage,
                 .message = "the output is the key file or the record",
                 .hint = "give another name for the output",
                 .file = path};
  }
  return {};
}

Result<void> check_model_name(const std::string& path) {
  if (path != "-") return {};
  return Error{.code = ErrorCode::usage,
               .message = "models are not read from standard input",
               .hint = "save the model in a file and name it"};
}

std::string files_text(const UnlockReport& report) {
  if (report.set_files <= 1) return {};
  const std::string all = std::to_string(report.set_files) + " files";
  return report.files == report.set_files ? ", " + all : ", " + std::to_string(report.files) + " of " + all + " of a set";
}

std::string hex(std::span<const std::byte> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += digits[std::to_integer<unsigned>(b) >> 4U];
    text += digits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

const char* to_string(Suite suite) { return suite == Suite::aes256 ? "aes256" : "chacha20"; }

}  // namespace nnlock::cli
