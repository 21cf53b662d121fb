# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Distances between what was counted and what the key stream should give, in standard deviations."""
import numpy as np

FREE_SPREAD = 5.5  # no statistic of an honest lock is further out; one in 25 million is by chance


def chi_square_z(counts, expected=None):
    """Chi-square against equal (or the expected) counts, as a standard normal deviate (Wilson and Hilferty, 1931)."""
    counts = np.asarray(counts, dtype=float)
    expected = np.full(counts.shape, counts.sum() / counts.size) if expected is None else np.asarray(expected, dtype=float)
    freedom = counts.size - 1
    value = ((counts - expected) ** 2 / expected).sum()
    scale = 2 / (9 * freedom)
    return ((value / freedom) ** (1 / 3) - (1 - scale)) / np.sqrt(scale)


def two_sample_z(first, second):
    """Whether two histograms come from one distribution."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    share = (first + second) / (first.sum() + second.sum())
    used = share > 0
    value = sum(((h - share * h.sum())[used] ** 2 / (share * h.sum())[used]).sum() for h in (first, second))
    freedom = used.sum() - 1
    scale = 2 / (9 * freedom)
    return ((value / freedom) ** (1 / 3) - (1 - scale)) / np.sqrt(scale)


def largest_bit_z(words, bits):
    """The most unbalanced of the given bit positions."""
    n = len(words)
    ones = np.array([int(((words >> np.array(b, words.dtype)) & np.array(1, words.dtype)).sum()) for b in bits], dtype=float)
    return float(np.abs((ones - n / 2) / np.sqrt(n / 4)).max())


def share_z(count, n, probability):
    """A count of independent events of one probability."""
    return (count - n * probability) / np.sqrt(n * probability * (1 - probability))
