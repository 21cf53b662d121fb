// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/datasets/idx.hpp"

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr const char* kAgain = "get the file again, or name another folder with --data";

std::int64_t be32(const Bytes& bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
  return value;
}

// Sizes of the dimensions; throws unless the file holds exactly that many unsigned bytes.
std::vector<std::int64_t> sizes_of(const Bytes& bytes, std::size_t dimensions, const std::string& whence) {
  const std::size_t header = 4 + 4 * dimensions;
  if (bytes.size() < header) throw Failure(whence + ": shorter than an IDX header", kAgain);
  if (be32(bytes, 0) != static_cast<std::int64_t>(0x0800 + dimensions))
    throw Failure(whence + ": not an IDX file of unsigned bytes in " + std::to_string(dimensions) + " dimensions", kAgain);
  std::vector<std::int64_t> sizes;
  std::uint64_t left = bytes.size() - header, product = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    sizes.push_back(be32(bytes, 4 + 4 * d));
    if (sizes.back() == 0 || static_cast<std::uint64_t>(sizes.back()) > left / product)
      throw Failure(whence + ": shorter than its header says", kAgain);
    product *= static_cast<std::uint64_t>(sizes.back());
  }
  if (product != left) throw Failure(whence + ": longer than its header says", kAgain);
  return sizes;
}

torch::Tensor copy_of(const Bytes& bytes, std::size_t offset, at::IntArrayRef sizes) {
  auto tensor = torch::empty(sizes, torch::kUInt8);
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.end(), static_cast<std::byte*>(tensor.data_ptr()));
  return tensor;
}

}  // namespace

torch::Tensor parse_idx_images(const Bytes& bytes, const std::string& whence) {
  const auto sizes = sizes_of(bytes, 3, whence);
  return copy_of(bytes, 16, {sizes[0], 1, sizes[1], sizes[2]});
}

torch::Tensor parse_idx_labels(const Bytes& bytes, std::int64_t classes, const std::string& whence) {
  const auto labels = copy_of(bytes, 8, sizes_of(bytes, 1, whence)).to(torch::kInt64);
  if (labels.max().item<std::int64_t>() >= classes) throw Failure(whence + ": a label is not below " + std::to_string(classes), kAgain);
  return labels;
}

}  // namespace nnlock::lab
