// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking and unlocking as a property: what locks gives the same files back, and locking touches nothing but parameters, what follows from
// them, and the record. Input: a byte of choices, two bytes length of what companions hold, the main file, the companions' bytes.

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/codec.hpp"
#include "nnlock/lock.hpp"

namespace {

using namespace nnlock;
using Bytes = std::vector<std::byte>;

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

MasterKey key_of(int which) {
  std::array<std::byte, 32> bytes{};
  bytes.fill(static_cast<std::byte>(which));
  return MasterKey::from_bytes(bytes);
}

// In memory where there is such a file system: nothing of this need reach a disk.
std::string make_folder() {
  std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/lock_fuzz-XXXXXX" : "/tmp/lock_fuzz-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "a folder for the files");
  return name;
}

class Workshop {
 public:
  Workshop() : folder_(make_folder()) {}
  ~Workshop() { clear(true); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  Bytes read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
  }
  void clear(bool all) const {
    std::error_code ignored;
    if (all) std::filesystem::remove_all(folder_, ignored);
    else for (const auto& entry : std::filesystem::directory_iterator(folder_)) std::filesystem::remove_all(entry, ignored);
  }

 private:
  std::string folder_;
};

struct Model {
  std::vector<std::string> names;  // main file first
  std::vector<Bytes> files;
};

// The model that the input is; no companions when its main file cannot be read.
Model model_of(std::span<const std::byte> input) {
  const std::size_t wanted = std::to_integer<std::size_t>(input[1]) + 256 * std::to_integer<std::size_t>(input[2]);
  const auto rest = input.subspan(3);
  const auto main = rest.first(rest.size() - std::min(wanted, rest.size()));
  Model model{{"model"}, {Bytes(main.begin(), main.end())}};
  const auto codec = formats::detect(formats::MemorySource(main));
  if (!codec) return model;
  const auto companions = (*codec)->companions(main, "model");
  if (!companions) return model;
  for (const std::string& name : *companions) {
    model.names.push_back(name);
    model.files.emplace_back(rest.begin() + static_cast<std::ptrdiff_t>(main.size()), rest.end());
  }
  return model;
}

// Where the files may differ after locking with a record beside them.
void check_untouched(const Workshop& shop, const Model& model) {
  const auto codec = formats::detect(formats::MemorySource(model.files.front()));
  require(static_cast<bool>(codec), "a model that was locked has a codec");
  const std::vector<std::span<const std::byte>> views(model.files.begin(), model.files.end());
  const auto structure = (*codec)->parse_files(views);
  require(static_cast<bool>(structure), "a model that was locked has a structure");
  for (std::uint32_t i = 0; i < model.files.size(); ++i) {
    Bytes now = shop.read("locked/" + model.names[i]), before = model.files[i];
    require(now.size() == before.size(), "a file with its record beside it keeps its size");
    const auto forget = [&](std::uint64_t offset, std::uint64_t length) {
      for (Bytes* bytes : {&now, &before}) std::fill_n(bytes->begin() + static_cast<std::ptrdiff_t>(offset), length, std::byte{0});
    };
    for (const ParamSpan& p : structure->params)
      if (p.file == i) forget(p.offset, p.length);
    for (const formats::DerivedField& d : structure->derived)
      if (d.file == i) forget(d.offset, 4);
    require(now == before, "bytes outside parameters stay as they are");
  }
}

void check_model(const Workshop& shop, const Model& model, std::uint8_t choices) {
  for (std::size_t i = 0; i < model.files.size(); ++i) shop.write(model.names[i], model.files[i]);
  const LockOptions options{.suite = (choices & 1) != 0 ? Suite::chacha20 : Suite::aes256,
                            .layout = (choices & 2) != 0 ? LayoutChoice::bytes : LayoutChoice::automatic,
                            .allow_plain = (choices & 4) != 0,
                            .sidecar = (choices & 8) != 0,
                            .threads = 1};
  std::filesystem::create_directories(shop.path("locked"));
  const std::string locked = shop.path("locked/model");
  const auto report = lock_file(key_of(1), shop.path("model"), locked, options);
  if (!report) {
    require(!report.error().message.empty(), "an error says what happened");
    return require(std::filesystem::is_empty(shop.path("locked")), "nothing is written beside an error");
  }
  if (options.sidecar) check_untouched(shop, model);
  const auto wrong = verify_file(key_of(2), locked, {.threads = 1});
  require(!wrong && wrong.error().code == ErrorCode::wrong_key, "a wrong key is told");
  std::filesystem::create_directories(shop.path("plain"));
  require(static_cast<bool>(unlock_file(key_of(1), locked, shop.path("plain/model"), {.threads = 1})), "what was locked unlocks");
  for (std::size_t i = 0; i < model.files.size(); ++i)
    require(shop.read("plain/" + model.names[i]) == model.files[i], "unlocking gives back what was locked");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Workshop shop;
  const auto input = std::as_bytes(std::span(data, size));
  if (size < 4) return 0;
  check_model(shop, model_of(input), data[0]);
  shop.clear(false);
  return 0;
}
