// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/image.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace nnlock::lock {

Result<Image> Image::reserve(std::uint64_t restored_length) {
  auto buffer = ModelBuffer::allocate(restored_length);
  if (!buffer) return buffer.error();
  return Image(*std::move(buffer));
}

Result<void> Image::fill(const formats::ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  return source.read(offset, buffer_.bytes_mutable().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
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
