// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock exec: a program gets the unlocked model as a sealed file in memory; no plain model touches a disk.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "cli/commands.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {
namespace {

Error system_error(const char* what) {
  return {.code = ErrorCode::io, .message = std::string(what) + ": " + std::strerror(errno)};
}

// Returns the descriptor of the unlocked, sealed model. The seals keep the program, and everyone who gets the
// descriptor from it, from changing what was verified.
Result<int> unlock_sealed(const MasterKey& key, const std::string& model, const UnlockOptions& options) {
  const int fd = memfd_create("nnlock-model", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return system_error("cannot make a file in memory");
  if (auto report = unlock_to_fd(key, model, fd, options); !report) {
    close(fd);
    return report.error();
  }
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const Error error = system_error("cannot seal the file in memory");
    close(fd);
    return error;
  }
  return fd;
}

std::string with_path(std::string argument, const std::string& path) {
  for (std::size_t at = argument.find("{}"); at != std::string::npos;
       at = argument.find("{}", at + path.size())) {
    argument.replace(at, 2, path);
  }
  return argument;
}

// Only returns when the program cannot be started: 127 if it does not exist, 126 otherwise, as shells do.
int replace_process(const std::vector<std::string>& program, int fd) {
  if (fcntl(fd, F_SETFD, 0) != 0) return fail(system_error("cannot hand the model on"));
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  std::vector<std::string> words{program[0]};  // the name of the program is taken as it stands
  for (std::size_t i = 1; i < program.size(); ++i) words.push_back(with_path(program[i], path));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::signal(SIGXFSZ, SIG_DFL);  // ignored signals would stay ignored
  execvp(argv[0], argv.data());
  const int reason = errno;
  fail({.code = ErrorCode::io,
        .message = std::string("cannot start it: ") + std::strerror(reason),
        .hint = "check the name of the program after --"},
       program[0]);
  return reason == ENOENT ? 127 : 126;
}

}  // namespace

int run_exec(const Args& args) {
  if (auto ok = check_model_name(args.model); !ok) return fail(ok.error());
  // A scope of its own: the key is wiped at its end, before the program starts.
  const auto fd = [&]() -> Result<int> {
    auto key = read_key(args.key);
    if (!key) return key.error();
    ProgressLine progress("unlocking " + args.model, args.quiet);
    UnlockOptions options = args.unlock;
    options.progress = progress.callback();
    return unlock_sealed(*key, args.model, options);
  }();
  if (!fd) return fail(fd.error(), fd.error().code == ErrorCode::usage ? "" : args.model);
  return replace_process(args.program, *fd);
}

}  // namespace nnlock::cli
