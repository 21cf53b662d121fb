// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/safetensors_record.hpp"

#include <string>

#include "formats/base64.hpp"

namespace nnlock::formats::safetensors {
namespace {

constexpr std::size_t kInsertUnit = 64;  // bytes; keeps every tensor's alignment as it was

// The three ways a record stands in a header. What follows the value's closing quote tells them apart: '}', ',' or ' '.
struct RecordForm {
  std::string_view before;  // text before the base64
  std::string_view behind;  // text behind it; spaces follow until the whole is a multiple of kInsertUnit
};
constexpr RecordForm kNewMetadata = {"\"__metadata__\":{\"nnlock\":\"", "\"},"};  // form A: no __metadata__ before
constexpr RecordForm kFirstEntry = {"\"nnlock\":\"", "\","};                       // form B: it had entries
constexpr RecordForm kOnlyEntry = {"\"nnlock\":\"", "\""};                         // form C: it was empty
// Base64 comes in fours, so form C is never a multiple of the unit by itself: at least one space always follows.
static_assert((kOnlyEntry.before.size() + kOnlyEntry.behind.size()) % 4 != 0 && kInsertUnit % 4 == 0);

std::string record_text(const RecordForm& form, std::string_view base64) {
  std::string text;
  text.reserve(form.before.size() + base64.size() + form.behind.size() + kInsertUnit);
  text.append(form.before).append(base64).append(form.behind);
  text.append((kInsertUnit - text.size() % kInsertUnit) % kInsertUnit, ' ');
  return text;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> length_prefix(std::uint64_t length) {
  std::vector<std::byte> bytes(kPrefix);
  for (auto& byte : bytes) {
    byte = static_cast<std::byte>(length & 0xff);
    length >>= 8;
  }
  return bytes;
}

// `at` is the header byte behind which the text stands; the two edits cannot touch, because at >= 1.
std::vector<Edit> record_edits(std::uint64_t restored_header, std::size_t at, std::string_view text) {
  return {Edit{0, length_prefix(restored_header), length_prefix(restored_header + text.size())},
          Edit{kPrefix + at, {}, bytes_of(text)}};
}

}  // namespace

// Only one form can match, and embedding again gives the same text: a value followed by ',' has a neighbour that stays, so
// the restored __metadata__ has entries (B); one followed by ' ' leaves an empty __metadata__ (C); one followed by '}' is
// only taken together with its __metadata__, so none is left (A), and at least one tensor is, because of the comma.
Result<Embedded> strip_record(std::string_view text, const Header& header) {
  const auto refuse = [&](std::string message) {
    return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = kPrefix + header.record_key_end};
  };
  constexpr const char* not_ours = "the record in __metadata__ does not stand as nnlock writes it";
  const std::size_t first = header.metadata_open + 1;
  const std::size_t value = first + kFirstEntry.before.size();
  // Where this holds, the key is the only "nnlock" of the only __metadata__.
  if (text.substr(first, kFirstEntry.before.size()) != kFirstEntry.before) return refuse(not_ours);
  const auto base64 = text.substr(value, header.record_value_end - 1 - value);
  const char next = text[header.record_value_end];  // a valid object goes on behind a value
  const auto& form = next == ',' ? kFirstEntry : next == ' ' ? kOnlyEntry : kNewMetadata;
  const std::size_t at = &form == &kNewMetadata ? 1 : first;
  const auto expected = record_text(form, base64);
  if (text.substr(at, expected.size()) != expected) return refuse(not_ours);
  auto record = base64_decode(base64);
  if (!record || record->empty()) return refuse("the record in __metadata__ is not base64");
  return Embedded{*std::move(record), record_edits(text.size() - expected.size(), at, expected)};
}

Result<std::vector<Edit>> insert_record(const Header& header, std::uint64_t length, std::span<const std::byte> record) {
  if (header.metadata_count == 0 && header.tensors.empty())
    return Error{.code = ErrorCode::nothing_to_lock, .message = "the model has no tensors"};
  const auto& form = header.metadata_count == 0 ? kNewMetadata : header.metadata.empty() ? kOnlyEntry : kFirstEntry;
  const std::size_t at = header.metadata_count == 0 ? 1 : header.metadata_open + 1;
  const auto text = record_text(form, base64_encode(record));
  if (text.size() > kHeaderMax - length)
    return Error{.code = ErrorCode::unsupported,
                 .message = "the header would be longer than 100,000,000 bytes with the record in it",
                 .hint = "keep the record in a sidecar"};
  return record_edits(length, at, text);
}

}  // namespace nnlock::formats::safetensors
