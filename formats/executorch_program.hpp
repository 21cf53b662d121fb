// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which values of a verified ExecuTorch program are parameters.
#pragma once

#include <span>

#include "executorch_schema_generated.h"
#include "formats/codec.hpp"

namespace nnlock::formats {

// The extended header of a program (pytorch/executorch: schema/extended_header.cpp), or what stands for it where there is none.
struct ExecutorchHeader {
  std::uint64_t head = 8;          // bytes at the start of the file that are no flatbuffer tables
  std::uint64_t program_size = 0;  // bytes of the flatbuffer, from the start of the file
  std::uint64_t segment_base = 0;  // bytes; 0: no segments
};

// `program` must have been verified in the first `program_size` bytes of the image.
Result<Structure> read_executorch(std::span<const std::byte> image, const ExecutorchHeader& header,
                                  const executorch_schema::Program& program);

}  // namespace nnlock::formats
