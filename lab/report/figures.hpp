// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How figures are written in the report. Nothing stands for a figure that a record does not have.
#pragma once

#include <optional>
#include <string>

namespace nnlock::lab {

inline constexpr char kNoFigure[] = "–";

std::string fixed(std::optional<double> value, int digits);            // 0.25 -> "0.25"; never "-0.00"
std::string percent(std::optional<double> share, int digits = 1);      // 0.0972 -> "9.7"; the column or the sentence says %
std::string points(std::optional<double> difference, int digits = 1);  // of shares: 0.012 -> "+1.2"
std::string probability(std::optional<double> p);                      // "0.26", "< 0.001"
std::string counted(std::size_t count, const std::string& thing);      // "1 record", "2 records"

// The z beyond which a standard normal variable lies, on either side, with this probability.
double two_sided_bound(double probability);
// The t beyond which Student's variable with so many degrees of freedom, at least one, lies on one side with this probability, under a half.
double one_sided_t_bound(double probability, std::size_t freedom);
// The level of each of `tests` independent tests that gives `level` for all together (Sidak).
double level_of_each(double level, std::size_t tests);

}  // namespace nnlock::lab
