// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What tests of every codec need: bytes of a text, edits put into files and taken out again, structures compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats {

using Bytes = std::vector<std::byte>;

// A view: the text must outlive it.
inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// The file with every edit's `stored` in place of its `restored`. Edits are in coordinates of the restored file.
inline Bytes put_in(const Bytes& restored, const std::vector<Edit>& edits) {
  Bytes stored;
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    const auto at = static_cast<std::ptrdiff_t>(edit.offset);
    stored.insert(stored.end(), restored.begin() + static_cast<std::ptrdiff_t>(done), restored.begin() + at);
    stored.insert(stored.end(), edit.stored.begin(), edit.stored.end());
    done = static_cast<std::size_t>(edit.offset) + edit.restored.size();
  }
  stored.insert(stored.end(), restored.begin() + static_cast<std::ptrdiff_t>(done), restored.end());
  return stored;
}

// The way back: every `stored` must be found where it belongs and becomes `restored` again. Empty if one is not there.
inline Bytes take_out(const Bytes& stored, const std::vector<Edit>& edits) {
  Bytes restored;
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    const std::size_t copied = static_cast<std::size_t>(edit.offset) - restored.size();
    if (done + copied + edit.stored.size() > stored.size()) return {};
    const auto from = stored.begin() + static_cast<std::ptrdiff_t>(done);
    const auto at = from + static_cast<std::ptrdiff_t>(copied);
    if (!std::equal(edit.stored.begin(), edit.stored.end(), at)) return {};
    restored.insert(restored.end(), from, at);
    restored.insert(restored.end(), edit.restored.begin(), edit.restored.end());
    done += copied + edit.stored.size();
  }
  restored.insert(restored.end(), stored.begin() + static_cast<std::ptrdiff_t>(done), stored.end());
  return restored;
}

inline Bytes record_of(std::size_t size) {
  Bytes record(size);
  for (std::size_t i = 0; i < size; ++i) record[i] = static_cast<std::byte>((i * 131 + 7) & 0xff);
  return record;
}

// What find_record() says of a text: 1 a record, 0 none, else the error's code, negative.
inline int record_verdict(const Codec& codec, std::string_view text) {
  const auto found = codec.find_record(MemorySource(bytes_of(text)));
  return found ? (found->has_value() ? 1 : 0) : -static_cast<int>(found.error().code);
}

inline bool same(const std::vector<Constant>& a, const std::vector<Constant>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Constant& x, const Constant& y) {
    return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape && x.offset == y.offset && x.length == y.length &&
           x.reason == y.reason && x.file == y.file;
  });
}

inline bool same(const Structure& a, const Structure& b) {
  return same(a.constants, b.constants) && same(a.unlockable, b.unlockable) && a.derived == b.derived &&
         std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(),
                    [](const ParamSpan& x, const ParamSpan& y) {
                      return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape && x.offset == y.offset &&
                             x.length == y.length && x.file == y.file && x.structs == y.structs;
                    });
}

inline Bytes without_parameters(Bytes file, const Structure& structure) {
  for (const ParamSpan& span : structure.params)
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(span.offset), span.length, std::byte{0});
  return file;
}

}  // namespace nnlock::formats
