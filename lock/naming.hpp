// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Errors that say which file they are about.
#pragma once

#include <string>
#include <utility>

#include "nnlock/result.hpp"

namespace nnlock::lock {

// An error that names no file gets `file`.
template <class T>
Result<T> naming(Result<T> result, const std::string& file) {
  if (result || !result.error().file.empty()) return result;
  Error error = result.error();
  error.file = file;
  return error;
}

}  // namespace nnlock::lock
