// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The files that one operation writes: all get their names at its end, or none does.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "lock/file_io.hpp"
#include "lock/model_set.hpp"

namespace nnlock::lock {

class Outputs {
 public:
  // `mode` and `replace` as for OutputFile. `make_folders`: missing folders of the outputs are made, and vanish with them.
  Outputs(unsigned mode, bool replace, bool make_folders) : mode_(mode), replace_(replace), make_folders_(make_folders) {}
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  ~Outputs();

  // Errors: those of OutputFile::create(). The file stays where it is until this object goes.
  Result<OutputFile*> add(const std::string& path, const FileSource* input);

  // `source`, byte for byte. Errors: io, usage.
  Result<void> add_copy(const std::string& path, const FileSource& source);

  // Names the files in the order of add(): nobody may see the last one, a main file, without what it needs. What is replaced meanwhile is
  // kept beside under another name until the last is in place, and put back if that fails.
  Result<void> commit();

 private:
  struct Named {
    Named(const std::string& named, bool replace);
    void put_back() const;
    void let_go();
    std::string path, kept;  // kept: where the replaced file is; empty: there was none
    Descriptor old;
  };
  Result<void> make_folder_for(const std::string& path);

  unsigned mode_;
  bool replace_, make_folders_, committed_ = false;
  std::deque<OutputFile> files_;
  std::vector<std::string> folders_;  // made here, outer ones first
};

// Whether `out` can be where a copy of `set` goes: a file name; for a folder another folder outside of it; for what is split over files the
// name that the other files' names follow from. Errors: usage.
Result<void> check_output_place(const ModelSet& set, const std::string& out);

// Whether the model whose restored main file is `image` would look for the same companions from `out`: some formats derive their names from
// the main file's. Errors: usage.
Result<void> check_companion_names(Format format, std::span<const std::byte> image, const std::vector<std::string>& companions, const ModelSet& set,
                                   const std::string& out);

}  // namespace nnlock::lock
