// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Bech32m (BIP 350) of exactly 32 bytes, upper case: the text form of keys (spec/key-file-v1.md section 2).
// Works on secrets: no branch or index depends on data characters except through wiped buffers in the secret's owner.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "nnlock/keys.hpp"

namespace nnlock::keys {

// Length in characters of the text form: prefix, '1', 52 data and 6 checksum characters.
constexpr std::size_t bech32m_length(std::string_view prefix) { return prefix.size() + 1 + 52 + 6; }

// `prefix` is upper case, for example "NNLOCK-MASTER-KEY-". The caller wipes the returned text.
std::string bech32m_encode(std::string_view prefix, const SecretBytes& secret);

// The canonical text and nothing else is accepted. Errors: bad_key_file.
Result<SecretBytes> bech32m_decode(std::string_view prefix, std::string_view text);

}  // namespace nnlock::keys
