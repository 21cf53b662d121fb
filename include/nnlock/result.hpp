// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Errors as values: Result<T> is either a T or an Error. Nothing in the library throws or aborts on input.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace nnlock {

// What went wrong, defined by what the caller should do next. exit_code() in the program maps these.
enum class ErrorCode : std::uint8_t {
  usage = 1,        // the call itself is wrong: fix the arguments
  wrong_key,        // the key does not fit this record: use the key the model was locked with
  bad_key_file,     // the key file cannot be used: restore it from a backup
  tampered,         // key fits, but bytes differ from what was locked: get the file again
  bad_record,       // a record is there but is damaged, doubled or not canonical: get the file again
  bad_model,        // the model file breaks the rules of its format or is ambiguous
  nothing_to_lock,  // a valid model without parameters
  not_locked,       // no record found: this is a plain model, or its record was stripped
  already_locked,   // the model holds a record already
  unsupported,      // valid, but asks for something this version does not know: use a newer version
  io,               // the operating system refused: see the message
  licence,          // the record demands a licence (reserved; no licence support in this version)
};

// One error with the place it speaks of. Empty or absent members are unknown.
struct Error {
  ErrorCode code{};
  std::string message;                  // what happened, one line, no trailing full stop
  std::string hint = {};                // what to do next, one line
  std::string file = {};                // path of the file concerned
  std::string tensor = {};              // display name of the parameter concerned
  std::optional<std::uint64_t> offset = {};  // byte offset in the file concerned
};

// Either a value or an Error. Check with `if (result)` before `*result`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return *checked(); }
  const T& operator*() const& { return *const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(*checked()); }
  T* operator->() { return checked(); }
  const T* operator->() const { return const_cast<Result*>(this)->checked(); }
  const Error& error() const {
    assert(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

 private:
  T* checked() {
    assert(state_.index() == 0);
    return std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_.has_value(); }
  const Error& error() const {
    assert(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace nnlock
