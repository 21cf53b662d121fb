// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/ui.hpp"

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <utility>

namespace nnlock::cli {
namespace {

struct CodeRow {
  ErrorCode code;
  int exit;
  const char* hint;  // for errors that bring none
};

constexpr CodeRow code_table[] = {
    {ErrorCode::usage, 2, "run nnlock COMMAND --help"},
    {ErrorCode::wrong_key, 3,
     "use the key this model was locked with; compare fingerprints if the record has a hint"},
    {ErrorCode::bad_key_file, 3, "restore the key file from a backup; a key is never repaired"},
    {ErrorCode::tampered, 4, "do not use this file; get it again from where it was locked"},
    {ErrorCode::bad_record, 4, "do not use this file; get it again from where it was locked"},
    {ErrorCode::bad_model, 5, "check that the file is complete and loads in its own framework"},
    {ErrorCode::nothing_to_lock, 5, "nnlock inspect lists what was found; look at --include and --exclude"},
    {ErrorCode::not_locked, 5,
     "this is a plain model, its record was stripped, or it lies in a sidecar (--sidecar FILE)"},
    {ErrorCode::already_locked, 5, "lock the plain model, or unlock this one first"},
    {ErrorCode::unsupported, 5, "use a newer nnlock; docs/formats.md says what this one knows"},
    {ErrorCode::io, 6, "check that the path exists, that you may use it and that there is room"},
    {ErrorCode::licence, 7, "this version of nnlock knows no licences; ask the publisher of the model"},
};

const CodeRow& row_of(ErrorCode code) {
  for (const CodeRow& row : code_table) {
    if (row.code == code) return row;
  }
  return code_table[0];  // a code this program does not know can only come from a newer library
}

// A key that was typed in the place of a path must not get into logs.
std::string without_keys(std::string line) {
  constexpr std::string_view mark = "NNLOCK-MASTER-KEY-1";
  for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    std::size_t end = begin;
    while (end < line.size() && std::isalnum(static_cast<unsigned char>(line[end])) != 0) ++end;
    line.replace(begin, end - begin, "...");
  }
  return line;
}

void print_line(const std::string& line) {
  std::fprintf(stderr, "%s\n", printable(without_keys(line)).c_str());
}

// " (tensor NAME, byte OFFSET)" as far as known.
std::string place_of(const Error& error) {
  std::string place;
  if (!error.tensor.empty()) place = "tensor " + error.tensor;
  if (error.offset) place += (place.empty() ? "byte " : ", byte ") + std::to_string(*error.offset);
  return place.empty() ? place : " (" + place + ")";
}

}  // namespace

int exit_code(ErrorCode code) { return row_of(code).exit; }

int fail(const Error& error, const std::string& file) {
  const std::string& named = error.file.empty() ? file : error.file;
  print_line("nnlock: error: " + (named.empty() ? "" : named + ": ") + error.message + place_of(error));
  print_line("  hint: " + (error.hint.empty() ? std::string(row_of(error.code).hint) : error.hint));
  return exit_code(error.code);
}

int fail_usage(const std::string& message, const std::string& hint) {
  return fail({.code = ErrorCode::usage, .message = message, .hint = hint});
}

void warn(const std::string& message, const std::string& hint) {
  print_line("nnlock: warning: " + message);
  print_line("  hint: " + hint);
}

void say(const std::string& message) { print_line("nnlock: " + message); }

int finish_stdout(int code) {
  if ((std::fflush(stdout) == 0 && std::ferror(stdout) == 0) || code != 0) return code;
  return fail(
      {.code = ErrorCode::io, .message = "cannot write to standard output", .hint = "is the disk full?"});
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string binary_size(std::uint64_t bytes) {
  constexpr const char* units[] = {" bytes", " KiB", " MiB", " GiB"};
  std::size_t unit = 0;
  while (unit < 3 && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return grouped(bytes) + units[unit];
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  if (part == whole) return "100 %";
  const auto hundredths =
      static_cast<std::uint64_t>(static_cast<long double>(part) * 10000 / static_cast<long double>(whole));
  char text[32];
  std::snprintf(text, sizeof text, "%u.%02u %%", static_cast<unsigned>(hundredths / 100),
                static_cast<unsigned>(hundredths % 100));
  return text;
}

ProgressLine::ProgressLine(std::string what, bool quiet)
    : what_(std::move(what)), enabled_(!quiet && isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

Progress ProgressLine::callback() {
  if (!enabled_) return {};
  return [this](std::uint64_t done, std::uint64_t total) { update(done, total); };
}

void ProgressLine::update(std::uint64_t done, std::uint64_t total) {
  const Clock::time_point now = Clock::now();
  if (now < next_ || total == 0) return;
  next_ = now + std::chrono::milliseconds(100);
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::fprintf(stderr, "\r\033[K%s: %s, %.1f MB/s", printable(what_).c_str(), percent(done, total).c_str(),
               static_cast<double>(done) / seconds / 1e6);
  std::fflush(stderr);
}

}  // namespace nnlock::cli
