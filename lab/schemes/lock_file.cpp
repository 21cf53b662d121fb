// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/lock_file.hpp"

#include <string_view>

#include "lab/failure.hpp"
#include "lab/random.hpp"
#include "lock/lock_with_id.hpp"
#include "lock/open.hpp"
#include "lock/sinks.hpp"

namespace nnlock::lab {

MasterKey master_key(const Key& key) { return MasterKey::from_bytes(std::as_bytes(std::span(key.bytes)).first<SecretBytes::size>()); }

Bytes lock_model(const Bytes& model, const Key& key, std::uint64_t seed, std::vector<std::string> exclude) {
  const TemporaryFolder scratch;
  write_file(scratch.path() / "plain", model);
  lock_model_file(key, scratch.path() / "plain", scratch.path() / "locked", seed, std::move(exclude));
  return read_file(scratch.path() / "locked");
}

void lock_model_file(const Key& key, const Path& model, const Path& out, std::uint64_t seed, std::vector<std::string> exclude) {
  LockId lock_id{};
  Random random(seed, "lock id");
  for (auto& byte : lock_id) byte = static_cast<std::byte>(random.below(256));
  const LockOptions options{.exclude = std::move(exclude), .threads = 1};
  value_or_throw(nnlock::lock::lock_with_id(master_key(key), model.string(), out.string(), options, lock_id));
}

Bytes unlock_unchecked(const Bytes& locked, const Key& key) {
  namespace room = nnlock::lock;
  const formats::MemorySource source(locked);
  const auto found = value_or_throw(room::find_record(source, std::nullopt));
  const auto restored = value_or_throw(room::RestoredSource::over(source, found.edits));
  const auto record = value_or_throw(room::parse_record(found.bytes));
  Bytes model(restored.size());
  value_or_throw(restored.read(0, model));
  for (const room::Parameter& p : record.core.params)
    if (p.offset > model.size() || p.length > model.size() - p.offset) throw Failure("a parameter of the record lies outside the file", "give a locked file");
  const MasterKey master = master_key(key);
  const keys::KeySchedule keys(keys::derive_file_key(master.secret(), record.core.lock_id), record.core.lock_id);
  const room::MemorySink sink(model);
  const room::FileEnds ends{&restored, &sink};
  Bytes tags(record.tags.begin(), record.tags.end());
  value_or_throw(room::run_pass(room::Pass::decoy, record.core, record.core_hash, record.coverage, keys, value_or_throw(room::choose_kernels(record.core.suite)), {&ends, 1}, tags, {.threads = 1}));
  return model;
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

}  // namespace nnlock::lab
