// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// From an operator's options down to the parameters: options -> packages -> executables -> parameters. Each is a buffer of its own
// inside the one before; google-coral/libedgetpu: driver/package_registry.cc verifies them in the same order. Places are kept as
// extents in the file, since a buffer is copied where the file has it at an address that flatbuffers cannot be read at.
#include "formats/edgetpu.hpp"

#include <string>
#include <utility>

#include "edgetpu_schema_generated.h"
#include "formats/budget.hpp"
#include "formats/edgetpu_extents.hpp"
#include "formats/edgetpu_options.hpp"

namespace nnlock::formats {
namespace {

class EdgetpuReader {
 public:
  EdgetpuReader(std::span<const std::byte> image, const tflite_schema::Model& model)
      : image_(image), model_(model), budget_(image.size()) {}

  Result<EdgetpuFound> find() {
    const auto* graphs = model_.subgraphs();
    for (std::uint32_t g = 0; graphs != nullptr && g < graphs->size(); ++g) {
      const auto* operators = graphs->Get(g)->operators();
      const std::string where = graphs->size() > 1 ? "subgraph " + std::to_string(g) + ": " : "";
      for (std::uint32_t o = 0; operators != nullptr && o < operators->size(); ++o) {
        if (!is_edgetpu(model_, *operators->Get(o))) continue;
        name_ = where + std::string(kEdgetpuOperator) + "/" + std::to_string(o);
        if (auto step = read_operator(*operators->Get(o)); !step) return named(step.error());
      }
    }
    return std::move(found_);
  }

 private:
  // What stays in memory besides the file is at most one package; those of the compiler take up to 60 MB.
  static constexpr std::uint64_t kMaxPackage = std::uint64_t{96} << 20;

  Error named(Error error) const {
    if (error.tensor.empty()) error.tensor = name_;
    return error;
  }
  static Error bad(std::string message, std::uint64_t offset) {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .offset = offset};
  }

  std::span<const std::byte> bytes(Extent extent) const { return image_.subspan(extent.begin, extent.end - extent.begin); }

  Result<void> read_operator(const tflite_schema::Operator& op) {
    const auto* small = op.custom_options();
    const auto at = [&](const void* p) {
      return static_cast<std::uint64_t>(static_cast<const std::byte*>(p) - image_.data());
    };
    const bool large = op.large_custom_options_offset() > 1 && op.large_custom_options_size() > 0;
    const bool has_small = small != nullptr && small->size() > 0;
    if (large && has_small) return bad("the operator has its options in two places", at(&op));
    if (!large && !has_small) return bad("the operator has no options", at(&op));
    const std::uint64_t begin = large ? op.large_custom_options_offset() : at(small->data());
    const Extent options{begin, begin + (large ? op.large_custom_options_size() : small->size())};
    if (!options_.add(options)) return bad("the options of two operators overlap", begin);
    auto map = read_edgetpu_options(image_, options);
    if (!map) return map.error();
    add(map->extents);
    if (map->superseded)
      unlockable(*map->superseded, name_ + "/superseded executable", "an executable in a form that is no longer used");
    for (std::size_t i = 0; i < map->packages.size(); ++i) {
      const std::string package = map->packages.size() > 1 ? "/package " + std::to_string(i) : "";
      if (auto step = read_package(map->packages[i], name_ + package, true); !step) return step;
    }
    return {};
  }

  void add(const std::vector<Extent>& extents) {
    found_.extents.insert(found_.extents.end(), extents.begin(), extents.end());
  }

  void unlockable(Extent extent, std::string name, std::string reason) {
    found_.unlockable.push_back({.name = std::move(name),
                                 .dtype = Dtype::u8,
                                 .shape = {extent.end - extent.begin},
                                 .offset = extent.begin,
                                 .length = extent.end - extent.begin,
                                 .reason = std::move(reason)});
  }

  // A verified root, or null. `identifier`: null where the format has none.
  template <class Root>
  static const Root* verified(const AlignedBytes& buffer, const char* identifier) {
    // A visit of a table takes an offset of 4 bytes; more visits mean shared vectors of tables.
    flatbuffers::Verifier verifier = flat_verifier(buffer.bytes(), std::min<std::uint64_t>(1'000'000, buffer.bytes().size() / 4));
    return verifier.VerifyBuffer<Root>(identifier) ? flatbuffers::GetRoot<Root>(buffer.data()) : nullptr;
  }

  static Extent extent_of(const EdgetpuExtents& extents, const void* data, std::uint64_t size) {
    const std::uint64_t begin = extents.offset_of(data);
    return {begin, begin + size};
  }

  // `outermost`: a package may hold packages for further chips, and these no others.
  Result<void> read_package(Extent place, const std::string& name, bool outermost) {
    if (!packages_[outermost].add(place)) return bad("two packages overlap", place.begin);
    if (place.end - place.begin > kMaxPackage)
      return Error{.code = ErrorCode::unsupported, .message = "the package is larger than 96 MiB", .offset = place.begin};
    std::vector<Extent> inner;
    std::optional<Extent> executables;
    {
      const AlignedBytes buffer(bytes(place));
      const auto* package = verified<edgetpu_schema::Package>(buffer, "DWN1");
      if (package == nullptr) return bad("the flatbuffer of the package is broken", place.begin);
      EdgetpuExtents extents(buffer.bytes(), place.begin);
      const auto structure = extents.collect(*package);
      if (!structure) return structure.error();
      add(*structure);
      if (const auto* multi = package->serialized_multi_executable(); multi != nullptr && multi->size() > 0)
        executables = extent_of(extents, multi->data(), multi->size());
      const auto* chips = package->multi_chip_package();
      for (std::uint32_t i = 0; chips != nullptr && i < chips->size(); ++i)
        if (const auto* chip = chips->Get(i)->serialized_package(); chip != nullptr && chip->size() > 0)
          inner.push_back(extent_of(extents, chip->data(), chip->size()));
    }
    if (!inner.empty() && !outermost) return bad("a package for one chip holds further packages", place.begin);
    if (!executables && inner.empty()) return bad("the package holds no executable", place.begin);
    for (std::size_t i = 0; i < inner.size(); ++i)
      if (auto step = read_package(inner[i], name + "/chip " + std::to_string(i), false); !step) return step;
    return executables ? read_executables(*executables, name) : Result<void>();
  }

  Result<void> read_executables(Extent place, const std::string& name) {
    if (!lists_.add(place)) return bad("the executables of two packages overlap", place.begin);
    std::vector<Extent> executables;
    {
      const AlignedBytes buffer(bytes(place));
      const auto* multi = verified<edgetpu_schema::MultiExecutable>(buffer, nullptr);
      if (multi == nullptr) return bad("the flatbuffer of the executables is broken", place.begin);
      EdgetpuExtents extents(buffer.bytes(), place.begin);
      const auto structure = extents.collect(*multi);
      if (!structure) return structure.error();
      add(*structure);
      const auto* strings = multi->serialized_executables();
      if (strings == nullptr || strings->size() == 0) return bad("the package holds no executable", place.begin);
      for (std::uint32_t i = 0; i < strings->size(); ++i)
        executables.push_back(extent_of(extents, strings->Get(i)->data(), strings->Get(i)->size()));
    }
    unsigned types = 0;
    for (const Extent& executable : executables) {
      const auto type = read_executable(executable, name);
      if (!type) return type.error();
      if ((types & 1U << *type) != 0) return bad("the package holds two executables of one type", executable.begin);
      types |= 1U << *type;
    }
    return {};
  }

  // The executable's type.
  Result<unsigned> read_executable(Extent place, const std::string& name) {
    if (!executables_.add(place)) return bad("two executables overlap", place.begin);
    const AlignedBytes buffer(bytes(place));
    const auto* executable = verified<edgetpu_schema::Executable>(buffer, nullptr);
    if (executable == nullptr) return bad("the flatbuffer of the executable is broken", place.begin);
    EdgetpuExtents extents(buffer.bytes(), place.begin);
    const auto structure = extents.collect(*executable);
    if (!structure) return structure.error();
    if (!budget_.take(Budget::kTensor + structure->size() / 2)) return Budget::exceeded("executables", place.begin);
    add(*structure);
    if (executable->type() < edgetpu_schema::ExecutableType::MIN || executable->type() > edgetpu_schema::ExecutableType::MAX)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the executable has type " + std::to_string(static_cast<int>(executable->type())) +
                              ", which this version does not know",
                   .hint = "use a newer nnlock",
                   .offset = place.begin};
    const std::string full = name + "/" + edgetpu_schema::EnumNameExecutableType(executable->type());
    if (const auto* model = executable->serialized_model(); model != nullptr && model->size() > 0)
      unlockable(extent_of(extents, model->data(), model->size()), full + "/serialized_model",
                 "the model once more, in a form that this version does not know");
    if (const auto* values = executable->parameters(); values != nullptr && values->size() > 0)
      add_parameters(extent_of(extents, values->data(), values->size()), full + "/parameters");
    return static_cast<unsigned>(executable->type());
  }

  // Weights of 8 bits and, between them, what the chip needs to requantise: only bytes describe both.
  void add_parameters(Extent place, std::string name) {
    found_.params.push_back({.name = std::move(name),
                             .dtype = Dtype::u8,
                             .shape = {place.end - place.begin},
                             .offset = place.begin,
                             .length = place.end - place.begin});
  }

  std::span<const std::byte> image_;
  const tflite_schema::Model& model_;
  std::string name_;  // of the operator being read
  Budget budget_;     // of executables; two extents of 16 bytes to a unit
  EdgetpuFound found_;
  Disjoint options_, lists_, executables_;
  Disjoint packages_[2];  // inside others; in options
};

}  // namespace

Result<EdgetpuFound> find_edgetpu(std::span<const std::byte> image, const tflite_schema::Model& model) {
  return EdgetpuReader(image, model).find();
}

}  // namespace nnlock::formats
