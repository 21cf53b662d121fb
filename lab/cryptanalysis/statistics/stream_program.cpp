// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock-lab-stream SCHEME SEED WHAT: bytes for suites that test random numbers, on standard output. A program of its own: it needs no libtorch.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/statistics/raw_stream.hpp"
#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

bool put(const std::vector<std::uint8_t>& bytes) { return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size(); }

// Until whoever reads it has enough.
void put_key_stream(const std::string& scheme, std::uint64_t seed, bool locked) {
  RawStream stream(scheme, seed);
  for (;;) {
    auto bytes = stream.next();
    if (locked)
      for (std::uint8_t& byte : bytes) byte = aes_sbox()[byte];
    if (!put(bytes)) return;
  }
}

void put_locked_weights(const std::string& scheme_name, std::uint64_t seed, const std::string& file) {
  const auto scheme = file_scheme_named(scheme_name);
  Random random(seed, "raw stream");
  put(int8_bytes(scheme->lock(model_file(file), random_key(scheme->info().key_bits, random), seed), std::numeric_limits<std::size_t>::max()));
}

int usage() {
  std::fprintf(stderr, "usage: nnlock-lab-stream SCHEME SEED WHAT\n  WHAT: key-stream, locked-zeros (both without end), or a model file, whose int8 weights are locked\n  schemes:");
  for (const std::string& name : file_scheme_names()) std::fprintf(stderr, " %s", name.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

int main_of(const std::string& scheme, const std::string& seed_text, const std::string& what) {
  if (seed_text.empty() || seed_text.size() > 18 || seed_text.find_first_not_of("0123456789") != std::string::npos) return usage();
  const std::uint64_t seed = std::strtoull(seed_text.c_str(), nullptr, 10);
  if (what == "key-stream" || what == "locked-zeros") put_key_stream(scheme, seed, what == "locked-zeros");
  else put_locked_weights(scheme, seed, what);
  return 0;
}

}  // namespace
}  // namespace nnlock::lab

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return argc == 4 ? nnlock::lab::main_of(argv[1], argv[2], argv[3]) : nnlock::lab::usage();
  } catch (const nnlock::lab::Failure& failure) {
    std::fprintf(stderr, "nnlock-lab-stream: %s\n  hint: %s\n", failure.what(), failure.hint().c_str());
  }
  return 1;
}
