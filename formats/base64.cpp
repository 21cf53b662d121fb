// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/base64.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace nnlock::formats {
namespace {

// OpenSSL counts in int, so long inputs go in pieces: whole groups, far below INT_MAX.
constexpr std::size_t kGroupsPerPiece = 1 << 20;

bool in_alphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

std::string base64_encode(std::span<const std::byte> bytes) {
  std::string text(bytes.size() / 3 * 4 + (bytes.size() % 3 == 0 ? 0 : 4), '\0');
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kGroupsPerPiece * 3));
    // Writes a NUL behind each piece; behind the last one that is the string's own terminator.
    out += EVP_EncodeBlock(out, reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
    bytes = bytes.subspan(piece.size());
  }
  return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  // EVP_DecodeBlock trims white space and takes padding, so the alphabet is checked here. Whole groups have no unused
  // bits: each text of this alphabet is the only spelling of its bytes.
  if (text.size() % 4 != 0 || !std::all_of(text.begin(), text.end(), in_alphabet)) return std::nullopt;
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  while (!text.empty()) {
    const auto piece = text.substr(0, kGroupsPerPiece * 4);
    const int length = EVP_DecodeBlock(out, reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
    if (length != static_cast<int>(piece.size() / 4 * 3)) return std::nullopt;
    out += length;
    text.remove_prefix(piece.size());
  }
  return bytes;
}

}  // namespace nnlock::formats
