// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nnlock::formats::onnx {

// True when a file of `size` bytes that starts with `head` may be a ModelProto with a graph.
bool looks_like_model(std::span<const std::byte> head, std::uint64_t size);

}  // namespace nnlock::formats::onnx
