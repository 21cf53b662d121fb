// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/plain_model.hpp"

#include <algorithm>

#include "lock/derived.hpp"
#include "lock/naming.hpp"
#include "lock/select.hpp"

namespace nnlock::lock {
namespace {

using formats::Codec;
using formats::Structure;

bool same_spans(const Structure& a, const Structure& b) {
  const auto equal = [](const ParamSpan& x, const ParamSpan& y) {
    return x.file == y.file && x.offset == y.offset && x.length == y.length && x.name == y.name && x.dtype == y.dtype && x.shape == y.shape &&
           x.structs == y.structs;
  };
  return std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(), equal) && a.derived == b.derived &&
         a.constants.size() == b.constants.size() && a.unlockable.size() == b.unlockable.size();
}

Error already_locked(const char* message, const std::string& file) {
  return Error{.code = ErrorCode::already_locked, .message = message, .hint = "unlock it first, or lock the original", .file = file};
}

Result<void> check_plain(const Codec& codec, const FileSource& source) {
  if (file_exists(source.path() + ".nnlock"))
    return Error{.code = ErrorCode::already_locked,
                 .message = "a record lies beside the model: it is locked already",
                 .hint = "unlock it first, or move the record of another model away",
                 .file = source.path() + ".nnlock"};
  const auto embedded = codec.find_record(source);
  if (!embedded) return embedded.error();
  if (embedded->has_value()) return already_locked("the model is locked already", source.path());
  return {};
}

Error nothing_to_lock(const char* why) {
  return {.code = ErrorCode::nothing_to_lock,
          .message = std::string("nothing to lock: ") + why,
          .hint = "`nnlock inspect` lists what nnlock sees in the model"};
}

Result<void> open_sources(PlainPart& part, const std::string& main_path) {
  auto main = FileSource::open(main_path);
  if (!main) return main.error();
  part.sources.push_back(*std::move(main));
  const auto codec = formats::detect(*part.sources.front());
  if (!codec) return codec.error();
  part.codec = *codec;
  if (auto plain = check_plain(**codec, *part.sources.front()); !plain) return plain;
  auto companions = companions_of(**codec, *part.sources.front(), name_of(main_path));
  if (!companions) return companions.error();
  part.companions = *std::move(companions);
  for (const std::string& name : part.companions) {
    auto companion = open_companion(main_path, name);
    if (!companion) return companion.error();
    part.sources.push_back(*std::move(companion));
  }
  return {};
}

std::vector<const formats::ByteSource*> views_of(const std::vector<std::unique_ptr<FileSource>>& sources) {
  std::vector<const formats::ByteSource*> views;
  for (const auto& source : sources) views.push_back(source.get());
  return views;
}

// What lies beyond the extent, which is all that was read yet.
Result<void> fill_beyond(Image& image, std::uint64_t extent, const formats::ByteSource& source, std::span<const Run> runs) {
  for (const Run& run : runs) {
    if (run.offset + run.length <= extent) continue;
    const std::uint64_t from = std::max(run.offset, extent);
    if (auto filled = image.fill(source, from, run.offset + run.length - from); !filled) return filled;
  }
  return {};
}

Result<void> check_lockable(const Structure& structure, const LockOptions& options) {
  if (structure.unlockable.empty() || options.allow_plain) return {};
  const Constant& first = structure.unlockable.front();
  return Error{.code = ErrorCode::unsupported,
               .message = "a learned tensor cannot be locked in place: " + first.reason,
               .hint = "store it as raw data, or give --allow-plain to leave such tensors readable",
               .tensor = first.name,
               .offset = first.offset};
}

// Parameters, holes and skeleton of the files of one part; the codec must see the same in the private copies with zeros for parameters.
Result<void> take_skeleton(Prepared& prepared, PlainPart& part, const LockOptions& options) {
  if (auto lockable = check_lockable(part.structure, options); !lockable) return lockable;
  part.first_file = static_cast<std::uint32_t>(prepared.files.size());
  const auto params = select_parameters(part.structure.params, part.first_file, options.include, options.exclude);
  prepared.params.insert(prepared.params.end(), params.begin(), params.end());
  for (std::uint32_t i = 0; i < part.sources.size(); ++i) {
    Image& image = part.images.files[i];
    FileEntry entry{.role = i == 0 ? Role::model : Role::external_data, .format = part.codec->format(), .length = part.sources[i]->size()};
    entry.derived = derived_entries(part.structure, i);
    if (auto checked = check_derived(part.structure, i, *part.sources[i]); !checked) return checked;
    std::vector<Parameter> own;
    std::copy_if(params.begin(), params.end(), std::back_inserter(own), [&](const Parameter& p) { return p.file == part.first_file + i; });
    prepared.runs.push_back(skeleton_runs(own, entry.derived, entry.length));
    for (const Parameter& p : own) image.punch(p.offset, p.length);
    for (const DerivedEntry& d : entry.derived) image.punch(d.offset, kDerivedBytes);
    if (auto filled = fill_beyond(image, part.extents[i], *part.sources[i], prepared.runs.back()); !filled) return filled;
    prepared.files.push_back(std::move(entry));
  }
  const auto again = part.codec->parse_files(part.images.views());
  if (!again || !same_spans(part.structure, *again))
    return Error{.code = ErrorCode::bad_model, .message = "parameters and structure of the model overlap, or the file changed while it was read"};
  return {};
}

// Reads the parameters of each file unless layout `bytes` is asked for.
Result<void> look_at_elements(Prepared& prepared, const LockOptions& options) {
  if (options.layout == LayoutChoice::bytes) return {};
  std::uint64_t to_lock = 0;
  for (const Parameter& p : prepared.params) to_lock += p.length;
  std::uint64_t to_look_at = to_lock;  // at most: types without numbers are not read
  std::size_t first = 0;
  for (const PlainPart& part : prepared.parts) {
    for (std::uint32_t i = 0, done = 0; i < part.sources.size(); ++i) {
      const auto spans = std::span(part.structure.params).subspan(done);
      std::uint32_t count = 0;
      while (count < spans.size() && spans[count].file == i) to_look_at -= spans[count++].length;
      const PassOptions pass{.threads = options.threads,
                             .progress = &options.progress,
                             .done_before = prepared.scanned_bytes,
                             .left_after = to_look_at + to_lock};
      const auto scanned = choose_layouts(std::span(prepared.params).subspan(first, count), prepared.blocks, spans.first(count), *part.sources[i],
                                          *prepared.kernels.numbers, pass);
      if (!scanned) return naming(Result<void>(scanned.error()), part.sources[i]->path());
      prepared.scanned_bytes += *scanned;
      first += count;
      done += count;
    }
  }
  return {};
}

void note_fallen_back(Prepared& prepared) {
  std::size_t i = 0;
  for (const PlainPart& part : prepared.parts)
    for (const ParamSpan& span : part.structure.params)
      if (fell_back(prepared.params[i++], span.dtype, span.structs)) prepared.fallen_back.push_back(span.name);
}

// Models without parameters are no part of a folder's lock.
Result<void> read_parts(ModelSet& set, Prepared& prepared) {
  std::vector<std::string> kept;
  for (const std::string& main : set.mains) {
    auto part = naming(read_plain_part(set, main), set.path(main));
    if (!part) return part.error();
    if (set.kind == ModelSet::Kind::folder && part->structure.params.empty() && part->structure.unlockable.empty() && part->companions.empty()) {
      set.copied.push_back(main);
      continue;
    }
    prepared.parts.push_back(*std::move(part));
    kept.push_back(main);
  }
  set.mains = std::move(kept);
  return {};
}

void count_unlockable(Prepared& prepared) {
  for (const PlainPart& part : prepared.parts)
    for (const Constant& c : part.structure.unlockable) prepared.unlockable_bytes += c.length;
}

}  // namespace

Result<PlainPart> read_plain_part(const ModelSet& set, const std::string& main) {
  PlainPart part{.main = main};
  if (auto opened = open_sources(part, set.path(main)); !opened) return opened.error();
  const auto sources = views_of(part.sources);
  auto extents = extents_of(*part.codec, sources);
  if (!extents) return extents.error();
  part.extents = *std::move(extents);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto image = Image::reserve(sources[i]->size());
    if (!image) return image.error();
    if (auto filled = image->fill(*sources[i], 0, part.extents[i]); !filled) return filled.error();
    part.images.files.push_back(*std::move(image));
  }
  auto structure = part.codec->parse_files(part.images.views());
  if (!structure) return structure.error();
  part.structure = *std::move(structure);
  return part;
}

Result<Prepared> prepare(ModelSet& set, const LockOptions& options) {
  Prepared prepared;
  if (auto read = read_parts(set, prepared); !read) return read.error();
  const auto kernels = choose_kernels(options.suite);
  if (!kernels) return kernels.error();
  prepared.kernels = *kernels;
  for (PlainPart& part : prepared.parts)
    if (auto taken = naming(take_skeleton(prepared, part, options), set.path(part.main)); !taken) return taken.error();
  if (!locks_anything(prepared.params))
    return nothing_to_lock(prepared.params.empty() ? "the model has no parameters" : "--include and --exclude leave no parameter");
  if (auto looked = look_at_elements(prepared, options); !looked) return looked.error();
  if (!locks_anything(prepared.params)) return nothing_to_lock("no parameter holds a finite number");
  if (options.layout == LayoutChoice::automatic) note_fallen_back(prepared);
  count_unlockable(prepared);
  for (std::size_t f = 0, p = 0; p < prepared.parts.size(); ++p)
    for (const Image& image : prepared.parts[p].images.files) {
      FileEntry& entry = prepared.files[f];
      if (prepared.parts.size() > 1 && entry.role == Role::model) entry.role = Role::shard;
      entry.skeleton = skeleton_hash(entry.role, image.bytes(), prepared.runs[f++]);
    }
  return prepared;
}

}  // namespace nnlock::lock
