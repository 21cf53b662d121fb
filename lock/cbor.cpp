// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/cbor.hpp"

#include <cbor.h>

#include <array>
#include <utility>

namespace nnlock::lock {
namespace {

using Head = std::array<unsigned char, 9>;  // the longest head of an item

// Bytes that the shortest head for `value` takes.
std::size_t shortest_head(std::uint64_t value) {
  Head head{};
  return cbor_encode_uint(value, head.data(), head.size());
}

void append(std::vector<std::byte>& out, const Head& head, std::size_t length) {
  const auto bytes = std::as_bytes(std::span(head)).first(length);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

void CborReader::put(void* item, Kind kind, std::uint64_t value) {
  static_cast<Item*>(item)->kind = kind;
  static_cast<Item*>(item)->value = value;
}

CborReader::Item CborReader::decode() const {
  static const cbor_callbacks callbacks = [] {
    cbor_callbacks c = cbor_empty_callbacks;  // every other kind of item leaves Kind::none and is refused
    c.uint8 = [](void* item, std::uint8_t v) { put(item, Kind::integer, v); };
    c.uint16 = [](void* item, std::uint16_t v) { put(item, Kind::integer, v); };
    c.uint32 = [](void* item, std::uint32_t v) { put(item, Kind::integer, v); };
    c.uint64 = [](void* item, std::uint64_t v) { put(item, Kind::integer, v); };
    c.array_start = [](void* item, auto items) { put(item, Kind::array, items); };  // size_t or uint64_t by version
    c.null = [](void* item) { put(item, Kind::null, 0); };
    c.byte_string = [](void* item, cbor_data data, auto length) {
      put(item, Kind::bytes, length);
      static_cast<Item*>(item)->bytes = std::as_bytes(std::span(data, static_cast<std::size_t>(length)));
    };
    return c;
  }();
  Item item;
  const auto result = cbor_stream_decode(reinterpret_cast<cbor_data>(input_.data()), input_.size(), &callbacks, &item);
  if (result.status != CBOR_DECODER_FINISHED) return {};
  item.encoded = result.read;
  const std::size_t head = item.encoded - item.bytes.size();
  if (item.kind != Kind::none && head != shortest_head(item.value)) return {};  // record-v1 section 1: shortest heads only
  return item;
}

CborReader::Kind CborReader::peek() { return failed() ? Kind::none : decode().kind; }

CborReader::Item CborReader::take(Kind kind, const char* what) {
  if (failed()) return {};
  const Item item = decode();
  if (item.kind != kind) {
    fail(ErrorCode::bad_record, std::string("the record's ") + what + " is damaged or not canonical");
    return {};
  }
  input_ = input_.subspan(item.encoded);
  return item;
}

std::uint64_t CborReader::integer(const char* what) { return take(Kind::integer, what).value; }

std::span<const std::byte> CborReader::bytes(const char* what) { return take(Kind::bytes, what).bytes; }

std::span<const std::byte> CborReader::bytes(const char* what, std::size_t length) {
  const auto view = bytes(what);
  if (!failed() && view.size() != length) fail(ErrorCode::bad_record, std::string("the record's ") + what + " has the wrong length");
  return failed() ? std::span<const std::byte>{} : view;
}

std::uint64_t CborReader::array(const char* what) { return take(Kind::array, what).value; }

void CborReader::array(const char* what, std::uint64_t items) {
  if (array(what) != items && !failed())
    fail(ErrorCode::bad_record, std::string("the record's ") + what + " has the wrong number of items");
}

void CborReader::null(const char* what) { take(Kind::null, what); }

void CborReader::end(const char* what) {
  if (!failed() && !input_.empty()) fail(ErrorCode::bad_record, std::string("bytes follow the record's ") + what);
}

void CborReader::fail(ErrorCode code, std::string message) {
  if (!error_) error_ = Error{.code = code, .message = std::move(message)};
}

void CborReader::unsupported(const std::string& what) {
  fail(ErrorCode::unsupported, "the record uses " + what + ", which this version does not know");
}

std::uint64_t CborReader::skip_head() {
  const Kind kind = peek();
  const Item item = take(kind, "encoding");
  if (kind == Kind::none) fail(ErrorCode::bad_record, "the record's encoding is damaged or not canonical");
  return kind == Kind::array ? item.value : 0;
}

bool well_formed(std::span<const std::byte> input, std::size_t depth) {
  CborReader in(input);
  std::vector<std::uint64_t> open = {1};  // items still to come in the arrays around us; the outermost is the input
  while (!open.empty() && !in.failed()) {
    if (open.back() == 0) {
      open.pop_back();
      continue;
    }
    --open.back();
    const bool is_array = in.peek() == CborReader::Kind::array;
    const std::uint64_t items = in.skip_head();
    if (is_array) open.push_back(items);
    if (open.size() > depth + 1) return false;
  }
  in.end("item");
  return !in.failed();
}

void CborWriter::integer(std::uint64_t value) {
  Head head{};
  append(out_, head, cbor_encode_uint(value, head.data(), head.size()));
}

void CborWriter::bytes(std::span<const std::byte> value) {
  Head head{};
  append(out_, head, cbor_encode_bytestring_start(value.size(), head.data(), head.size()));
  out_.insert(out_.end(), value.begin(), value.end());
}

void CborWriter::array(std::uint64_t items) {
  Head head{};
  append(out_, head, cbor_encode_array_start(static_cast<std::size_t>(items), head.data(), head.size()));
}

void CborWriter::null() {
  Head head{};
  append(out_, head, cbor_encode_null(head.data(), head.size()));
}

}  // namespace nnlock::lock
