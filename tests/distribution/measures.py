# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured on locked tensors: each row is a name, a bound where there is one, and a distance in standard deviations."""
import numpy as np

from locked_tensors import FLOATS
from statistics_of import chi_square_z, largest_bit_z, share_z, two_sample_z


def draws_per_word(case):
    return 2 if case.dtype == "f64" else 4


def bias_bound(case):
    """Total variation distance of one word's draws from uniform: at most m (N - m) / (N 2^64) <= N / 2^66, N = n^d,
    m = 2^64 mod N (spec/security.md section 2)."""
    outcomes = len(case.ring) ** draws_per_word(case)
    rest = 2**64 % outcomes
    return rest * (outcomes - rest) / (outcomes * 2**64)


def exponent_row(case):
    counts = np.bincount(case.positions, minlength=len(case.ring))
    equal = counts.sum() / len(counts)
    return {"tensor": case.name, "ring": len(case.ring), "bound": bias_bound(case), "least": counts.min() / equal - 1,
            "most": counts.max() / equal - 1, "expected_spread": 1 / np.sqrt(equal), "z": chi_square_z(counts)}


def word_z(case):
    """All draws of a word together, as one number: rings small enough only."""
    n, d = len(case.ring), draws_per_word(case)
    draws = case.draws[:len(case.draws) // d * d].reshape(-1, d)
    joint = (draws * n ** np.arange(d)[::-1]).sum(axis=1)
    return chi_square_z(np.bincount(joint, minlength=n**d))


def free_bits(case):
    """Bit positions that the stream must make uniform."""
    if case.dtype in FLOATS:
        size, mantissa, _ = FLOATS[case.dtype]
        return [*range(mantissa)] + ([] if case.keeps_sign else [8 * size - 1])
    return {"bias_i32": range(13), "counts_u16": range(12), "quantised_i8": range(8)}[case.name]


def bit_z(case):
    return largest_bit_z(case.locked, free_bits(case))


def neighbour_z(case):
    """Lag-one dependence: whether an exponent (for integers: the low nibble) foretells the next one."""
    values, n = (case.positions, len(case.ring)) if case.ring else ((case.locked & 15).astype(int), 16)
    return chi_square_z(np.bincount(values[:-1] * n + values[1:], minlength=n * n)) if n * n < len(values) / 20 else 0.0


def relock_z(first, second):
    """Two locks of one tensor: equal elements no more often than by chance."""
    outcomes = float(2 ** len(list(free_bits(first)))) * max(1, len(first.ring))
    n = len(first.locked)
    if n / outcomes < 10:  # too rare for a normal deviate: compare the low byte of the free bits instead
        return share_z(int(((first.locked ^ second.locked) & 127 == 0).sum()), n, 1 / 128)
    return share_z(int((first.locked == second.locked).sum()), n, 1 / outcomes)


def told_apart_z(weights, zeros):
    """A locked layer of weights beside a locked layer of zeros with the same attributes."""
    assert weights.ring == zeros.ring
    return two_sample_z(*(np.bincount(c.positions, minlength=len(c.ring)) for c in (weights, zeros)))
