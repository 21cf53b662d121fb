// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Random weights to compare wrong keys with: a perfect cipher would leave an attacker with these.
#pragma once

#include "lab/random.hpp"
#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {

// Weights of the same names, shapes and types, drawn at random. Scramble::bytes: every byte uniform. Scramble::finite: floats uniform on
// the ring and integers uniform in the range that the locker's own rule gives the tensor (lock-v1 section 5.4). Scales (`*.scale`) are
// structure and stay.
Weights random_weights(const Weights& like, Scramble scramble, Random& random);

}  // namespace nnlock::lab
