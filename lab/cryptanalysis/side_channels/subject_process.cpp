// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/side_channels/subject_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

const char* const kProgram = NNLOCK_MEMORY_SUBJECT;

Failure ended() { return Failure(std::string(kProgram) + ": it ended before it was looked at", "run it by hand with the model; NNLOCK_KERNEL must name kernels that this CPU runs"); }

}  // namespace

SubjectProcess::SubjectProcess(const Path& model, const Key& key, const std::string& kernels) {
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw Failure("no pipe could be made", "close some files");
  ::signal(SIGPIPE, SIG_IGN);  // an end is told by at()
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    if (kernels.empty()) ::unsetenv("NNLOCK_KERNEL");
    else ::setenv("NNLOCK_KERNEL", kernels.c_str(), 1);
    ::execl(kProgram, kProgram, model.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1], from_ = out[0];
  if (pid_ < 0) throw Failure("no process could be started", "free some memory");
  send(key.bytes.data(), key.bytes.size());
}

SubjectProcess::~SubjectProcess() {
  ::close(to_);
  ::close(from_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);  // it ends when nothing comes any more
}

MemoryImage SubjectProcess::at(char step) {
  char is = 0;
  if (::read(from_, &is, 1) != 1 || is != step) throw ended();
  return MemoryImage::of(pid_);
}

void SubjectProcess::send(const void* bytes, std::size_t size) {
  if (::write(to_, bytes, size) != static_cast<ssize_t>(size)) throw ended();
}

void SubjectProcess::go_on() { send("", 1); }

void SubjectProcess::leave_behind(std::span<const std::uint8_t> bytes) {
  const std::uint64_t size = bytes.size();
  go_on();
  send(&size, sizeof size);
  send(bytes.data(), bytes.size());
}

}  // namespace nnlock::lab
