// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The key stream of a lock by itself, without end, for suites that test random numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lab/schemes/file_scheme.hpp"

namespace nnlock::lab {

// What masks the weights, before the S-box. The published stream and those that repeat are computed as they are; nnlock-v1 has a key stream for each lock and tensor, so
// models of one all-zero tensor are locked one after the other, each with a lock id of its own.
class RawStream {
 public:
  static constexpr std::size_t kPiece = std::size_t{1} << 24;
  RawStream(const std::string& scheme, std::uint64_t seed, std::size_t piece = kPiece);  // a whole number of blocks of 32 bytes. Throws Failure
  std::vector<std::uint8_t> next();  // the next piece

 private:
  std::vector<std::uint8_t> go_on();
  std::unique_ptr<FileScheme> scheme_;
  Key key_;
  std::size_t piece_;
  std::uint64_t pieces_ = 0;
  std::vector<std::uint8_t> last_;  // the last key length of the published stream
};

// A safetensors model of one int8 tensor of zeros.
Bytes zero_model(std::size_t weights);
// The first int8 parameters of a model, in file order. Other types are left out: nnlock-v1 keeps them in the range of their tensor on purpose.
std::vector<std::uint8_t> int8_bytes(const Bytes& file, std::size_t most);

}  // namespace nnlock::lab
