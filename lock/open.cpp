// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/open.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "lock/derived.hpp"

namespace nnlock::lock {
namespace {

Error tampered(std::string message) {
  return Error{.code = ErrorCode::tampered, .message = std::move(message), .hint = "get the file again from where it was published"};
}

Error bad_record(std::string message) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .hint = "get the file again from where it was published"};
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

using Place = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>;  // file of the model, offset, length

// Step 6: each recorded span is exactly one tensor of the model as the codec sees it.
Result<void> check_spans(const formats::Structure& structure, const Core& core, Coverage coverage) {
  std::vector<Place> found;
  for (const ParamSpan& p : structure.params) found.emplace_back(p.file, p.offset, p.length);
  for (const Constant& c : structure.constants) found.emplace_back(c.file, c.offset, c.length);
  for (const Constant& c : structure.unlockable) found.emplace_back(c.file, c.offset, c.length);
  std::sort(found.begin(), found.end());
  for (const Parameter& p : core.params)
    if (coverage.covers(p.file) && !std::binary_search(found.begin(), found.end(), Place(p.file - coverage.first, p.offset, p.length)))
      return Error{.code = ErrorCode::bad_model, .message = "the record names a parameter that the model does not have", .offset = p.offset};
  return {};
}

// Derived fields are computed from what the codec says they cover, so it must see the same ones.
Result<void> check_derived_fields(const formats::Structure& structure, const Core& core, Coverage coverage) {
  for (std::uint32_t i = 0; i < coverage.count; ++i)
    if (derived_entries(structure, i) != core.files[coverage.first + i].derived)
      return Error{.code = ErrorCode::bad_model, .message = "the record names other checksums than the model has"};
  return {};
}

// A main file, and data of the same model behind it.
Result<void> check_roles(const Core& core, Coverage coverage) {
  const FileEntry& main = core.files[coverage.first];
  for (std::uint32_t i = 0; i < coverage.count; ++i) {
    const FileEntry& file = core.files[coverage.first + i];
    if (file.format != main.format || (file.role == Role::external_data) != (i != 0))
      return Error{.code = ErrorCode::unsupported, .message = "the record covers files that are no one model", .hint = "use a newer nnlock"};
  }
  return {};
}

Result<Images> reserve_images(const Core& core, Coverage coverage) {
  Images images;
  for (std::uint32_t i = 0; i < coverage.count; ++i) {
    auto image = Image::reserve(core.files[coverage.first + i].length);
    if (!image) return image.error();
    images.files.push_back(*std::move(image));
  }
  return images;
}

bool is_raw(const Core& core, Coverage coverage) { return core.files[coverage.first].format == Format::raw; }

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

std::vector<std::uint64_t> lengths_of(const Restored& restored) {
  std::vector<std::uint64_t> lengths;
  for (const formats::ByteSource* file : restored.files) lengths.push_back(file->size());
  return lengths;
}

Result<void> check_lengths(const Record& record, std::span<const std::uint64_t> restored_lengths) {
  if (record.coverage.count != restored_lengths.size())
    return Error{.code = ErrorCode::unsupported, .message = "the record covers several files", .hint = "give all files of the set"};
  for (std::size_t i = 0; i < restored_lengths.size(); ++i)
    if (record.core.files[record.coverage.first + i].length != restored_lengths[i]) return tampered("the model's size differs from what was locked");
  return {};
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

std::vector<Run> runs_of(const Core& core, std::uint32_t file) {
  return skeleton_runs(params_of(core, file), core.files[file].derived, core.files[file].length);
}

Result<formats::Structure> check_codec(const Core& core, Coverage coverage, const Images& images, const Restored& restored, const FoundRecord& found) {
  const auto codec = formats::codec_for(core.files[coverage.first].format);
  if (!codec) return codec.error();
  if (auto roles = check_roles(core, coverage); !roles) return roles.error();
  const auto companions = (*codec)->companions(images.files.front().bytes(), restored.main_name);
  if (!companions) return companions.error();
  if (*companions != restored.companions) return tampered("the model needs other files than those that were locked with it");
  auto structure = (*codec)->parse_files(images.views());
  if (!structure) return structure;
  if (auto checked = check_spans(*structure, core, coverage); !checked) return checked.error();
  if (auto checked = check_derived_fields(*structure, core, coverage); !checked) return checked.error();
  if (found.in_sidecar) return structure;
  const auto edits = (*codec)->embed(images.files.front().bytes(), found.bytes);
  if (!edits) return edits.error();
  if (*edits != found.edits) return bad_record("the record does not stand in the file as nnlock writes it");
  return structure;
}

Result<Images> unkeyed_images(const Core& core, Coverage coverage, const Restored& restored) {
  const auto codec = formats::codec_for(core.files[coverage.first].format);
  if (!codec) return codec.error();
  const auto extents = extents_of(**codec, restored.files);
  if (!extents) return extents.error();
  auto images = reserve_images(core, coverage);
  if (!images) return images;
  for (std::uint32_t i = 0; i < coverage.count; ++i)
    for (const Run& run : runs_of(core, coverage.first + i)) {
      const std::uint64_t extent = (*extents)[i];
      if (run.offset >= extent) continue;
      if (auto filled = images->files[i].fill(*restored.files[i], run.offset, std::min(run.length, extent - run.offset)); !filled) return filled.error();
    }
  return images;
}

std::vector<Parameter> params_of(const Core& core, std::uint32_t file) {
  const auto [first, last] = std::equal_range(core.params.begin(), core.params.end(), Parameter{.file = file},
                                              [](const Parameter& a, const Parameter& b) { return a.file < b.file; });
  return {first, last};
}

std::string name_at(const formats::Structure& structure, std::uint32_t file, std::uint64_t offset) {
  const auto holds = [&](const auto& tensor) { return tensor.file == file && offset >= tensor.offset && offset - tensor.offset < tensor.length; };
  for (const ParamSpan& p : structure.params)
    if (holds(p)) return p.name;
  for (const auto* constants : {&structure.constants, &structure.unlockable})
    for (const Constant& c : *constants)
      if (holds(c)) return c.name;
  return {};
}

// A decoy's skeleton is not authenticated, so no more of it is read than the codec needs until the codec has agreed.
Result<OpenedFiles> open_files(const Keyed& keyed, const Restored& restored, const FoundRecord* found) {
  const Core& core = keyed.record.core;
  const Coverage coverage = keyed.record.coverage;
  const bool has_codec = found != nullptr && !is_raw(core, coverage);
  auto images = !keyed.fits && has_codec ? unkeyed_images(core, coverage, restored) : reserve_images(core, coverage);
  if (!images) return images.error();
  if (!keyed.fits && has_codec)
    if (auto checked = check_codec(core, coverage, *images, restored, *found); !checked) return checked.error();
  for (std::uint32_t i = 0; i < coverage.count; ++i) {
    const FileEntry& entry = core.files[coverage.first + i];
    assert(restored.files[i]->size() == entry.length);  // open_record() has compared them
    const auto runs = runs_of(core, coverage.first + i);
    if (auto filled = images->files[i].fill(*restored.files[i], runs); !filled) return filled.error();
    if (keyed.fits && !keys::equal_constant_time(skeleton_hash(entry.role, images->files[i].bytes(), runs), entry.skeleton))
      return tampered("the model's structure differs from what was locked");
  }
  OpenedFiles opened{.images = *std::move(images)};
  if (!has_codec) return opened;
  auto structure = check_codec(core, coverage, opened.images, restored, *found);
  if (!structure) return structure.error();
  opened.structure = *std::move(structure);
  return opened;
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
