// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of the Python extension share: conversions between the front door's words and Python's.
// Everything here needs the GIL unless it says otherwise.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include "nnlock/doctor.hpp"
#include "nnlock/keys.hpp"
#include "nnlock/lock.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::python {

namespace nb = nanobind;

// Throws the error as the class of nnlock._errors that belongs to its code.
[[noreturn]] void raise(const Error& error);

template <class T>
T value_or_raise(Result<T> result) {
  if (!result) raise(result.error());
  return *std::move(result);
}

// Runs `work` without the GIL. `work` must not touch Python objects.
template <class Work>
auto without_gil(Work&& work) {
  const nb::gil_scoped_release released;
  return work();
}

// str, bytes or os.PathLike as the operating system wants it. Throws TypeError, and ValueError on embedded NULs.
std::string path_from(nb::handle path);
nb::str path_text(const std::string& path);
// Text out of a model file may be any bytes: those that are no UTF-8 become \xNN.
nb::str text(const std::string& bytes);
nb::str hex(std::span<const std::byte> bytes);
// Exactly 16 bytes. The Python side has checked the length.
std::array<std::byte, 16> id_from(const nb::bytes& bytes);
const char* suite_name(Suite suite);

nb::object to_python(const LockReport& report);
nb::object to_python(const UnlockReport& report);
nb::object to_python(const ModelInfo& info);
nb::object to_python(const FormatFacts& facts);

// A bytes-like argument, held (not copied) as long as this lives. Destroy with the GIL.
class BytesView {
 public:
  explicit BytesView(nb::handle object);
  BytesView(const BytesView&) = delete;
  BytesView& operator=(const BytesView&) = delete;
  ~BytesView() { PyBuffer_Release(&view_); }
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

// A Python progress callback as the library wants it. What it raises is kept, further calls are left out, and
// rethrow() throws it once the work is done: no exception ever passes through the library's threads.
class ProgressCall {
 public:
  explicit ProgressCall(nb::object callback) : callback_(std::move(callback)) {}
  Progress function();  // refers to this object
  void rethrow() const;

 private:
  void call(std::uint64_t done, std::uint64_t total) noexcept;  // takes the GIL

  nb::object callback_;
  std::atomic<bool> failed_ = false;
  std::exception_ptr error_;
};

void bind_key(nb::module_& module);
void bind_unlocked(nb::module_& module);
void bind_lock(nb::module_& module);

// A new UnlockedModel (bindings_unlocked.cpp).
nb::object make_unlocked(ModelBuffer buffer, UnlockReport report);

}  // namespace nnlock::python
