// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Latency of the library on small models, through the front door only:
//
//     front_door_bench --benchmark_repetitions=21 examples/models/*.onnx examples/models/*.tflite
//
// Each model is locked once into a temporary folder; unlocking it in memory, verifying and inspecting it are
// then timed, beside a plain read of the same file for what the file system takes.
#include <benchmark/benchmark.h>
#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "nnlock/keys.hpp"
#include "nnlock/lock.hpp"

namespace {

namespace fs = std::filesystem;

// A folder of its own, gone at the end with everything in it.
class Scratch {
 public:
  Scratch() : path_((fs::temp_directory_path() / "nnlock-bench-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) std::exit((std::perror(path_.c_str()), 1));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void read_plainly(benchmark::State& state, const std::string& path) {
  for (auto _ : state) {
    std::vector<char> bytes(fs::file_size(path));
    std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    benchmark::DoNotOptimize(bytes.data());
  }
}

void unlock_in_memory(benchmark::State& state, const nnlock::MasterKey& key, const std::string& path) {
  for (auto _ : state) {
    auto model = nnlock::unlock_to_memory(key, path, {});  // wiped and unmapped within the measured time
    if (!model) return state.SkipWithError(model.error().message.c_str());
    benchmark::DoNotOptimize(model->bytes().data());
  }
}

void verify(benchmark::State& state, const nnlock::MasterKey& key, const std::string& path) {
  for (auto _ : state) {
    if (auto report = nnlock::verify_file(key, path, {}); !report)
      return state.SkipWithError(report.error().message.c_str());
  }
}

void inspect(benchmark::State& state, const std::string& path) {
  for (auto _ : state) {
    if (auto info = nnlock::inspect_file(path); !info)
      return state.SkipWithError(info.error().message.c_str());
  }
}

bool unlocks_to(const nnlock::MasterKey& key, const std::string& locked, const std::string& plain) {
  std::ifstream file(plain, std::ios::binary);
  const std::vector<char> wanted{std::istreambuf_iterator<char>(file), {}};
  const auto model = nnlock::unlock_to_memory(key, locked, {});
  return model && std::ranges::equal(std::as_bytes(std::span(wanted)), model->bytes());
}

template <class... A>
void add(const std::string& name, A... args) {
  benchmark::RegisterBenchmark(name.c_str(), args...)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

bool add_model(const nnlock::MasterKey& key, const fs::path& plain, const std::string& locked) {
  const auto report = nnlock::lock_file(key, plain.string(), locked, {});
  if (!report) return std::fprintf(stderr, "%s: %s\n", plain.c_str(), report.error().message.c_str()), false;
  if (!unlocks_to(key, locked, plain.string()))
    return std::fprintf(stderr, "%s: not restored\n", plain.c_str()), false;
  const std::string name = plain.filename().string();
  add("read/" + name, read_plainly, locked);
  add("unlock_to_memory/" + name, unlock_in_memory, std::cref(key), locked);
  add("verify_file/" + name, verify, std::cref(key), locked);
  add("inspect_file/" + name, inspect, locked);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes its own options away; models remain
  const auto key = nnlock::MasterKey::generate();
  if (!key) return 1;
  const Scratch scratch;
  for (int i = 1; i < argc; ++i)
    if (!add_model(*key, argv[i], scratch.file(std::to_string(i) + ".locked"))) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
