// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Model files of any format that the library knows, locked so that a cell can be run again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/files.hpp"
#include "lab/schemes/key.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {

// Locks `model` with nnlock-v1 into the new file `out`. The lock id comes from the seed; outside a lab it must be random.
// `exclude`: globs of tensors that stay plain. Throws Failure.
void lock_model_file(const Key& key, const Path& model, const Path& out, std::uint64_t seed, std::vector<std::string> exclude = {});

// The same for a model in memory.
Bytes lock_model(const Bytes& model, const Key& key, std::uint64_t seed, std::vector<std::string> exclude = {});

// What the right key makes of a locked model when nothing is authenticated: no MAC, no tag and no skeleton hash is compared. The library
// has no such way in; a decoy with the key that fits is an ordinary checked unlock. Throws Failure for what is no locked model, or has an
// element that its layout cannot hold.
Bytes unlock_unchecked(const Bytes& locked, const Key& key);

MasterKey master_key(const Key& key);  // of 256 bits

// 64 hexadecimal digits; throws Failure.
Key key_from_hex(const std::string& digits);

}  // namespace nnlock::lab
