// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which tensors of an ONNX model are parameters (docs/formats.md), in the main file and in its data files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats::onnx {

Result<Structure> structure_of(Files files);

// The data files, in the order of first use.
Result<std::vector<std::string>> data_files(std::span<const std::byte> image, std::string_view main_name);

}  // namespace nnlock::formats::onnx
