// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/file_scheme.hpp"

#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"
#include "lab/schemes/lock_file.hpp"

namespace nnlock::lab {
namespace {

class V1 : public FileScheme {
 public:
  const FileSchemeInfo& info() const override {
    static const FileSchemeInfo info{.name = "nnlock-v1", .key_bits = 256, .authenticated = true, .summary = "this library's lock (spec/lock-v1.md)"};
    return info;
  }
  Bytes lock(const Bytes& model, const Key& key, std::uint64_t seed) const override { return lock_model(model, key, seed); }
  Bytes unlock(const Bytes& locked, const Key& key) const override {
    const auto plain = value_or_throw(unlock_bytes(master_key(key), locked, {}, UnlockOptions{.threads = 1}));
    return Bytes(plain.bytes().begin(), plain.bytes().end());
  }
  Bytes unlock_unchecked(const Bytes& locked, const Key& key) const override { return nnlock::lab::unlock_unchecked(locked, key); }
};

class Published : public FileScheme {
 public:
  explicit Published(FileSchemeInfo info) : info_(std::move(info)) {}
  const FileSchemeInfo& info() const override { return info_; }
  Bytes lock(const Bytes& model, const Key& key, std::uint64_t) const override { return lock_published(model, key_stream(key)); }
  Bytes unlock(const Bytes& locked, const Key& key) const override { return unlock_published(locked, key_stream(key)); }
  KeyStream key_stream(const Key& key) const override { return published_key_stream(key); }

 private:
  FileSchemeInfo info_;
};

class Periodic : public Published {
 public:
  explicit Periodic(std::uint64_t period)
      : Published({.name = "period-" + std::to_string(period),
                   .key_bits = period == 240 ? 256u : 128u,
                   .summary = "as nnlock-2022, but the key stream begins anew every " + std::to_string(period) + " bytes"}),
        period_(period) {}
  KeyStream key_stream(const Key& key) const override {
    return [key, period = period_](std::uint64_t length) {
      const auto once = endless_schedule(key.bytes, period);
      std::vector<std::uint8_t> stream(length);
      for (std::uint64_t i = 0; i < length; ++i) stream[i] = once[i % period];
      return stream;
    };
  }

 private:
  std::uint64_t period_;
};

constexpr std::uint64_t kPeriods[] = {176, 240, 256, 4096, 65536};

std::vector<std::unique_ptr<FileScheme>> all_schemes() {
  std::vector<std::unique_ptr<FileScheme>> all;
  all.push_back(std::make_unique<V1>());
  for (const std::size_t bits : {128u, 256u})
    all.push_back(std::make_unique<Published>(FileSchemeInfo{.name = "nnlock-2022-" + std::to_string(bits),
                                                             .key_bits = bits,
                                                             .summary = "as published: the key expansion of AES-" + std::to_string(bits) + ", continued, is the key stream"}));
  for (const std::uint64_t period : kPeriods) all.push_back(std::make_unique<Periodic>(period));
  return all;
}

}  // namespace

KeyStream FileScheme::key_stream(const Key&) const { return {}; }

std::vector<std::string> file_scheme_names() {
  std::vector<std::string> names;
  for (const auto& scheme : all_schemes()) names.push_back(scheme->info().name);
  return names;
}

std::unique_ptr<FileScheme> file_scheme_named(const std::string& name) {
  for (auto& scheme : all_schemes())
    if (scheme->info().name == name) return std::move(scheme);
  throw Failure("no lock on files is called " + name, "see nnlock-lab list");
}

}  // namespace nnlock::lab
