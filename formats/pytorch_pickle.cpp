// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/pytorch_pickle.hpp"

#include <algorithm>
#include <array>

#include "formats/budget.hpp"
#include "formats/pytorch_symbols.hpp"

namespace nnlock::formats::pytorch {
namespace {

using Kind = Value::Kind;

constexpr std::uint64_t kLongest = 0xffffffff;  // bytes; a text is kept as place and length of 32 bits each
constexpr unsigned kNewestProtocol = 5;

// Opcodes of protocols 2 to 5, without those that no pickle of PyTorch has: text numbers and strings of protocol 0, extension codes,
// buffers outside the file.
enum Op : std::uint8_t {
  mark = '(', stop = '.', pop = '0', pop_mark = '1', dup = '2', binint = 'J', binint1 = 'K', binint2 = 'M', none = 'N', binpersid = 'Q',
  reduce = 'R', binstring = 'T', short_binstring = 'U', binunicode = 'X', append = 'a', build = 'b', global = 'c', empty_dict = '}',
  appends = 'e', binget = 'h', long_binget = 'j', empty_list = ']', binput = 'q', long_binput = 'r', setitem = 's', tuple = 't',
  empty_tuple = ')', setitems = 'u', binfloat = 'G', binbytes = 'B', short_binbytes = 'C', proto = 0x80, newobj = 0x81, tuple1 = 0x85,
  tuple2 = 0x86, tuple3 = 0x87, newtrue = 0x88, newfalse = 0x89, long1 = 0x8a, long4 = 0x8b, short_binunicode = 0x8c, binunicode8 = 0x8d,
  binbytes8 = 0x8e, empty_set = 0x8f, additems = 0x90, frozenset = 0x91, newobj_ex = 0x92, stack_global = 0x93, memoize = 0x94,
  frame = 0x95, bytearray8 = 0x96
};

// Bytes of the number in front of an opcode's own bytes, 0 for opcodes without such.
std::size_t count_bytes(std::uint8_t op) {
  switch (op) {
    case short_binstring: case short_binbytes: case long1: case short_binunicode: return 1;
    case binstring: case binunicode: case binbytes: case long4: return 4;
    case binunicode8: case binbytes8: case bytearray8: return 8;
    default: return 0;
  }
}

class Machine {
 public:
  Machine(std::span<const std::byte> text, std::uint64_t most) : text_(text), symbols_(text, most) {}

  Result<std::vector<Storage>> run() {
    while (at_ < text_.size()) {
      const std::size_t start = at_;
      const auto op = std::to_integer<std::uint8_t>(text_[at_++]);
      if (op == stop) return finish();
      if (auto done = step(op); !done) {
        Error error = done.error();
        error.offset = start;
        return error;
      }
    }
    return Error{.code = ErrorCode::bad_model, .message = "the pickle has no end", .offset = at_};
  }

 private:
  static Error broken(const char* message) { return Error{.code = ErrorCode::bad_model, .message = message}; }
  static Error too_large() { return Budget::exceeded("objects in a pickle", 0); }
  static Error underflow() { return broken("the pickle takes more values than it has"); }

  Result<std::vector<Storage>> finish() {
    if (at_ != text_.size()) return Error{.code = ErrorCode::bad_model, .message = "bytes follow the pickle", .offset = at_};
    if (stack_.size() != 1 || !marks_.empty()) return Error{.code = ErrorCode::bad_model, .message = "the pickle does not end with one object", .offset = at_};
    return symbols_.finish();
  }

  bool has(std::size_t count) const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()) >= count; }

  Value take() {
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }

  Result<void> push(Value value) {
    if (stack_.size() == highest_ && !symbols_.afford()) return too_large();
    stack_.push_back(value);
    highest_ = std::max(highest_, stack_.size());
    return {};
  }

  Result<void> push(const Result<Value>& value) {
    if (!value) return value.error();
    return push(*value);
  }

  // The number in the next bytes, little endian.
  Result<std::uint64_t> number_of(std::size_t bytes) {
    std::uint64_t value = 0;
    if (text_.size() - at_ < bytes) return broken("the pickle is cut short");
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(text_[at_ + i]);
    at_ += bytes;
    return value;
  }

  Result<void> step(std::uint8_t op) {
    if (count_bytes(op) != 0) return counted(op, count_bytes(op));
    switch (op) {
      case proto: case frame: return header(op);
      case none: case newtrue: case newfalse: return push(Value{});
      case binint: case binint1: case binint2: case binfloat: return plain_number(op);
      case empty_dict: case empty_list: case empty_set: return push(symbols_.container());
      case empty_tuple: return push(symbols_.tuple({}));
      case tuple1: case tuple2: case tuple3: return short_tuple(static_cast<std::size_t>(op - tuple1 + 1));
      case global: return global_line();
      case binget: case long_binget: return get(op == binget ? 1 : 4);
      case binput: case long_binput: return put(op == binput ? 1 : 4);
      case memoize: return remember(memo_.size());
      case mark: return set_mark();
      case pop: case dup: return pop_or_dup(op);
      case tuple: case frozenset: case setitems: case appends: case additems: case pop_mark: return marked(op);
      case append: case build: case reduce: case newobj: case stack_global: case setitem: case newobj_ex: case binpersid: return join(op);
      default: return Error{.code = ErrorCode::unsupported,
                            .message = "the pickle has an opcode that no pickle of PyTorch needs",
                            .hint = "torch.save() it anew with its default pickle_protocol"};
    }
  }

  Result<void> header(std::uint8_t op) {
    const auto value = number_of(op == proto ? 1 : 8);
    if (!value) return value.error();
    if (op == proto && (*value < 2 || *value > kNewestProtocol))
      return Error{.code = ErrorCode::unsupported, .message = "the pickle has a protocol that is not known"};
    return {};
  }

  // A string, bytes, or a long integer.
  Result<void> counted(std::uint8_t op, std::size_t bytes) {
    const auto length = number_of(bytes);
    if (!length) return length.error();
    if (*length > text_.size() - at_) return broken("the pickle is cut short");
    const std::size_t start = at_, size = static_cast<std::size_t>(*length);
    at_ += size;
    if (op == long1 || op == long4) return push(long_integer(text_.subspan(start, size)));
    const bool is_text = op == binunicode || op == short_binunicode || op == binunicode8;
    return push(is_text ? symbols_.text(start, size) : Value{});
  }

  static Value long_integer(std::span<const std::byte> bytes) {
    if (bytes.size() > 8) return {};
    const bool negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return {Kind::integer, value};
  }

  Result<void> plain_number(std::uint8_t op) {
    const auto value = number_of(op == binint ? 4 : op == binint1 ? 1 : op == binint2 ? 2 : 8);
    if (!value) return value.error();
    if (op == binfloat) return push(Value{});
    return push(Value{Kind::integer, op == binint ? static_cast<std::uint64_t>(static_cast<std::int32_t>(*value)) : *value});
  }

  Result<void> short_tuple(std::size_t count) {
    if (!has(count)) return underflow();
    const auto made = symbols_.tuple(std::span(stack_).last(count));
    stack_.resize(stack_.size() - count);
    return push(made);
  }

  // Two lines of text: module and name.
  Result<void> global_line() {
    std::array<Value, 2> words;
    for (Value& word : words) {
      const auto rest = text_.subspan(at_);
      const auto end = std::find(rest.begin(), rest.end(), std::byte{'\n'});
      if (end == rest.end()) return broken("the pickle is cut short");
      const auto length = static_cast<std::size_t>(end - rest.begin());
      word = symbols_.text(at_, length);
      at_ += length + 1;
    }
    return push(symbols_.global(words[0], words[1]));
  }

  Result<void> get(std::size_t bytes) {
    const auto number = number_of(bytes);
    if (!number) return number.error();
    if (*number >= memo_.size()) return broken("the pickle refers to an object that it did not remember");
    return push(memo_[static_cast<std::size_t>(*number)]);
  }

  Result<void> put(std::size_t bytes) {
    const auto number = number_of(bytes);
    if (!number) return number.error();
    return remember(*number);
  }

  // Picklers count without gaps, so the memo grows with the pickle only.
  Result<void> remember(std::uint64_t number) {
    if (!has(1)) return underflow();
    if (number > memo_.size()) return broken("the pickle leaves gaps among the objects that it remembers");
    if (number == memo_.size() && !symbols_.afford()) return too_large();
    if (number == memo_.size()) memo_.emplace_back();
    memo_[static_cast<std::size_t>(number)] = stack_.back();
    return {};
  }

  Result<void> set_mark() {
    if (!symbols_.afford()) return too_large();
    marks_.push_back(static_cast<std::uint32_t>(stack_.size()));
    return {};
  }

  Result<void> pop_or_dup(std::uint8_t op) {
    if (op == pop && !marks_.empty() && !has(1)) {
      marks_.pop_back();
      return {};
    }
    if (!has(1)) return underflow();
    if (op == dup) return push(stack_.back());
    stack_.pop_back();
    return {};
  }

  // What takes all values down to the last mark.
  Result<void> marked(std::uint8_t op) {
    if (marks_.empty()) return broken("the pickle has no mark where one is needed");
    const std::size_t from = marks_.back();
    marks_.pop_back();
    const std::vector<Value> items(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    stack_.resize(from);
    if (op == pop_mark) return {};
    if (op == tuple) return push(symbols_.tuple(items));
    if (op == frozenset) return push(symbols_.container());
    if (!has(1)) return underflow();
    if (op == setitems && items.size() % 2 != 0) return broken("the pickle sets a key without a value");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (op == appends) symbols_.append(stack_.back(), items[i]);
      if (op == setitems && i % 2 != 0) symbols_.put(stack_.back(), items[i - 1], items[i]);
    }
    return {};
  }

  // What joins the topmost two values, or one or three.
  Result<void> join(std::uint8_t op) {
    const std::size_t count = op == binpersid ? 1 : op == setitem || op == newobj_ex ? 3 : 2;
    if (!has(count)) return underflow();
    const Value top = take();
    if (op == binpersid) return push(symbols_.persistent(top));
    const Value second = count == 3 ? take() : Value{};
    const Value under = stack_.back();
    if (op == append) symbols_.append(under, top);
    if (op == build) symbols_.put(under, {}, top);
    if (op == setitem) symbols_.put(under, second, top);
    if (op == append || op == build || op == setitem) return {};
    stack_.pop_back();
    if (op == reduce) return push(symbols_.call(under, top));
    if (op == stack_global) return push(symbols_.global(under, top));
    auto object = symbols_.container();  // made by newobj or newobj_ex
    if (object) symbols_.put(*object, {}, op == newobj ? top : second);
    return push(object);
  }

  std::span<const std::byte> text_;
  std::size_t at_ = 0;
  Symbols symbols_;
  std::vector<Value> stack_, memo_;
  std::size_t highest_ = 0;  // values that the stack has held
  std::vector<std::uint32_t> marks_;
};

}  // namespace

Result<std::vector<Storage>> read_pickle(std::span<const std::byte> text, std::uint64_t most) {
  if (text.size() > kLongest) return Budget::exceeded("objects in a pickle", 0);
  return Machine(text, most).run();
}

}  // namespace nnlock::formats::pytorch
