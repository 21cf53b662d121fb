// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The nnlock program: harden, parse, dispatch.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <exception>

#include "cli/args.hpp"
#include "cli/commands.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {
namespace {

struct Command {
  const char* name;
  int (*run)(const Args& args);
};

constexpr Command commands[] = {
    {"keygen", run_keygen},   {"lock", run_lock}, {"unlock", run_unlock},   {"verify", run_verify},
    {"inspect", run_inspect}, {"exec", run_exec}, {"formats", run_formats}, {"doctor", run_doctor},
};

// A closed standard stream would hand its number to the next opened file, and messages would be written into
// a model.
void occupy_standard_streams() {
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd >= 0) close(fd);
}

// Told to stop: an output that has a temporary name is taken away, then the signal does what it always does.
void stop(int signal_number) {
  remove_unfinished_outputs();
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

// No core dumps and no debugger of the same user: this process holds keys. Returns the former core dump limit
// in bytes.
std::uint64_t harden_process() {
  occupy_standard_streams();
  std::signal(SIGXFSZ,
              SIG_IGN);  // a file size limit becomes an error with a message; exec gives the default back
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal_number, stop) == SIG_IGN) std::signal(signal_number, SIG_IGN);  // as under nohup
  rlimit former{};
  const bool known = getrlimit(RLIMIT_CORE, &former) == 0;
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
    warn("cannot switch core dumps off", "keep the key away from this machine until it can");
  }
  return known ? former.rlim_cur : 0;
}

int run(int argc, const char* const* argv) {
  const std::uint64_t core_limit = harden_process();
  Parsed parsed = parse_args(argc, argv);
  if (parsed.exit) return finish_stdout(*parsed.exit);
  parsed.args.core_limit = core_limit;
  for (const Command& command : commands) {
    if (parsed.args.command == command.name) return finish_stdout(command.run(parsed.args));
  }
  return fail_usage("no command given", "run nnlock --help");
}

}  // namespace
}  // namespace nnlock::cli

int main(int argc, char** argv) {
  try {
    return nnlock::cli::run(argc, argv);
  } catch (const std::exception& e) {  // in practice: out of memory
    return nnlock::cli::fail({.code = nnlock::ErrorCode::io, .message = e.what()});
  }
}
