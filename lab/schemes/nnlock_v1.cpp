// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// This library's own lock (spec/lock-v1.md), through its front door: what an attacker has is what lock_file() wrote, and a wrong key
// is a decoy unlock. Layouts are those that the library chooses by itself.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "lab/failure.hpp"
#include "lab/schemes/lock_file.hpp"
#include "lab/schemes/scheme.hpp"
#include "lock/lock_with_id.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {
namespace {

MasterKey master_key(const Key& key) { return MasterKey::from_bytes(std::as_bytes(std::span(key.bytes)).first<SecretBytes::size>()); }

// A folder of its own for the files that the library reads and writes, gone at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "nnlock-lab.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw Failure(name + ": cannot be made", "set TMPDIR to a folder that can be written");
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  Path path_;
};

class NnlockV1 : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "nnlock-v1", .key_bits = 256, .scramble = Scramble::finite};
    return info;
  }
  Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t seed) const override {
    const ScratchFolder scratch;
    write_file(scratch.file("plain.safetensors"), model_file);
    lock_model_file(key, scratch.file("plain.safetensors"), scratch.file("locked.safetensors"), seed, {"*.scale"});
    return read_file(scratch.file("locked.safetensors"));
  }
  Weights unlock(const Bytes& locked, const Key& key) const override {
    const auto plain = value_or_throw(unlock_bytes(master_key(key), locked, {}, UnlockOptions{.decoy = true, .threads = 1}));
    return from_safetensors(plain.bytes(), "the unlocked model");
  }
};

}  // namespace

void lock_model_file(const Key& key, const Path& model, const Path& out, std::uint64_t seed, std::vector<std::string> exclude) {
  LockId lock_id{};
  Random random(seed, "lock id");
  for (auto& byte : lock_id) byte = static_cast<std::byte>(random.below(256));
  const LockOptions options{.exclude = std::move(exclude), .threads = 1};
  value_or_throw(nnlock::lock::lock_with_id(master_key(key), model.string(), out.string(), options, lock_id));
}

Key key_from_hex(const std::string& digits) {
  constexpr const char* kDigits = "0123456789abcdef";
  if (digits.size() != 2 * SecretBytes::size || digits.find_first_not_of(kDigits) != std::string::npos)
    throw Failure("a key of " + std::to_string(digits.size()) + " characters", "give 64 hexadecimal digits, 0 to 9 and a to f");
  const auto value = [&](std::size_t i) { return std::string_view(kDigits).find(digits[i]); };
  Key key;
  for (std::size_t i = 0; i < digits.size(); i += 2) key.bytes.push_back(static_cast<std::uint8_t>(value(i) * 16 + value(i + 1)));
  return key;
}

std::unique_ptr<Scheme> make_nnlock_v1() { return std::make_unique<NnlockV1>(); }

}  // namespace nnlock::lab
