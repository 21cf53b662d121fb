// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What weights usually look like, byte by byte: what a thief knows of a model he has never seen.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lab/cryptanalysis/known_schedule/search.hpp"
#include "nnlock/model.hpp"

namespace nnlock::lab {

// The probability of each value of one byte of an element.
using BytePrior = std::array<double, 256>;

// For each byte of an element of one dtype.
struct Prior {
  Dtype dtype = Dtype::i8;
  std::vector<BytePrior> bytes;
  std::vector<Penalty> penalties;  // of each
  std::string source;

  std::size_t width() const { return bytes.size(); }  // of an element, in bytes
};

// From no model at all. int8: Student's t with 3 degrees of freedom and scale 25. Floats: a normal distribution whose deviation is
// anything from 2^-8 to 2^-2. Throws Failure for other dtypes.
Prior generic_prior(Dtype dtype);
// int8 that lie closer together than usual, or farther apart: a normal distribution of this deviation, with two per cent of the generic prior.
Prior normal_prior(double deviation);
// Byte frequencies of other models' weights (elements of `dtype`), mixed with one per cent of the generic prior.
Prior learnt_prior(Dtype dtype, std::span<const std::byte> weights, const std::string& source);

// Bits by which a byte of these weights is better known than a uniform one.
double information(const BytePrior& prior);

// limits[i]: what the penalties of the first i+1 bytes sum up to with probability 1 - loss, exactly, for bytes drawn from the priors.
std::vector<std::uint16_t> limits_of(std::span<const BytePrior* const> bytes, std::span<const Penalty* const> penalties, double loss);

}  // namespace nnlock::lab
