// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Private memory for unlocked models.

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "nnlock/lock.hpp"

namespace nnlock {

Result<ModelBuffer> ModelBuffer::allocate(std::uint64_t size) {
  ModelBuffer buffer;
  if (size == 0) return buffer;
  if (size > std::numeric_limits<std::size_t>::max() / 2)
    return Error{.code = ErrorCode::io, .message = "the model is too large for this machine's address space"};
  // NORESERVE: an image of a model larger than memory costs only the pages that are written.
  void* data = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return Error{.code = ErrorCode::io,
                 .message = "cannot reserve " + std::to_string(size) + " bytes of memory: " + std::strerror(errno)};
#ifdef MADV_DONTDUMP
  ::madvise(data, static_cast<std::size_t>(size), MADV_DONTDUMP);  // best effort: old kernels refuse
#endif
  buffer.data_ = static_cast<std::byte*>(data);
  buffer.size_ = static_cast<std::size_t>(size);
  return buffer;
}

ModelBuffer::ModelBuffer(ModelBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

ModelBuffer& ModelBuffer::operator=(ModelBuffer&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

ModelBuffer::~ModelBuffer() { wipe(); }

void ModelBuffer::wipe() {
  if (data_ != nullptr) OPENSSL_cleanse(data_, size_);
  discard();
}

void ModelBuffer::discard() {
  if (data_ != nullptr) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

}  // namespace nnlock
