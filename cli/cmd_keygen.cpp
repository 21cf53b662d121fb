// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock keygen: a new master key, into a new file or to standard output.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
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

// Copies a small file to stdout and wipes the buffer: the text is a key.
bool copy_to_stdout(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  std::setvbuf(file, nullptr, _IONBF, 0);
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  char buffer[4096];
  const std::size_t size = std::fread(buffer, 1, sizeof buffer, file);
  const bool ok = std::fclose(file) == 0 && size > 0 && std::fwrite(buffer, 1, size, stdout) == size;
  explicit_bzero(buffer, sizeof buffer);
  return ok;
}

// The front door writes keys into new files only, so the way to stdout leads through a private folder of
// /dev/shm, which is memory.
Result<void> write_to_stdout(const MasterKey& key) {
  char folder[] = "/dev/shm/nnlock-XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    return Error{.code = ErrorCode::io,
                 .message = std::string("/dev/shm: ") + std::strerror(errno),
                 .hint = "name a file with -o"};
  }
  const std::string path = std::string(folder) + "/key";
  Result<void> written = key.write_file(path, utc_now());
  const bool copied = written && copy_to_stdout(path);
  unlink(path.c_str());
  rmdir(folder);
  if (written && !copied) {
    return Error{
        .code = ErrorCode::io, .message = "cannot write to standard output", .hint = "name a file with -o"};
  }
  return written;
}

}  // namespace

int run_keygen(const Args& args) {
  auto key = MasterKey::generate();
  if (!key) return fail(key.error());
  const bool to_stdout = args.output.empty() || args.output == "-";
  const auto written = to_stdout ? write_to_stdout(*key) : key->write_file(args.output, utc_now());
  if (!written) return fail(written.error(), args.output);
  if (!to_stdout)
    say("wrote a new key -> " + args.output + "; keep a backup, nothing opens a lock without it");
  say("fingerprint " + key->fingerprint());
  return 0;
}

}  // namespace nnlock::cli
