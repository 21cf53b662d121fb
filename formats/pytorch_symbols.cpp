// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/pytorch_symbols.hpp"

#include <algorithm>
#include <array>

#include "formats/budget.hpp"

namespace nnlock::formats::pytorch {
namespace {

using Kind = Value::Kind;

constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::uint64_t kBytesOfValue = 28, kValuesOfNode = 2, kValuesOfStorage = 16;
constexpr std::size_t kMostDimensions = 64;                        // as in pytorch: c10/core/TensorImpl.h
constexpr int kDeepest = 16;                                       // tuples in tuples that are followed
constexpr std::size_t kLongestPath = 255;                          // bytes of a name
constexpr std::size_t kMostKeys = 64;                              // of a path; paths may run in circles
constexpr std::size_t kMostNames = 4;                              // of a storage that tensors share

Error too_large() { return Budget::exceeded("objects in a pickle", 0); }

Error bad_tensor(const char* message) { return Error{.code = ErrorCode::bad_model, .message = message}; }

// What a tensor needs of its storage.
struct Extent {
  bool sound = false;
  std::uint64_t elements = 1;  // of the tensor
  std::uint64_t reach = 0;     // elements of the storage up to its last one
};

bool is_size(Value value) { return value.kind == Kind::integer && static_cast<std::int64_t>(value.is) >= 0; }

Extent extent_of(std::uint64_t offset, std::span<const Value> shape, std::span<const Value> strides) {
  Extent extent{.reach = offset + 1};
  if (shape.size() != strides.size() || shape.size() > kMostDimensions) return extent;
  if (!std::all_of(shape.begin(), shape.end(), is_size) || !std::all_of(strides.begin(), strides.end(), is_size)) return extent;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::uint64_t last = 0;
    if (__builtin_mul_overflow(extent.elements, shape[i].is, &extent.elements)) return extent;
    if (shape[i].is > 0 && __builtin_mul_overflow(shape[i].is - 1, strides[i].is, &last)) return extent;
    if (__builtin_add_overflow(extent.reach, last, &extent.reach)) return extent;
  }
  if (extent.elements == 0) extent.reach = 0;
  extent.sound = true;
  return extent;
}

// Dictionaries of torch.nn.Module between a module and what it holds.
bool is_between(std::string_view key) { return key == "_parameters" || key == "_buffers" || key == "_modules"; }

}  // namespace

bool Symbols::afford(std::uint64_t count) {
  if (count > left_ / kBytesOfValue) return false;
  left_ -= count * kBytesOfValue;
  return true;
}

bool Symbols::is_node(Value value) const {
  return value.kind == Kind::tuple || value.kind == Kind::container || value.kind == Kind::tensor;
}

std::string_view Symbols::text_of(Value value) const {
  if (value.kind != Kind::text) return {};
  return {reinterpret_cast<const char*>(pickle_.data()) + (value.is >> 32), static_cast<std::size_t>(value.is & 0xffffffff)};
}

std::span<const Value> Symbols::items_of(Value value) const {
  if (value.kind != Kind::tuple) return {};
  const Node& node = nodes_[value.is];
  return std::span(items_).subspan(node.first, node.count);
}

Result<Value> Symbols::add(Kind kind, std::uint32_t first, std::uint32_t count) {
  if (!afford(kValuesOfNode)) return too_large();
  nodes_.push_back({{}, kNone, first, count});
  return Value{kind, nodes_.size() - 1};
}

Result<Value> Symbols::global(Value module, Value name) {
  if (module.kind != Kind::text || name.kind != Kind::text) return bad_tensor("the pickle names a class by no text");
  if (!afford(kValuesOfNode)) return too_large();
  globals_.push_back({text_of(module), text_of(name)});
  return Value{Kind::global, globals_.size() - 1};
}

Result<Value> Symbols::tuple(std::span<const Value> items) {
  if (!afford(items.size())) return too_large();
  const auto first = static_cast<std::uint32_t>(items_.size());
  items_.insert(items_.end(), items.begin(), items.end());
  return add(Kind::tuple, first, static_cast<std::uint32_t>(items.size()));
}

Result<Value> Symbols::container() { return add(Kind::container, 0, 0); }

void Symbols::put(Value into, Value key, Value item) { put(into, key, item, 0); }

void Symbols::append(Value list, Value item) {
  if (list.kind == Kind::container) put(list, {Kind::integer, nodes_[list.is].count++}, item);
}

// Whoever holds an object first gives it its name. Items of a tuple are held by it once the tuple itself is held: until then it may be
// a list of arguments.
void Symbols::put(Value into, Value key, Value item, int depth) {
  if (!is_node(into) || !is_node(item) || item == into || depth > kDeepest) return;
  Node& node = nodes_[item.is];
  if (node.owner != kNone) return;
  node.owner = static_cast<std::uint32_t>(into.is);
  node.key = key;
  const auto items = items_of(item);
  for (std::size_t i = 0; i < items.size(); ++i) put(item, {Kind::integer, i}, items[i], depth + 1);
}

void Symbols::mark(Value value, Storage::Role role, int depth) {
  if (value.kind == Kind::tensor) storages_[nodes_[value.is].first].role = role;
  if (depth < kDeepest)
    for (const Value& item : items_of(value)) mark(item, role, depth + 1);
}

Result<Value> Symbols::persistent(Value id) {
  const auto items = items_of(id);
  if (items.size() != 5 || text_of(items[0]) != "storage" || items[1].kind != Kind::global || items[2].kind != Kind::text ||
      items[4].kind != Kind::integer || static_cast<std::int64_t>(items[4].is) < 0)
    return bad_tensor("a persistent id of the pickle is not a storage");
  const Global& type = globals_[items[1].is];
  if (type.module != "torch" && type.module != "torch.storage" && type.module != "torch.cuda")
    return bad_tensor("a storage of the pickle has a class that is not of torch");
  Storage storage{type.name, text_of(items[2]), items[4].is};
  const auto [known, is_new] = storage_of_key_.try_emplace(storage.key, static_cast<std::uint32_t>(storages_.size()));
  if (is_new && !afford(kValuesOfStorage)) return too_large();
  if (is_new) storages_.push_back(storage);
  const Storage& first = storages_[known->second];
  if (first.type != storage.type || first.elements != storage.elements) return bad_tensor("the pickle describes a storage in two ways");
  return Value{Kind::storage, known->second};
}

Result<Value> Symbols::call(Value callable, Value arguments, int depth) {
  if (arguments.kind != Kind::tuple) return bad_tensor("the pickle calls something without arguments");
  const auto items = items_of(arguments);
  if (callable.kind == Kind::global && depth < kDeepest) {
    const Global& global = globals_[callable.is];
    if (global.module == "torch._utils" && global.name.starts_with("_rebuild_")) return call_torch(global.name, items);
    if (global.module == "torch._tensor" && global.name.starts_with("_rebuild_from_type") && items.size() >= 3)
      return call(items[0], items[2], depth + 1);
    if (global.module == "torch.jit._pickle" && !items.empty() && is_node(items[0])) return items[0];  // a list with its type
  }
  auto object = container();
  if (object) put(*object, {}, arguments);
  return object;
}

Result<Value> Symbols::call_torch(std::string_view name, std::span<const Value> arguments) {
  if (name.starts_with("_rebuild_parameter") && !arguments.empty()) return arguments[0];
  if (name == "_rebuild_tensor" || name == "_rebuild_tensor_v2" || name == "_rebuild_tensor_v3" || name == "_rebuild_qtensor") {
    if (name == "_rebuild_qtensor" && arguments.size() > 4) mark(arguments[4], Storage::Role::quantisation, 0);
    const bool typed = name == "_rebuild_tensor_v3" && arguments.size() > 6 && arguments[6].kind == Kind::global;
    return tensor(arguments, typed ? globals_[arguments[6].is].name : std::string_view());
  }
  auto object = container();
  if (!object) return object;
  for (const Value& argument : arguments) {
    if (name.starts_with("_rebuild_sparse")) mark(argument, Storage::Role::indices, 0);  // its values are floats and stay so
    append(*object, argument);
  }
  return object;
}

Result<Value> Symbols::tensor(std::span<const Value> arguments, std::string_view dtype) {
  if (arguments.size() < 4 || arguments[0].kind != Kind::storage || !is_size(arguments[1]) || arguments[2].kind != Kind::tuple ||
      arguments[3].kind != Kind::tuple)
    return bad_tensor("a tensor of the pickle is not described by storage, offset, sizes and strides");
  const auto shape = items_of(arguments[2]);
  const Extent extent = extent_of(arguments[1].is, shape, items_of(arguments[3]));
  Storage& storage = storages_[arguments[0].is];
  if (!extent.sound) return bad_tensor("a tensor of the pickle has impossible sizes or strides");
  if (extent.reach > storage.elements && !storage.type.starts_with("QUInt"))  // those pack several elements into a byte
    return bad_tensor("a tensor of the pickle reaches beyond its storage");
  if (!dtype.empty() && !storage.dtype.empty() && dtype != storage.dtype) dtype = "several";
  if (!dtype.empty()) storage.dtype = dtype;
  if (storage.shape.empty() && extent.elements == storage.elements)
    for (const Value& size : shape) storage.shape.push_back(size.is);  // at most 64
  auto made = add(Kind::tensor, static_cast<std::uint32_t>(arguments[0].is), 0);
  if (made) tensors_.push_back(static_cast<std::uint32_t>(made->is));
  return made;
}

std::string Symbols::path_of(const Node& node) const {
  std::vector<Value> keys;
  for (const Node* at = &node; at->owner != kNone; at = &nodes_[at->owner]) {
    if (keys.size() == kMostKeys) return {};
    keys.push_back(at->key);
  }
  std::string path;
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    const auto word = key->kind == Kind::integer ? std::to_string(static_cast<std::int64_t>(key->is)) : std::string(text_of(*key).substr(0, kLongestPath));
    if (word.empty() || is_between(word)) continue;
    if (!path.empty()) path += '.';
    path += word;
    if (path.size() >= kLongestPath) return {};
  }
  return path;
}

std::vector<Storage> Symbols::finish() {
  for (const std::uint32_t tensor : tensors_) {
    Storage& storage = storages_[nodes_[tensor].first];
    if (storage.names.size() == kMostNames) continue;
    auto path = path_of(nodes_[tensor]);
    if (!path.empty()) storage.names.push_back(std::move(path));
  }
  return std::move(storages_);
}

}  // namespace nnlock::formats::pytorch
