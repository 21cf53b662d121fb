// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock-lab-stream SCHEME SEED: the raw key stream on standard output until whoever reads it has enough. A program of its own: it needs no libtorch.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "lab/cryptanalysis/statistics/raw_stream.hpp"
#include "lab/failure.hpp"

int main(int argc, char** argv) {
  const std::string seed = argc == 3 ? argv[2] : "";
  if (seed.empty() || seed.size() > 18 || seed.find_first_not_of("0123456789") != std::string::npos) {
    std::fprintf(stderr, "usage: nnlock-lab-stream SCHEME SEED\n  schemes:");
    for (const std::string& name : nnlock::lab::file_scheme_names()) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    nnlock::lab::RawStream stream(argv[1], std::strtoull(argv[2], nullptr, 10));
    for (;;)
      if (const auto bytes = stream.next(); std::fwrite(bytes.data(), 1, bytes.size(), stdout) < bytes.size()) return 0;  // the reader has enough
  } catch (const nnlock::lab::Failure& failure) {
    std::fprintf(stderr, "nnlock-lab-stream: %s\n  hint: %s\n", failure.what(), failure.hint().c_str());
  }
  return 1;
}
