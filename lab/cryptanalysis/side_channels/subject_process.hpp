// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The program of memory_subject.cpp, run and looked at.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "lab/cryptanalysis/side_channels/memory_image.hpp"
#include "lab/files.hpp"
#include "lab/schemes/key.hpp"

namespace nnlock::lab {

class SubjectProcess {
 public:
  // `kernels`: NNLOCK_KERNEL of the process; empty: what the library chooses. Throws Failure.
  SubjectProcess(const Path& model, const Key& key, const std::string& kernels);
  SubjectProcess(const SubjectProcess&) = delete;
  SubjectProcess& operator=(const SubjectProcess&) = delete;
  ~SubjectProcess();
  // Waits for the process to stand still at this step, and looks at it. Throws Failure when it ends, or is elsewhere.
  MemoryImage at(char step);
  void go_on();
  // After step c: has it fill a block with these bytes and free that unwiped.
  void leave_behind(std::span<const std::uint8_t> bytes);

 private:
  void send(const void* bytes, std::size_t size);
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};

}  // namespace nnlock::lab
