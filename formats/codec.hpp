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
#include <string>
#include <string_view>
#include <vector>

#include "formats/bytes.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats {

// Bytes that follow from parameter bytes of the same file (spec/record-v1.md section 3.3): a CRC-32 over one span, in which parameters lie.
struct DerivedField {
  enum class Kind : std::uint8_t { crc32_local = 1, crc32_central = 2, crc32_descriptor = 4 };
  Kind kind = Kind::crc32_local;
  std::uint64_t offset = 0;            // bytes; 4 bytes, little endian; outside all parameters
  std::uint64_t span_offset = 0, span_length = 0;  // bytes; what it is computed over
  std::uint32_t file = 0;              // 0: the main file; i: companion i - 1
  bool operator==(const DerivedField&) const = default;
};

// What a model holds, as far as the lock cares.
struct Structure {
  std::vector<ParamSpan> params;       // sorted by (file, offset), disjoint, each length > 0
  std::vector<Constant> constants;     // tensors that stay readable by rule, with the reason
  std::vector<Constant> unlockable;    // learned tensors that cannot be locked in place, with the reason
  std::vector<DerivedField> derived;   // sorted by (file, offset); they may be looked at by no parse()
};

// All files of one model, restored: the main file first, then its companions in the order of Codec::companions().
using Files = std::span<const std::span<const std::byte>>;

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
  // bytes may be looked at: the result must not change when parameter bytes and derived fields are replaced by zeros (the caller checks).
  virtual Result<Structure> parse(std::span<const std::byte> image) const = 0;

  // False: companions() is always empty, and nothing need be read to know it.
  virtual bool has_companions() const { return false; }

  // The further files that a model needs, from its restored main file and that file's name (without folders): paths relative to the
  // main file's folder, with '/', never absolute, never with ".." (refused: bad_model). Most formats need none.
  virtual Result<std::vector<std::string>> companions(std::span<const std::byte> image, std::string_view main_name) const {
    (void)image, (void)main_name;
    return std::vector<std::string>();
  }

  // As structure_extent(), for companions: 0 where their bytes are parameters and padding only.
  virtual std::uint64_t companion_extent(const ByteSource& source) const {
    (void)source;
    return 0;
  }

  // parse() for a model with companions. Every file has its full size; beyond its extent its bytes may be zeros.
  virtual Result<Structure> parse_files(Files files) const { return parse(files.front()); }

  // The edits that put `record` into a restored main file whose parse() succeeded (companions never change in size). The size of the stored bytes depends
  // on record.size() and the skeleton only, not on the record's content.
  virtual Result<std::vector<Edit>> embed(std::span<const std::byte> image,
                                          std::span<const std::byte> record) const = 0;

  // Largest record in bytes that fits inside this format (a sidecar has no such limit).
  virtual std::uint64_t record_limit() const = 0;

  virtual FormatFacts facts() const = 0;
};

const Codec& safetensors_codec();
const Codec& tflite_codec();
const Codec& onnx_codec();
const Codec& executorch_codec();
const Codec& ncnn_codec();
const Codec& gguf_codec();
const Codec& openvino_codec();
const Codec& pytorch_codec();

// All codecs, in the order they are asked.
std::span<const Codec* const> codecs();

// What they say of themselves, each format once, in the order of their numbers.
std::vector<FormatFacts> facts_of_all();

// The codec that recognises the file, or bad_model.
Result<const Codec*> detect(const ByteSource& source);

// The codec for a format number read from a record, or unsupported.
Result<const Codec*> codec_for(Format format);

}  // namespace nnlock::formats
