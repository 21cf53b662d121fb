// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which tensors a pickle of PyTorch describes, read without running it: classes and functions are names, calls are looked at, never made.
// Opcodes: Python's Lib/pickletools.py, protocols 2 to 5. Persistent ids and tensors: pytorch: torch/serialization.py,
// torch/_utils.py, torch/csrc/jit/serialization/pickler.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nnlock/result.hpp"

namespace nnlock::formats::pytorch {

// A storage and the tensors on it. Texts are views into the pickle's text, which must outlive them.
struct Storage {
  enum class Role : std::uint8_t { values, quantisation, indices };
  std::string_view type;             // "FloatStorage"
  std::string_view key;              // the last part of its entry's name
  std::uint64_t elements = 0;        // bytes where the type is UntypedStorage
  std::string_view dtype = {};       // "float8_e4m3fn" where tensors bring a type of their own
  std::vector<std::uint64_t> shape = {};  // of the first tensor that has all elements; else empty
  std::vector<std::string> names = {};    // of the first few tensors, as paths of their keys
  Role role = Role::values;
};

// Every storage once, in the order of the pickle.
// Takes at most about `most` bytes of memory. Errors: bad_model, unsupported; offsets count from the pickle's first byte.
Result<std::vector<Storage>> read_pickle(std::span<const std::byte> text, std::uint64_t most);

}  // namespace nnlock::formats::pytorch
