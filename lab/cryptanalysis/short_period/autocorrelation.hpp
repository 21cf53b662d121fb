// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace nnlock::lab {

// sums[lag]: over all i, values[i] * values[i + lag]; all lags at once by a fast Fourier transform.
std::vector<double> autocorrelation(std::span<const double> values);

}  // namespace nnlock::lab
