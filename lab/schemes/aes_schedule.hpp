// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The S-box and the key expansion of AES (FIPS 197), the expansion continued round after round without end: the key stream of
// NN-Lock as published. For the lab only: table look-ups at secret places, and the stream is broken (docs/decisions.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace nnlock::lab {

using SBox = std::array<std::uint8_t, 256>;
const SBox& aes_sbox();
const SBox& aes_inverse_sbox();

// The first `length` bytes of the expanded key: words w[0], w[1], ... of section 5.2, with Nk = 4 or 8 words of key. Beyond the rounds
// of the standard the recurrence goes on, and the round constant keeps doubling in GF(2^8).
std::vector<std::uint8_t> endless_schedule(std::span<const std::uint8_t> key, std::size_t length);

}  // namespace nnlock::lab
