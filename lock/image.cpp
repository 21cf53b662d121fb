// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/image.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/kernel.hpp"

namespace nnlock::lock {
namespace {

struct Wiped {
  std::span<std::byte> bytes;
  ~Wiped() { kernels::wipe(bytes.data(), bytes.size()); }
};

}  // namespace

Result<Image> Image::reserve(std::uint64_t restored_length) {
  auto buffer = ModelBuffer::allocate(restored_length);
  if (!buffer) return buffer.error();
  return Image(*std::move(buffer));
}

// Zeros are written over other bytes only: untouched pages are zeros that cost nothing, so a sparse file costs memory for its data.
Result<void> Image::fill(const formats::ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  constexpr std::size_t piece_bytes = 256 << 10, page = 4096;
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(length, piece_bytes)));
  const Wiped wiped{piece};  // a codec may ask for a whole plain model
  while (length > 0) {
    const auto part = std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(length, piece_bytes - offset % piece_bytes)));
    if (auto read = source.read(offset, part); !read) return read;
    std::byte* const to = buffer_.bytes_mutable().data() + offset;
    for (std::size_t at = 0, next = 0; at < part.size(); at = next) {
      next = std::min(part.size(), at + page - static_cast<std::size_t>((offset + at) % page));
      const std::byte* const from = part.data() + at;
      const bool zeros = from[0] == std::byte{0} && std::memcmp(from, from + 1, next - at - 1) == 0;
      if (!zeros || std::memcmp(to + at, from, next - at) != 0) std::memcpy(to + at, from, next - at);
    }
    offset += part.size();
    length -= part.size();
  }
  return {};
}

Result<void> Image::fill(const formats::ByteSource& source, std::span<const Run> runs) {
  for (const Run& run : runs)
    if (auto filled = fill(source, run.offset, run.length); !filled) return filled;
  return {};
}

void Image::punch(std::uint64_t offset, std::uint64_t length) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::byte* const base = buffer_.bytes_mutable().data();
  const std::uint64_t first = (offset + page - 1) / page * page, last = (offset + length) / page * page;
  if (first >= last || ::madvise(base + first, static_cast<std::size_t>(last - first), MADV_DONTNEED) != 0) {
    std::memset(base + offset, 0, static_cast<std::size_t>(length));
    return;
  }
  std::memset(base + offset, 0, static_cast<std::size_t>(first - offset));
  std::memset(base + last, 0, static_cast<std::size_t>(offset + length - last));
}

}  // namespace nnlock::lock
