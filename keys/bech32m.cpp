// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "keys/bech32m.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cstdint>

namespace nnlock::keys {
namespace {

constexpr std::size_t kDataWords = 52;      // ceil(256 / 5)
constexpr std::size_t kChecksumWords = 6;
constexpr std::uint32_t kBech32mConstant = 0x2bc830a3;  // BIP 350
constexpr std::string_view kAlphabet = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";  // BIP 173, upper case

using Words = std::array<std::uint8_t, kDataWords + kChecksumWords>;  // values 0 to 31

// One step of the checksum polynomial (BIP 173). The generator is selected by masks, not by branches.
std::uint32_t polymod_step(std::uint32_t checksum, std::uint32_t word) {
  constexpr std::array<std::uint32_t, 5> generator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  const std::uint32_t top = checksum >> 25;
  checksum = ((checksum & 0x1ffffff) << 5) ^ word;
  for (std::size_t i = 0; i < generator.size(); ++i) checksum ^= generator[i] & (0U - ((top >> i) & 1U));
  return checksum;
}

std::uint32_t lower(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 'A' && u <= 'Z') ? u + 32U : u;
}

std::uint32_t polymod(std::string_view prefix, std::span<const std::uint8_t> words) {
  std::uint32_t checksum = 1;
  for (char c : prefix) checksum = polymod_step(checksum, lower(c) >> 5);
  checksum = polymod_step(checksum, 0);
  for (char c : prefix) checksum = polymod_step(checksum, lower(c) & 31);
  for (std::uint8_t word : words) checksum = polymod_step(checksum, word);
  return checksum;
}

// The character of a word and back by scanning the whole alphabet, so that no index depends on the secret.
char character(std::uint8_t word) {
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < kAlphabet.size(); ++i) {
    const std::uint32_t equal = 0U - (((word ^ i) - 1U) >> 31);
    found |= static_cast<std::uint32_t>(static_cast<unsigned char>(kAlphabet[i])) & equal;
  }
  return static_cast<char>(found);
}

std::uint32_t word_of(char c) {  // 0xff when the character is not in the alphabet
  std::uint32_t found = 0xff;
  for (std::uint32_t i = 0; i < kAlphabet.size(); ++i) {
    const std::uint32_t difference = static_cast<unsigned char>(c) ^ static_cast<unsigned char>(kAlphabet[i]);
    const std::uint32_t equal = 0U - ((difference - 1U) >> 31);
    found = (found & ~equal) | (i & equal);
  }
  return found;
}

Error bad(std::string message) {
  return Error{.code = ErrorCode::bad_key_file,
               .message = std::move(message),
               .hint = "restore the key file from a backup; a key is 77 characters that begin with NNLOCK-MASTER-KEY-1"};
}

struct WipedWords {
  Words words{};
  ~WipedWords() { OPENSSL_cleanse(words.data(), words.size()); }
};

}  // namespace

std::string bech32m_encode(std::string_view prefix, const SecretBytes& secret) {
  WipedWords w;
  const auto bytes = secret.reveal();
  for (std::size_t bit = 0; bit < 256; ++bit) {
    const auto value = (std::to_integer<std::uint32_t>(bytes[bit / 8]) >> (7 - bit % 8)) & 1U;
    w.words[bit / 5] = static_cast<std::uint8_t>(w.words[bit / 5] | (value << (4 - bit % 5)));
  }
  const std::uint32_t checksum = polymod(prefix, w.words) ^ kBech32mConstant;  // over the data and six zero words
  for (std::size_t i = 0; i < kChecksumWords; ++i)
    w.words[kDataWords + i] = static_cast<std::uint8_t>((checksum >> (5 * (5 - i))) & 31);
  std::string text;
  text.reserve(bech32m_length(prefix));
  text.append(prefix).push_back('1');
  for (std::uint8_t word : w.words) text.push_back(character(word));
  return text;
}

Result<SecretBytes> bech32m_decode(std::string_view prefix, std::string_view text) {
  if (text.size() != bech32m_length(prefix)) return bad("the key has the wrong length");
  if (text.substr(0, prefix.size()) != prefix || text[prefix.size()] != '1') return bad("the key has the wrong prefix");
  WipedWords w;
  std::uint32_t invalid = 0;
  for (std::size_t i = 0; i < w.words.size(); ++i) {
    const std::uint32_t word = word_of(text[prefix.size() + 1 + i]);
    invalid |= word & 0xe0;
    w.words[i] = static_cast<std::uint8_t>(word & 31);
  }
  if (invalid != 0) return bad("the key holds a character that keys never hold");
  if (polymod(prefix, w.words) != kBech32mConstant) return bad("the key's checksum is wrong: a character was changed");
  if ((w.words[kDataWords - 1] & 0x0f) != 0) return bad("the key's padding bits are not zero");
  SecretBytes secret;
  const auto bytes = secret.reveal_mutable();
  for (std::size_t bit = 0; bit < 256; ++bit) {
    const auto value = static_cast<std::uint32_t>(w.words[bit / 5] >> (4 - bit % 5)) & 1U;
    bytes[bit / 8] |= static_cast<std::byte>(value << (7 - bit % 8));
  }
  return secret;
}

}  // namespace nnlock::keys
