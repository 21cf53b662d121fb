// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/sinks.hpp"

#include <algorithm>

namespace nnlock::lock {

using formats::Edit;

namespace {

// A run without the bytes that edits replace, written piece by piece.
Result<void> write_run(int fd, const std::string& path, std::span<const std::byte> image, Run run, std::span<const Edit> edits) {
  std::uint64_t position = run.offset;
  const std::uint64_t end = run.offset + run.length;
  while (position < end) {
    std::uint64_t piece_end = end, next = end;
    for (const Edit& edit : edits) {
      if (edit.offset + edit.restored.size() <= position || edit.offset >= end) continue;
      piece_end = std::max(edit.offset, position);
      next = std::min(end, edit.offset + edit.restored.size());
      break;
    }
    if (next == position) next = piece_end;  // an insertion: nothing of the run is replaced
    const auto piece = image.subspan(static_cast<std::size_t>(position), static_cast<std::size_t>(piece_end - position));
    if (!piece.empty())
      if (auto written = write_at(fd, stored_offset(edits, position), piece, path); !written) return written;
    position = std::max(next, piece_end);
  }
  return {};
}

}  // namespace

Result<void> write_skeleton(int fd, const std::string& path, std::span<const std::byte> image, std::span<const Run> runs,
                            std::span<const Edit> edits) {
  for (const Run& run : runs)
    if (auto written = write_run(fd, path, image, run, edits); !written) return written;
  std::uint64_t added = 0, removed = 0;
  for (const Edit& edit : edits) {
    if (auto written = write_at(fd, edit.offset + added - removed, edit.stored, path); !written) return written;
    added += edit.stored.size();
    removed += edit.restored.size();
  }
  return {};
}

}  // namespace nnlock::lock
