// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock keygen: a new master key, into a new file or to standard output.
#include <unistd.h>

#include <ctime>

#include "cli/commands.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

int run_keygen(const Args& args) {
  auto key = MasterKey::generate();
  if (!key) return fail(key.error());
  const bool to_stdout = args.output.empty() || args.output == "-";
  const auto written = to_stdout ? key->write_to(STDOUT_FILENO, utc_now()) : key->write_file(args.output, utc_now());
  if (!written) return fail(written.error(), to_stdout ? "standard output" : args.output);
  if (!to_stdout)
    say("wrote a new key -> " + args.output + "; keep a backup, nothing opens a lock without it");
  say("fingerprint " + key->fingerprint());
  return 0;
}

}  // namespace nnlock::cli
