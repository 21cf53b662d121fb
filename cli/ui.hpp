// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How the program speaks: errors, warnings, success, progress. Everything on stderr; stdout belongs to data.
// Text that may come from files is escaped here, so that no model can drive a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "nnlock/lock.hpp"
#include "nnlock/result.hpp"

namespace nnlock::cli {

// The one table from error codes to exit codes (spec/lock-v1.md section 10).
int exit_code(ErrorCode code);

// Prints error and hint; returns the exit code. `file` is named when the error names none.
int fail(const Error& error, const std::string& file = {});
// The same for ErrorCode::usage.
int fail_usage(const std::string& message, const std::string& hint);
void warn(const std::string& message, const std::string& hint);
void say(const std::string& message);

// Flushes stdout; a full disk behind it becomes an error unless there was one already. Returns `code`, or the
// code of io.
int finish_stdout(int code);

// For people: control characters, bidirectional overrides and bytes that are not UTF-8 become \xNN or
// \u{NNNN}.
std::string printable(std::string_view text);
// For JSON: bytes that are not UTF-8 become U+FFFD; the writer escapes the rest.
std::string valid_utf8(std::string_view text);

std::string grouped(std::uint64_t number);                     // 12,345,678
std::string binary_size(std::uint64_t bytes);                  // 256 KiB
std::string percent(std::uint64_t part, std::uint64_t whole);  // 99.98 %, never rounded up to 100

// A line on stderr, shown only on a terminal and only once the work has lasted a second. Cleared on
// destruction.
class ProgressLine {
 public:
  ProgressLine(std::string what, bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  Progress callback();  // valid as long as this object; empty when nothing would ever be shown

 private:
  using Clock = std::chrono::steady_clock;
  void update(std::uint64_t done, std::uint64_t total);

  std::string what_;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(1);
};

}  // namespace nnlock::cli
