// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a codec does for one file format: find every parameter span, and carry a record inside the file.
// spec/record-v1.md section 6 (placement), docs/formats.md (which tensors are parameters).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "formats/bytes.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats {

// What a model file holds, as far as the lock cares.
struct Structure {
  std::vector<ParamSpan> params;       // sorted by offset, disjoint, each length > 0
  std::vector<Constant> constants;     // tensors that stay readable by rule, with the reason
  std::vector<Constant> unlockable;    // learned tensors that cannot be locked in place, with the reason
};

// One difference between the restored file and the file that carries a record: at byte `offset` of the restored
// file, `restored` is replaced by `stored`. Edits are sorted by offset and do not touch; they never cover parameters.
struct Edit {
  std::uint64_t offset = 0;
  std::vector<std::byte> restored;
  std::vector<std::byte> stored;
  bool operator==(const Edit&) const = default;
};

// A record found inside a file, and what to undo to get the restored file back.
struct Embedded {
  std::vector<std::byte> record;
  std::vector<Edit> edits;
};

// A codec is stateless and thread-safe. It trusts nothing: every count, offset and length is checked before use,
// nothing is allocated from an unchecked count, recursion is bounded, ambiguity is refused (bad_model with offset).
class Codec {
 public:
  virtual ~Codec() = default;
  virtual Format format() const = 0;

  // True when the file looks like this format. `head` holds the first min(size, 4096) bytes.
  virtual bool recognises(std::span<const std::byte> head, std::uint64_t size) const = 0;

  // How many leading bytes of a restored file parse() and embed() may look at, before its spans are known
  // (for example only the header). Never more than source.size().
  virtual Result<std::uint64_t> structure_extent(const ByteSource& source) const = 0;

  // Looks for a record in an untrusted file. None: nullopt. Two: bad_record. The text around the record must be, byte
  // for byte, what embed() would write; the caller also compares edits with embed() on the restored file.
  virtual Result<std::optional<Embedded>> find_record(const ByteSource& source) const = 0;

  // Finds all parameters of a restored file, or returns one error. `image` is the whole restored file; only structural
  // bytes may be looked at: the result must not change when parameter bytes are replaced by zeros (the caller checks).
  virtual Result<Structure> parse(std::span<const std::byte> image) const = 0;

  // The edits that put `record` into a restored file whose parse() succeeded. The size of the stored bytes depends
  // on record.size() and the skeleton only, not on the record's content.
  virtual Result<std::vector<Edit>> embed(std::span<const std::byte> image,
                                          std::span<const std::byte> record) const = 0;

  // Largest record in bytes that fits inside this format (a sidecar has no such limit).
  virtual std::uint64_t record_limit() const = 0;
};

const Codec& safetensors_codec();
const Codec& tflite_codec();
const Codec& onnx_codec();

// All codecs, in the order they are asked.
std::span<const Codec* const> codecs();

// The codec that recognises the file, or bad_model.
Result<const Codec*> detect(const ByteSource& source);

// The codec for a format number read from a record, or unsupported.
Result<const Codec*> codec_for(Format format);

}  // namespace nnlock::formats
