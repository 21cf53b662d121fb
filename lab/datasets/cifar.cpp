// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/datasets/cifar.hpp"

#include "lab/failure.hpp"

namespace nnlock::lab {

CifarBatch parse_cifar(const Bytes& bytes, const std::string& whence) {
  constexpr std::int64_t row = 1 + 3 * 32 * 32;
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size == 0 || size % row != 0)
    throw Failure(whence + ": not a whole number of rows of 3073 bytes", "use the binary version of CIFAR-10, and get the file again if it is that");
  auto rows = torch::empty({size / row, row}, torch::kUInt8);
  std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(rows.data_ptr()));
  CifarBatch batch{rows.slice(1, 1).reshape({-1, 3, 32, 32}), rows.select(1, 0).to(torch::kInt64)};
  if (batch.labels.max().item<std::int64_t>() > 9)
    throw Failure(whence + ": a label is not below 10", "use the binary version of CIFAR-10, not CIFAR-100");
  return batch;
}

}  // namespace nnlock::lab
