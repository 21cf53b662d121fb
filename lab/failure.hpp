// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The lab is a program, not a library: what goes wrong is thrown as a Failure, and main() prints it with its hint.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "nnlock/result.hpp"

namespace nnlock::lab {

class Failure : public std::runtime_error {
 public:
  Failure(const std::string& what, std::string hint) : std::runtime_error(what), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;  // what to do next, one line
};

// The value, or the library's error as a Failure.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw Failure(result.error().file + ": " + result.error().message, result.error().hint);
  return *std::move(result);
}

inline void value_or_throw(const Result<void>& result) {
  if (!result) throw Failure(result.error().file + ": " + result.error().message, result.error().hint);
}

}  // namespace nnlock::lab
