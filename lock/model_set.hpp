// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which files a path stands for: one model file with its companions, or a set that is locked as one model: the shards that an index
// names, the parts of a split file, or all models of a folder (docs/formats.md, "Models of several files").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/codec.hpp"
#include "lock/file_io.hpp"

namespace nnlock::lock {

struct ModelSet {
  enum class Kind : std::uint8_t {
    file,    // one main file
    index,   // main files are the shards that a safetensors index names; the index itself is copied
    split,   // main files are the parts of a split GGUF file
    folder,  // main files are all models below a folder; its other files are copied
  };
  Kind kind = Kind::file;
  std::string folder;               // where all names are relative to: empty, or ending with '/'
  std::vector<std::string> mains;   // sorted for index, split and folder: their order is the order of the files in the record
  std::vector<std::string> copied;  // files without parameters that belong to the set

  std::string path(const std::string& name) const { return folder + name; }
};

// Looks at contents, never at names alone; records beside or inside the files are no hindrance. Errors: io, bad_model, unsupported.
Result<ModelSet> find_set(const std::string& path);

// Where the main files of a copy of `set` at `path` would be, in the same order.
ModelSet set_at(const ModelSet& set, const std::string& path);

// Opens the file `name` below the folder of `main_path`. A name that leads out of that folder, or over a symbolic link, is refused: it
// comes from a model file. Errors: io, bad_model.
Result<std::unique_ptr<FileSource>> open_companion(const std::string& main_path, const std::string& name);

// The folder of a path, empty or ending with '/', and its last part.
std::string prefix_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace nnlock::lock
