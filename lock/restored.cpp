// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/restored.hpp"

#include <algorithm>
#include <cstring>

namespace nnlock::lock {

using formats::Edit;

std::uint64_t stored_offset(std::span<const Edit> edits, std::uint64_t restored) {
  std::uint64_t offset = restored;
  for (const Edit& edit : edits) {
    if (edit.offset + edit.restored.size() > restored) break;
    offset = offset - edit.restored.size() + edit.stored.size();
  }
  return offset;
}

std::uint64_t stored_length(std::span<const Edit> edits, std::uint64_t restored_length) {
  std::uint64_t length = restored_length;
  for (const Edit& edit : edits) length = length - edit.restored.size() + edit.stored.size();
  return length;
}

Result<RestoredSource> RestoredSource::over(const formats::ByteSource& stored, std::span<const Edit> edits) {
  const Error misfit{.code = ErrorCode::bad_record, .message = "the record does not fit its file"};
  std::uint64_t size = stored.size();
  for (const Edit& edit : edits) {
    if (edit.stored.size() > size) return misfit;
    size = size - edit.stored.size() + edit.restored.size();
  }
  std::uint64_t position = 0;
  for (const Edit& edit : edits) {
    if (edit.offset < position || !formats::inside(edit.offset, edit.restored.size(), size)) return misfit;
    position = edit.offset + edit.restored.size();
  }
  return RestoredSource(stored, edits, size);
}

Result<void> RestoredSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!formats::inside(offset, out.size(), size_))
    return Error{.code = ErrorCode::bad_model, .message = "the model ends too early", .offset = offset};
  while (!out.empty()) {
    std::uint64_t stretch = out.size();  // how far bytes come from one place
    const Edit* inside_edit = nullptr;
    for (const Edit& edit : edits_) {
      const std::uint64_t end = edit.offset + edit.restored.size();
      if (offset >= end) continue;
      if (offset >= edit.offset) inside_edit = &edit;
      stretch = std::min(stretch, (offset >= edit.offset ? end : edit.offset) - offset);
      break;
    }
    const auto part = out.first(static_cast<std::size_t>(stretch));
    if (inside_edit != nullptr) {
      std::memcpy(part.data(), inside_edit->restored.data() + (offset - inside_edit->offset), part.size());
    } else if (auto read = stored_->read(stored_offset(edits_, offset), part); !read) {
      return read;
    }
    out = out.subspan(part.size());
    offset += stretch;
  }
  return {};
}

}  // namespace nnlock::lock
