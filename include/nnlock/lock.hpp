// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What one can do with models: lock, unlock, verify, inspect. Everything here is thread-safe; errors are values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nnlock/keys.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock {

enum class Suite : std::uint8_t { aes256 = 1, chacha20 = 2 };
using LockId = std::array<std::byte, 16>;

// Called from one thread at a time with bytes of work done and in all. A parameter counts once each time it is read: locking with
// LayoutChoice::automatic reads most of them twice.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// A family groups the locks of successive versions of one model, so that a reader can demand a least version.
struct Family {
  std::array<std::byte, 16> id{};
  std::uint64_t version = 0;
};

// What lock_file() may turn parameters into (lock-v1 section 5.4).
enum class LayoutChoice : std::uint8_t {
  automatic,  // floats stay finite numbers, wide integers keep their range, the rest is locked byte by byte
  bytes,      // everything byte by byte
};

struct LockOptions {
  Suite suite = Suite::aes256;
  LayoutChoice layout = LayoutChoice::automatic;
  std::uint8_t chunk_log2 = 18;        // chunk size 2^16 to 2^24 bytes; raised when the record would not fit its container
  std::vector<std::string> include;    // globs on parameter names; empty means all
  std::vector<std::string> exclude;    // globs; these parameters stay plain (still authenticated)
  bool allow_plain = false;            // accept learned tensors that cannot be locked in place
  bool sidecar = false;                // record into sidecar_path instead of the model file
  std::string sidecar_path;            // empty: OUT + ".nnlock"
  bool fingerprint_hint = false;       // write the key's fingerprint into the record
  std::optional<Family> family;
  std::uint32_t slot_bytes = 1024;     // room for recipients, each of two slots; 64 to 1 MiB
  unsigned threads = 0;                // 0: all cores
  bool force = false;                  // overwrite an existing output file
  Progress progress;
};

struct UnlockOptions {
  std::string sidecar_path;            // empty: MODEL + ".nnlock" when that exists
  bool decoy = false;                  // evaluation only: unlock with a key that does not fit (lock-v1 section 9)
  std::optional<LockId> expected_lock_id;
  std::optional<Family> least_family;  // the record's family must be this one, at this version or later
  unsigned threads = 0;
  bool force = false;
  Progress progress;
};

// What layout `finite` tells about the values of a float tensor (lock-v1 section 5.1). Locked values keep to it as well.
struct FiniteInfo {
  bool nonzero = true;                 // false: zeros and subnormal numbers only; low and high then mean nothing
  int low = 0, high = 0;               // magnitudes from 2^low to below 2^(high + 1)
  bool zero = false;                   // zeros and subnormal numbers too
  bool keeps_sign = false;             // no sign bit is set, and locking sets none
};

// What layout `range` tells (section 5.2): values in [-2^bits, 2^bits), or in [0, 2^bits) if not `negative`.
struct RangeInfo {
  int bits = 0;
  bool negative = false;
};

// One tensor as `inspect` shows it.
struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;    // elements
  std::uint64_t offset = 0, length = 0;  // bytes, restored coordinates
  std::string file;                    // of a model of several files: which one, as the model names it; else empty
  std::string layout;                  // "bytes", "plain", "finite", "range", "block", or "" for a constant outside the record;
                                       // of a plain model: what locking without options would choose
  std::string reason;                  // why a constant stays readable, or why a float tensor is in layout "bytes" or "plain" unasked
  std::optional<FiniteInfo> finite;    // layout "finite" only
  std::optional<RangeInfo> range;      // layout "range" only
};

struct RecordInfo {
  LockId lock_id{};
  Suite suite = Suite::aes256;
  std::uint64_t chunk_bytes = 0, chunks = 0, record_bytes = 0, slot_bytes = 0;
  std::optional<Family> family;
  std::optional<std::string> fingerprint_hint;
  bool in_sidecar = false;
};

struct ModelInfo {
  Format format = Format::raw;         // of a folder: that of its first model
  std::uint64_t files = 1;             // of a model of several files: how many
  std::uint64_t file_bytes = 0, restored_bytes = 0;  // of all files
  std::optional<RecordInfo> record;    // absent: not locked. Of a set: the first record, chunks and bytes added up
  std::vector<TensorInfo> params;      // in file order
  std::vector<TensorInfo> constants;   // readable by rule, or learned and not lockable in place (reason says which)
  std::uint64_t locked_bytes = 0;      // of parameters in a scrambling layout
  std::uint64_t param_bytes = 0;       // of all learned bytes, lockable or not
};

// How many parameters are in each layout.
struct LayoutCounts {
  std::uint64_t bytes = 0, plain = 0, finite = 0, range = 0, block = 0;
};

struct LockReport {
  LockId lock_id{};
  std::uint64_t params = 0, locked_bytes = 0;  // parameters that were scrambled
  LayoutCounts layouts;                // of the parameters in the record
  std::vector<std::string> fallen_back;  // float tensors that LayoutChoice::automatic left in layout "bytes": they hold NaN or infinity
  std::uint64_t record_bytes = 0, chunks = 0;  // of all records
  std::uint64_t files = 1;             // that make up the model, with its record beside not counted
  std::uint64_t copied_files = 0;      // of a set: without parameters, neither locked nor authenticated
  std::uint64_t plain_bytes = 0;       // learned bytes left readable: excluded, without a finite number, or not lockable in place
  std::string kernel;                  // name of the kernel that ran; with a number kernel: both, a comma between
  std::string sidecar_path;            // when one was written
};

struct UnlockReport {
  LockId lock_id{};
  std::uint64_t params = 0, bytes = 0;
  std::uint64_t files = 1, set_files = 1;  // files that were opened, of so many that were locked together
  bool key_fits = true;                // false only for a decoy
  std::string kernel;                  // as in LockReport
};

// An unlocked model in private memory: left out of core dumps, wiped and unmapped on destruction.
class ModelBuffer {
 public:
  ModelBuffer() = default;
  ModelBuffer(ModelBuffer&& other) noexcept;
  ModelBuffer& operator=(ModelBuffer&& other) noexcept;
  ~ModelBuffer();
  static Result<ModelBuffer> allocate(std::uint64_t size);  // bytes, zeroed; errors: io
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::span<std::byte> bytes_mutable() { return {data_, size_}; }
  void wipe();                         // zeroes and releases the memory now; bytes() is empty afterwards
  void discard();                      // releases without zeroing: for buffers that never held plain weights

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Locks the model file `in` into the new file `out` (which appears only when complete). Errors: io, bad_model,
// already_locked, nothing_to_lock, unsupported, usage.
Result<LockReport> lock_file(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options);

// Unlocks into a new file, into an open file descriptor (truncated and written from 0), or into memory.
// Errors: io, not_locked, wrong_key, tampered, bad_record, bad_model, unsupported, licence, usage.
Result<UnlockReport> unlock_file(const MasterKey& key, const std::string& in, const std::string& out, const UnlockOptions& options);
Result<UnlockReport> unlock_to_fd(const MasterKey& key, const std::string& in, int fd, const UnlockOptions& options);
Result<ModelBuffer> unlock_to_memory(const MasterKey& key, const std::string& in, const UnlockOptions& options,
                                     UnlockReport* report = nullptr);
// The same from memory to memory; `sidecar` is empty when the record stands in the model.
Result<ModelBuffer> unlock_bytes(const MasterKey& key, std::span<const std::byte> locked, std::span<const std::byte> sidecar,
                                 const UnlockOptions& options, UnlockReport* report = nullptr);

// Checks everything that unlocking checks and writes nothing. Errors as for unlocking.
Result<UnlockReport> verify_file(const MasterKey& key, const std::string& in, const UnlockOptions& options);

// Takes away the temporary files of outputs that are being written. Safe to call from a signal handler, before the process ends.
void remove_unfinished_outputs() noexcept;

// What the formats are that can be locked, in the order of their numbers.
std::vector<FormatFacts> known_formats();

// Describes a model, locked or plain. Needs no key and therefore authenticates nothing. Of a plain model all parameters are read,
// to tell which layouts they would get. `sidecar_path` as in UnlockOptions.
Result<ModelInfo> inspect_file(const std::string& in, const std::string& sidecar_path = {});

}  // namespace nnlock
