// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/open.hpp"

#include <algorithm>
#include <cassert>

namespace nnlock::lock {
namespace {

Error tampered(std::string message) {
  return Error{.code = ErrorCode::tampered, .message = std::move(message), .hint = "get the file again from where it was published"};
}

Error bad_record(std::string message) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .hint = "get the file again from where it was published"};
}

// Step 3.
Result<void> check_lengths(const Record& record, std::span<const std::uint64_t> restored_lengths) {
  if (record.coverage.count != restored_lengths.size())
    return Error{.code = ErrorCode::unsupported, .message = "the record covers several files", .hint = "give all files of the set"};
  for (std::size_t i = 0; i < restored_lengths.size(); ++i)
    if (record.core.files[record.coverage.first + i].length != restored_lengths[i]) return tampered("the model's size differs from what was locked");
  return {};
}

// Step 4, second half: the record is what was written by someone who had the file key.
Result<void> check_record(const Keyed& keyed) {
  const Record& record = keyed.record;
  const auto mac = keys::hmac(keyed.keys.record_key(record.core_hash),
                              {record.frame, record.head, be32(record.active_slot), record.envelope_bytes});
  if (!keys::equal_constant_time(mac, record.mac)) return tampered("the record differs from what was written");
  std::size_t tag = 0;
  for (std::size_t t = 0; t < record.core.params.size(); ++t) {
    const Parameter& p = record.core.params[t];
    if (!record.coverage.covers(p.file)) continue;
    const auto bytes = static_cast<std::size_t>(record.core.chunks(p)) * 16;
    const Hash digest = sha256(record.tags.subspan(tag, bytes));
    if (!keys::equal_constant_time(digest, record.digests_of(t))) return tampered("the record's tags differ from what was written");
    tag += bytes;
  }
  return {};
}

// Step 6: each recorded span is exactly one tensor of the model as the codec sees it.
Result<void> check_structure(const formats::Structure& structure, std::span<const Parameter> recorded) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (const ParamSpan& p : structure.params) found.emplace_back(p.offset, p.length);
  for (const Constant& c : structure.constants) found.emplace_back(c.offset, c.length);
  for (const Constant& c : structure.unlockable) found.emplace_back(c.offset, c.length);
  std::sort(found.begin(), found.end());
  for (const Parameter& p : recorded)
    if (!std::binary_search(found.begin(), found.end(), std::pair(p.offset, p.length)))
      return Error{.code = ErrorCode::bad_model, .message = "the record names a parameter that the model does not have", .offset = p.offset};
  return {};
}

Result<formats::Structure> check_codec(const FoundRecord& found, Format format, std::span<const std::byte> image,
                                       std::span<const Parameter> recorded) {
  const auto codec = formats::codec_for(format);
  if (!codec) return codec.error();
  auto structure = (*codec)->parse(image);
  if (!structure) return structure;
  if (auto checked = check_structure(*structure, recorded); !checked) return checked.error();
  if (found.in_sidecar) return structure;
  const auto edits = (*codec)->embed(image, found.bytes);
  if (!edits) return edits.error();
  if (*edits != found.edits) return bad_record("the record does not stand in the file as nnlock writes it");
  return structure;
}

}  // namespace

Result<FoundRecord> find_record(const formats::ByteSource& model, std::optional<std::vector<std::byte>> sidecar) {
  const auto codec = formats::detect(model);
  if (!codec && (!sidecar || codec.error().code == ErrorCode::io)) return codec.error();
  Result<std::optional<formats::Embedded>> embedded = std::optional<formats::Embedded>();
  if (codec) embedded = (*codec)->find_record(model);
  if (!embedded && (!sidecar || embedded.error().code == ErrorCode::io)) return embedded.error();
  const bool inside = embedded && embedded->has_value();
  if (sidecar && inside) return bad_record("the model has a record inside and one beside it");
  if (sidecar) return FoundRecord{.bytes = *std::move(sidecar), .in_sidecar = true};
  if (!inside)
    return Error{.code = ErrorCode::not_locked,
                 .message = "the model is not locked, or its record was taken out",
                 .hint = "lock it with `nnlock lock`, or give the record with --sidecar"};
  return FoundRecord{.bytes = std::move((*embedded)->record), .edits = std::move((*embedded)->edits)};
}

Result<Keyed> open_record(std::span<const std::byte> bytes, const MasterKey& key, bool decoy, std::span<const std::uint64_t> restored_lengths) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  auto record = parse_record(bytes);
  if (!record) return record.error();
  if (auto checked = check_lengths(*record, restored_lengths); !checked) return checked.error();
  const LockId& lock_id = record->core.lock_id;
  Keyed keyed{.record = *std::move(record), .keys = keys::KeySchedule(keys::derive_file_key(key.secret(), lock_id), lock_id)};
  keyed.fits = keys::equal_constant_time(keyed.keys.key_check(), keyed.record.core.key_check);
  if (keyed.fits) {
    if (auto checked = check_record(keyed); !checked) return checked.error();
  } else if (!decoy) {
    return Error{.code = ErrorCode::wrong_key,
                 .message = "the key does not fit this model",
                 .hint = "use the key the model was locked with; `nnlock inspect` may show its fingerprint"};
  }
  return keyed;
}

Result<std::vector<Run>> clip_to_structure(Format format, const formats::ByteSource& restored, std::span<const Run> runs) {
  const auto codec = formats::codec_for(format);
  if (!codec) return codec.error();
  const auto extent = (*codec)->structure_extent(restored);
  if (!extent) return extent.error();
  std::vector<Run> clipped;
  for (const Run& run : runs)
    if (run.offset < *extent) clipped.push_back({run.offset, std::min(run.length, *extent - run.offset)});
  return clipped;
}

std::vector<Parameter> params_of(const Core& core, std::uint32_t file) {
  std::vector<Parameter> params;
  std::copy_if(core.params.begin(), core.params.end(), std::back_inserter(params), [file](const Parameter& p) { return p.file == file; });
  return params;
}

// A decoy's skeleton is not authenticated, so no more of it is read than the codec needs until the codec has agreed.
Result<void> check_unkeyed(Image& image, const FoundRecord& found, const FileEntry& entry, const formats::ByteSource& restored,
                           std::span<const Run> runs, std::span<const Parameter> params) {
  const auto clipped = clip_to_structure(entry.format, restored, runs);
  if (!clipped) return clipped.error();
  if (auto filled = image.fill(restored, *clipped); !filled) return filled;
  if (auto checked = check_codec(found, entry.format, image.bytes(), params); !checked) return checked.error();
  return {};
}

std::string name_at(const formats::Structure& structure, std::uint64_t offset) {
  for (const ParamSpan& p : structure.params)
    if (offset >= p.offset && offset - p.offset < p.length) return p.name;
  for (const auto* constants : {&structure.constants, &structure.unlockable})
    for (const Constant& c : *constants)
      if (offset >= c.offset && offset - c.offset < c.length) return c.name;
  return {};
}

Result<OpenedFile> open_file(const Keyed& keyed, std::uint32_t file, const formats::ByteSource& restored, const FoundRecord* found) {
  const FileEntry& entry = keyed.record.core.files[file];
  assert(restored.size() == entry.length);  // open_record() has compared them
  auto params = params_of(keyed.record.core, file);
  const auto runs = skeleton_runs(params, entry.length);
  auto image = Image::reserve(entry.length);
  if (!image) return image.error();
  if (!keyed.fits && found != nullptr && entry.format != Format::raw)  // nobody vouches for the runs: structure first, the rest after
    if (auto looked = check_unkeyed(*image, *found, entry, restored, runs, params); !looked) return looked.error();
  if (auto filled = image->fill(restored, runs); !filled) return filled.error();
  if (keyed.fits && !keys::equal_constant_time(skeleton_hash(entry.role, image->bytes(), runs), entry.skeleton))
    return tampered("the model's structure differs from what was locked");
  formats::Structure structure;
  if (found != nullptr && entry.format != Format::raw) {
    auto checked = check_codec(*found, entry.format, image->bytes(), params);
    if (!checked) return checked.error();
    structure = *std::move(checked);
  }
  return OpenedFile{*std::move(image), std::move(structure), std::move(params)};
}

Result<void> check_demands(const Record& record, const Demands& demands) {
  const auto unmet = [](std::string message) {
    return Error{.code = ErrorCode::tampered, .message = std::move(message), .hint = "get the model that was asked for; this one is another or an older one"};
  };
  if (demands.lock_id && *demands.lock_id != record.core.lock_id) return unmet("the model has another lock id than the one demanded");
  if (demands.least_family) {
    const auto& family = record.core.family;
    if (!family || family->id != demands.least_family->id) return unmet("the model is not of the family demanded");
    if (family->version < demands.least_family->version) return unmet("the model is older than the least version demanded");
  }
  return {};
}

}  // namespace nnlock::lock
