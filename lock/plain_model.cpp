// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/plain_model.hpp"

#include <algorithm>

#include "lock/select.hpp"

namespace nnlock::lock {
namespace {

using formats::Codec;
using formats::Structure;

bool same_spans(const Structure& a, const Structure& b) {
  const auto equal = [](const ParamSpan& x, const ParamSpan& y) {
    return x.offset == y.offset && x.length == y.length && x.name == y.name && x.dtype == y.dtype && x.shape == y.shape;
  };
  return std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(), equal) &&
         a.constants.size() == b.constants.size() && a.unlockable.size() == b.unlockable.size();
}

Result<const Codec*> plain_codec(const formats::ByteSource& source) {
  const auto codec = formats::detect(source);
  if (!codec) return codec;
  const auto embedded = (*codec)->find_record(source);
  if (!embedded) return embedded.error();
  if (embedded->has_value())
    return Error{.code = ErrorCode::already_locked, .message = "the model is locked already", .hint = "unlock it first, or lock the original"};
  return codec;
}

Error nothing_to_lock(const char* why) {
  return {.code = ErrorCode::nothing_to_lock,
          .message = std::string("nothing to lock: ") + why,
          .hint = "`nnlock inspect` lists what nnlock sees in the model"};
}

Result<std::vector<Parameter>> choose_parameters(const Structure& structure, const LockOptions& options) {
  if (!structure.unlockable.empty() && !options.allow_plain) {
    const Constant& first = structure.unlockable.front();
    return Error{.code = ErrorCode::unsupported,
                 .message = "a learned tensor cannot be locked in place: " + first.reason,
                 .hint = "store it as raw data, or give --allow-plain to leave such tensors readable",
                 .tensor = first.name,
                 .offset = first.offset};
  }
  auto params = select_parameters(structure.params, 0, options.include, options.exclude);
  if (!locks_anything(params))
    return nothing_to_lock(structure.params.empty() ? "the model has no parameters" : "--include and --exclude leave no parameter");
  return params;
}

// What lies beyond the extent was not read yet.
Result<void> fill_skeleton(PlainModel& model, const formats::ByteSource& source, std::span<const Run> runs) {
  for (const Run& run : runs) {
    if (run.offset + run.length <= model.extent) continue;
    const std::uint64_t from = std::max(run.offset, model.extent);
    if (auto filled = model.image.fill(source, from, run.offset + run.length - from); !filled) return filled;
  }
  return {};
}

// Reads the parameters unless layout `bytes` is asked for; returns how many bytes of them.
Result<std::uint64_t> look_at_elements(std::span<Parameter> params, const Structure& structure, const formats::ByteSource& source,
                                       const KernelSet& set, const LockOptions& options) {
  if (options.layout == LayoutChoice::bytes) return 0;
  PassOptions pass{.threads = options.threads, .progress = &options.progress};
  for (const Parameter& p : params) pass.left_after += p.length;
  return choose_layouts(params, structure.params, source, *set.numbers, pass);
}

std::vector<std::string> names_fallen_back(std::span<const Parameter> params, const Structure& structure) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < params.size(); ++i)
    if (fell_back(params[i], structure.params[i].dtype)) names.push_back(structure.params[i].name);
  return names;
}

}  // namespace

Result<PlainModel> read_plain_model(const formats::ByteSource& source, const Codec& codec) {
  const auto extent = codec.structure_extent(source);
  if (!extent) return extent.error();
  auto image = Image::reserve(source.size());
  if (!image) return image.error();
  if (auto filled = image->fill(source, 0, *extent); !filled) return filled.error();
  auto structure = codec.parse(image->bytes());
  if (!structure) return structure.error();
  return PlainModel{&codec, *extent, *std::move(image), *std::move(structure)};
}

// Finds the parameters twice, the second time on the private copy with zeros in their place.
Result<Prepared> prepare(const formats::ByteSource& source, const LockOptions& options) {
  const auto codec = plain_codec(source);
  if (!codec) return codec.error();
  auto model = read_plain_model(source, **codec);
  if (!model) return model.error();
  const Structure& structure = model->structure;
  auto params = choose_parameters(structure, options);
  if (!params) return params.error();
  auto runs = skeleton_runs(*params, source.size());
  for (const Parameter& p : *params) model->image.punch(p.offset, p.length);
  if (auto filled = fill_skeleton(*model, source, runs); !filled) return filled.error();
  const auto again = (*codec)->parse(model->image.bytes());
  if (!again || !same_spans(structure, *again))
    return Error{.code = ErrorCode::bad_model, .message = "parameters and structure of the model overlap, or the file changed while it was read"};
  const auto set = choose_kernels(options.suite);
  if (!set) return set.error();
  const auto scanned = look_at_elements(*params, structure, source, *set, options);
  if (!scanned) return scanned.error();
  if (!locks_anything(*params)) return nothing_to_lock("no parameter holds a finite number");
  std::uint64_t unlockable = 0;
  for (const Constant& c : structure.unlockable) unlockable += c.length;
  auto fallen_back = options.layout == LayoutChoice::automatic ? names_fallen_back(*params, structure) : std::vector<std::string>();
  return Prepared{*codec, *set, *std::move(params), std::move(model->image), std::move(runs), unlockable, *scanned, std::move(fallen_back)};
}

}  // namespace nnlock::lock
