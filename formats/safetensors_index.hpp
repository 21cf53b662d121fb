// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The index of a sharded safetensors model (huggingface/huggingface_hub: serialization/_base.py, `model.safetensors.index.json`): a JSON
// object whose `weight_map` says in which file each tensor is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/bytes.hpp"

namespace nnlock::formats {

// Tensor names by shard; shards in the order of their names.
using ShardMap = std::map<std::string, std::vector<std::string>>;

// None: the file is no such index. Errors: bad_model (an index with wrong entries, or a shard name that leads out of the folder), io.
Result<std::optional<ShardMap>> read_safetensors_index(const ByteSource& source);

}  // namespace nnlock::formats
