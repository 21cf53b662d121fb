// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small safetensors files for tests, right ones and wrong ones, and puts edits into files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats::malformed {

using Bytes = std::vector<std::byte>;

// Two learned tensors, a counter, a mask and an empty tensor; 40 bytes of data. Cases change one field of it.
inline constexpr std::string_view kGoodHeader =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},)"
    R"("n":{"dtype":"I64","shape":[2],"data_offsets":[16,32]},)"
    R"("m":{"dtype":"BOOL","shape":[8],"data_offsets":[32,40]},)"
    R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[40,40]}})";
inline constexpr std::size_t kGoodData = 40;  // bytes

// Replaces the first `from`. A case whose `from` is not there would test nothing: the text then becomes unusable.
inline std::string with(std::string_view text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string_view::npos) return "the writer found nothing to replace";
  return std::string(text.substr(0, at)).append(to).append(text.substr(at + from.size()));
}

inline Bytes with_length(std::uint64_t header_length, std::string_view header, std::size_t data_bytes) {
  Bytes file;
  file.reserve(8 + header.size() + data_bytes);
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<std::byte>((header_length >> (8 * i)) & 0xff));
  const auto text = std::as_bytes(std::span(header));
  file.insert(file.end(), text.begin(), text.end());
  for (std::size_t i = 0; i < data_bytes; ++i) file.push_back(static_cast<std::byte>((i * 37 + 1) & 0xff));
  return file;
}

inline Bytes safetensors_file(std::string_view header, std::size_t data_bytes) {
  return with_length(header.size(), header, data_bytes);
}

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

inline bool same(const std::vector<Constant>& a, const std::vector<Constant>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Constant& x, const Constant& y) {
    return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape && x.offset == y.offset && x.length == y.length &&
           x.reason == y.reason;
  });
}

inline bool same(const Structure& a, const Structure& b) {
  return same(a.constants, b.constants) && same(a.unlockable, b.unlockable) &&
         std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(),
                    [](const ParamSpan& x, const ParamSpan& y) {
                      return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape && x.offset == y.offset &&
                             x.length == y.length;
                    });
}

inline Bytes without_parameters(Bytes file, const Structure& structure) {
  for (const ParamSpan& span : structure.params)
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(span.offset), span.length, std::byte{0});
  return file;
}

}  // namespace nnlock::formats::malformed
