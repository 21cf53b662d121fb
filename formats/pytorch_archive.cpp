// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/pytorch_archive.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "formats/element_rules.hpp"
#include "formats/pytorch_pickle.hpp"

namespace nnlock::formats::pytorch {
namespace {

constexpr std::uint64_t kMostInflated = 16 << 20;  // bytes of a pickle; PyTorch stores them as they are
constexpr std::uint64_t kBytesOfUnit = 100;        // of a Budget
constexpr std::uint64_t kUnitsOfChecksums = 4;     // of a tensor

struct ElementType {
  std::string_view word;
  std::uint64_t bytes;  // per element; 0: not known
  Dtype dtype;
};

// Storage classes (pytorch: torch/storage.py). Quantised integers carry their scale elsewhere and use all their bits.
constexpr std::array kStorageTypes = {
    ElementType{"FloatStorage", 4, Dtype::f32},         ElementType{"DoubleStorage", 8, Dtype::f64},
    ElementType{"HalfStorage", 2, Dtype::f16},          ElementType{"BFloat16Storage", 2, Dtype::bf16},
    ElementType{"ComplexFloatStorage", 8, Dtype::complex64}, ElementType{"ComplexDoubleStorage", 16, Dtype::complex128},
    ElementType{"LongStorage", 8, Dtype::i64},          ElementType{"IntStorage", 4, Dtype::i32},
    ElementType{"ShortStorage", 2, Dtype::i16},         ElementType{"CharStorage", 1, Dtype::i8},
    ElementType{"ByteStorage", 1, Dtype::u8},           ElementType{"BoolStorage", 1, Dtype::boolean},
    ElementType{"QInt8Storage", 1, Dtype::opaque},      ElementType{"QUInt8Storage", 1, Dtype::opaque},
    ElementType{"QInt32Storage", 4, Dtype::opaque},     ElementType{"QUInt4x2Storage", 0, Dtype::opaque},
    ElementType{"QUInt2x4Storage", 0, Dtype::opaque},   ElementType{"UntypedStorage", 1, Dtype::opaque},
    ElementType{"_UntypedStorage", 1, Dtype::opaque},
};

// Types of tensors on untyped storages (pytorch: torch/_utils.py, _rebuild_tensor_v3).
constexpr std::array kTensorTypes = {
    ElementType{"float8_e4m3fn", 1, Dtype::f8},   ElementType{"float8_e5m2", 1, Dtype::f8},    ElementType{"float8_e4m3fnuz", 1, Dtype::f8},
    ElementType{"float8_e5m2fnuz", 1, Dtype::f8}, ElementType{"float8_e8m0fnu", 1, Dtype::f8}, ElementType{"uint16", 2, Dtype::u16},
    ElementType{"uint32", 4, Dtype::u32},         ElementType{"uint64", 8, Dtype::u64},
};

template <std::size_t N>
const ElementType* find_type(const std::array<ElementType, N>& types, std::string_view word) {
  const auto found = std::find_if(types.begin(), types.end(), [&](const ElementType& type) { return type.word == word; });
  return found == types.end() ? nullptr : &*found;
}

Error at_entry(ErrorCode code, std::string message, const zip::Entry& entry, std::string hint = {}) {
  return Error{.code = code, .message = std::move(message), .hint = std::move(hint), .tensor = entry.name, .offset = entry.data};
}

// What pickles say of an entry.
struct Claim {
  Dtype dtype = Dtype::opaque;
  std::string name;
  std::vector<std::uint64_t> shape;
  Storage::Role role = Storage::Role::values;
};

class Archive {
 public:
  Archive(std::span<const std::byte> image, std::span<const zip::Entry> entries, std::string_view folder, Budget& budget)
      : image_(image), entries_(entries), folder_(folder), budget_(budget) {
    for (const zip::Entry& entry : entries) by_name_.emplace(path_of(entry), &entry);
  }

  Result<Structure> sort() {
    if (auto checked = check_byte_order(); !checked) return checked.error();
    if (by_name_.find("data.pkl") == by_name_.end())
      return Error{.code = ErrorCode::bad_model,
                   .message = "a zip archive, but none of PyTorch: it has no data.pkl",
                   .hint = "archives of torch.save() and torch.jit.save() since PyTorch 1.6 are known",
                   .offset = 0};
    for (const auto& [name, entry] : by_name_) {
      if (!name.ends_with(".pkl") || name.find('/') != std::string_view::npos) continue;
      if (auto read = read_claims(name.substr(0, name.size() - 4), *entry); !read) return read.error();
    }
    for (const zip::Entry& entry : entries_)
      if (auto judged = judge(entry); !judged) return judged.error();
    const auto by_offset = [](const auto& a, const auto& b) { return a.offset < b.offset; };
    std::sort(structure_.params.begin(), structure_.params.end(), by_offset);
    std::sort(structure_.derived.begin(), structure_.derived.end(), by_offset);
    return std::move(structure_);
  }

 private:
  std::string_view path_of(const zip::Entry& entry) const { return std::string_view(entry.name).substr(folder_.size()); }

  // pytorch: caffe2/serialize/inline_container.h, kByteOrderKey.
  Result<void> check_byte_order() {
    const auto found = by_name_.find("byteorder");
    if (found == by_name_.end()) return {};
    std::vector<std::byte> buffer;
    const auto text = zip::unpack(image_, *found->second, 16, buffer);
    if (!text) return text.error();
    const std::string_view word(reinterpret_cast<const char*>(text->data()), text->size());
    if (word == "little") return {};
    if (word == "big") return at_entry(ErrorCode::unsupported, "the tensors are stored in big-endian order", *found->second, "save the model on a little-endian machine");
    return at_entry(ErrorCode::bad_model, "the byte order is neither little nor big", *found->second);
  }

  Result<void> read_claims(std::string_view stem, const zip::Entry& entry) {
    std::vector<std::byte> buffer;
    const auto text = zip::unpack(image_, entry, kMostInflated, buffer);
    if (!text) return text.error();
    const auto storages = read_pickle(*text, (budget_.left() - std::min(budget_.left(), buffer.size() / kBytesOfUnit)) * kBytesOfUnit);
    if (!storages) {
      Error error = storages.error();
      error.tensor = entry.name;
      error.offset = entry.data + (entry.method == zip::kStored ? error.offset.value_or(0) : 0);
      return error;
    }
    for (const Storage& storage : *storages)
      if (auto claimed = claim(stem, storage, entry); !claimed) return claimed;
    return {};
  }

  const zip::Entry* entry_of(std::string_view folder, std::string_view key) const {
    const auto found = by_name_.find(std::string(folder).append("/").append(key.substr(0, zip::kLongestName)));
    return found == by_name_.end() ? nullptr : found->second;
  }

  Result<void> claim(std::string_view stem, const Storage& storage, const zip::Entry& pickle) {
    const zip::Entry* entry = entry_of(stem, storage.key);
    if (entry == nullptr) entry = entry_of("constants", storage.key);  // bytecode.pkl keeps its tensors there
    if (entry == nullptr) return at_entry(ErrorCode::bad_model, "the pickle names a storage that the archive does not have", pickle);
    const ElementType* type = find_type(kStorageTypes, storage.type);
    if (type == nullptr)
      return at_entry(ErrorCode::unsupported, "a storage has a type that is not known: " + std::string(storage.type.substr(0, 64)), *entry, "use a newer nnlock");
    // Inputs of traced functions have an entry without data (pytorch: torch/csrc/jit/serialization/export_module.cpp).
    if (entry->size != 0 && type->bytes != 0 && (storage.elements > entry->size / type->bytes || storage.elements * type->bytes != entry->size))
      return at_entry(ErrorCode::bad_model, "the pickle gives the storage another size than its entry has", *entry);
    const ElementType* typed = find_type(kTensorTypes, storage.dtype);
    Claim made{.dtype = typed != nullptr ? typed->dtype : type->dtype, .name = {}, .shape = storage.shape, .role = storage.role};
    if (typed != nullptr && made.shape.empty() && entry->size % typed->bytes == 0) made.shape = {entry->size / typed->bytes};
    if (made.shape.empty() && type->bytes != 0) made.shape = {storage.elements};
    for (const std::string& name : storage.names) made.name.append(made.name.empty() ? "" : ", ").append(name);
    if (!afford(made.shape.size(), made.name.size())) return Budget::exceeded("tensors", entry->data);
    const Dtype dtype = made.dtype;
    const auto [known, is_new] = claims_.try_emplace(entry, std::move(made));
    if (!is_new && known->second.dtype != dtype) return at_entry(ErrorCode::bad_model, "two pickles give the storage two types", *entry);
    return {};
  }

  Result<void> judge(const zip::Entry& entry) {
    const auto path = path_of(entry);
    const auto found = claims_.find(&entry);
    const bool unnamed = path.starts_with("data/") || path.starts_with("constants/");
    if ((found == claims_.end() && !unnamed) || path.ends_with('/')) return {};
    if (found == claims_.end() && !afford(0, path.size())) return Budget::exceeded("tensors", entry.data);
    Claim claim = found == claims_.end() ? Claim{} : std::move(found->second);
    if (claim.name.empty()) claim.name = path;
    if (const char* kept = reason_kept(claim, entry)) {
      structure_.constants.push_back({std::move(claim.name), claim.dtype, std::move(claim.shape), entry.data, entry.packed, kept});
    } else if (entry.method != zip::kStored) {
      structure_.unlockable.push_back({std::move(claim.name), claim.dtype, std::move(claim.shape), entry.data, entry.packed,
                                       "it is deflated, and its length would change; load the model and torch.save() it anew"});
    } else {
      structure_.params.push_back({std::move(claim.name), claim.dtype, std::move(claim.shape), entry.data, entry.packed});
      derive(entry);
    }
    return {};
  }

  bool afford(std::uint64_t rank, std::uint64_t name_bytes) { return budget_.take_tensor(rank, name_bytes) && budget_.take(kUnitsOfChecksums); }

  static const char* reason_kept(const Claim& claim, const zip::Entry& entry) {
    if (entry.size == 0) return kNoElements;
    if (claim.role == Storage::Role::quantisation) return "scales or zero points of quantisation";
    const bool floats = claim.dtype == Dtype::f16 || claim.dtype == Dtype::bf16 || claim.dtype == Dtype::f32 || claim.dtype == Dtype::f64 ||
                        claim.dtype == Dtype::complex64 || claim.dtype == Dtype::complex128;
    if (claim.role == Storage::Role::indices && !floats) return "indices of a sparse tensor";
    return kept_by_type(claim.dtype);
  }

  void derive(const zip::Entry& entry) {
    using Kind = DerivedField::Kind;
    const auto add = [&](Kind kind, std::uint64_t offset) { structure_.derived.push_back({kind, offset, entry.data, entry.packed}); };
    entry.described() ? add(Kind::crc32_descriptor, entry.end() + 4) : add(Kind::crc32_local, entry.header + 14);
    add(Kind::crc32_central, entry.central + 16);
  }

  std::span<const std::byte> image_;
  std::span<const zip::Entry> entries_;
  std::string_view folder_;
  std::map<std::string_view, const zip::Entry*> by_name_;  // without the folder
  std::map<const zip::Entry*, Claim> claims_;
  Budget& budget_;
  Structure structure_;
};

}  // namespace

Result<std::string> folder_of(std::span<const zip::Entry> entries) {
  const auto slash = entries.empty() ? std::string::npos : entries.front().name.find('/');
  if (slash == std::string::npos)
    return Error{.code = ErrorCode::bad_model,
                 .message = "a zip archive, but none of PyTorch: its entries do not stand in a folder",
                 .hint = "archives of torch.save() and torch.jit.save() since PyTorch 1.6 are known",
                 .offset = 0};
  std::string folder = entries.front().name.substr(0, slash + 1);
  for (const zip::Entry& entry : entries)
    if (!entry.name.starts_with(folder))
      return Error{.code = ErrorCode::bad_model, .message = "a zip entry stands outside the archive's folder", .tensor = entry.name, .offset = entry.central};
  return folder;
}

Result<Structure> find_storages(std::span<const std::byte> image, std::span<const zip::Entry> entries, std::string_view folder, Budget& budget) {
  return Archive(image, entries, folder, budget).sort();
}

}  // namespace nnlock::formats::pytorch
