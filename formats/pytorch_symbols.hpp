// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The objects a pickle would make, as symbols: enough of them to know storages, tensors and the keys under which tensors stand.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "formats/pytorch_pickle.hpp"

namespace nnlock::formats::pytorch {

struct Value {
  enum class Kind : std::uint8_t { other, integer, text, global, tuple, container, storage, tensor };
  Kind kind = Kind::other;
  std::uint64_t is = 0;  // the integer in two's complement; place and length of the text; else a number in its table

  bool operator==(const Value&) const = default;
};

class Symbols {
 public:
  Symbols(std::span<const std::byte> pickle, std::uint64_t most) : pickle_(pickle), left_(most) {}

  // Whether `count` more values of 16 bytes may be kept; vectors that grow hold up to twice as much.
  bool afford(std::uint64_t count = 1);

  Value text(std::size_t at, std::size_t length) const { return {Value::Kind::text, std::uint64_t{at} << 32 | length}; }
  Result<Value> global(Value module, Value name);
  Result<Value> tuple(std::span<const Value> items);
  Result<Value> container();                           // a dict, list, set or object
  void put(Value into, Value key, Value item);         // as in into[key] = item
  void append(Value list, Value item);
  Result<Value> call(Value callable, Value arguments) { return call(callable, arguments, 0); }
  Result<Value> persistent(Value id);
  std::vector<Storage> finish();                       // with the tensors' names

 private:
  struct Global {
    std::string_view module, name;
  };
  struct Node {  // a tuple, a container or a tensor
    Value key;                    // under which its owner has it
    std::uint32_t owner;          // kNone: nobody
    std::uint32_t first, count;   // of a tuple: its items; of a tensor: first is its storage; of a list: count of items
  };

  Result<Value> add(Value::Kind kind, std::uint32_t first, std::uint32_t count);
  Result<Value> call(Value callable, Value arguments, int depth);
  Result<Value> call_torch(std::string_view name, std::span<const Value> arguments);
  Result<Value> tensor(std::span<const Value> arguments, std::string_view dtype);
  void put(Value into, Value key, Value item, int depth);
  void mark(Value value, Storage::Role role, int depth);
  bool is_node(Value value) const;
  std::string_view text_of(Value value) const;
  std::span<const Value> items_of(Value value) const;
  std::string path_of(const Node& node) const;

  std::span<const std::byte> pickle_;
  std::uint64_t left_;  // bytes
  std::vector<Global> globals_;
  std::vector<Value> items_;  // of all tuples
  std::vector<Node> nodes_;
  std::map<std::string_view, std::uint32_t> storage_of_key_;
  std::vector<Storage> storages_;
  std::vector<std::uint32_t> tensors_;  // their nodes
};

}  // namespace nnlock::formats::pytorch
