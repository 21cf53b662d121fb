// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The period of a key stream that masks weights, from the masked bytes alone.
#pragma once

#include <cstdint>
#include <optional>

#include "lab/cryptanalysis/known_schedule/prior.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// The sum of some bits of a byte of the element, as a sign: the one that weights make most lopsided. In int8 it is the two highest bits, equal in small
// weights of either sign; in floats the highest bit of the exponent's upper part. A key byte turns the sign of its column, and nothing else.
struct Character {
  std::size_t byte = 0;  // of the element
  std::uint8_t mask = 0;
  double bias = 0;       // the mean that the prior expects, without its sign
};
Character telling_character(const Prior& prior);

struct PeriodSearch {
  std::optional<std::uint64_t> period;
  std::uint64_t strongest_lag = 0;  // and how its correlation stands out, whether or not it is a period's
  double correlation = 0, z = 0;
  std::uint64_t lags = 0;           // that had enough pairs
};
inline constexpr double kPeriodZ = 8;  // of the strongest lag, for a period to be claimed; the best of a million lags has about 5 by chance

// Sees the first `most_bytes` of the stream. The period found may be a multiple of the true one.
PeriodSearch find_period(const MaskedStream& stream, const Prior& prior, std::uint64_t most_bytes);

}  // namespace nnlock::lab
