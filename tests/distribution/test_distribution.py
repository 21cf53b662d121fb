# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A locked tensor cannot be told from what the key stream should give (spec/security.md section 3).

Keys and lock ids are fresh in every run; the limit is wide enough that an honest lock fails once in millions of runs."""
import numpy as np
import pytest

import measures
from locked_tensors import ELEMENTS, locked_cases, normal
from statistics_of import FREE_SPREAD, chi_square_z, largest_bit_z, two_sample_z


@pytest.fixture(scope="module", params=["aes256", "chacha20"])
def rounds(request, tmp_path_factory):
    return locked_cases(tmp_path_factory.mktemp("locked"), request.param)


@pytest.fixture(scope="module")
def cases(rounds):
    return {case.name: case for case in rounds[0]}


def test_exponents_are_uniform_on_their_ring(cases):
    rows = [measures.exponent_row(case) for case in cases.values() if case.ring]
    assert len(rows) == 9
    for row in rows:
        assert abs(row["z"]) < FREE_SPREAD, row


def test_rings_are_those_of_the_plain_tensors(cases):
    assert cases["constant_f32"].ring == tuple(range(120, 127))
    assert cases["constant_f16"].ring == tuple(range(9, 16))
    assert len(cases["widest_f32"].ring) == 254 and len(cases["widest_f64"].ring) == 2046
    assert 0 in cases["weights_f32"].ring and cases["weights_f32"].ring == cases["zeros_like_weights"].ring


def test_all_draws_of_a_word_are_uniform_together(cases):
    for name in ("constant_f32", "constant_f16"):
        assert abs(measures.word_z(cases[name])) < FREE_SPREAD, name


def test_free_bits_are_balanced(cases):
    for case in cases.values():
        assert measures.bit_z(case) < FREE_SPREAD, case.name


def test_neighbours_are_independent(cases):
    for case in cases.values():
        assert abs(measures.neighbour_z(case)) < FREE_SPREAD, case.name


def test_two_locks_of_one_tensor_are_unrelated(rounds):
    for first, second in zip(*rounds):
        assert abs(measures.relock_z(first, second)) < FREE_SPREAD, first.name


def test_weights_and_zeros_look_alike(cases):
    assert abs(measures.told_apart_z(cases["weights_f32"], cases["zeros_like_weights"])) < FREE_SPREAD


def test_no_locked_float_is_nan_or_infinite(cases):
    for case in cases.values():
        if case.ring:
            assert len(case.positions) == ELEMENTS  # `positions` asserts that each exponent is on the ring


def test_the_statistics_see_what_they_look_for():
    weights = normal(1)
    exponents = (weights >> np.uint32(23)) & np.uint32(255)
    assert abs(chi_square_z(np.bincount(exponents[exponents > 110], minlength=130)[111:])) > 100  # plain weights
    assert largest_bit_z(weights, [30]) > 1000
    draws = np.random.default_rng(0).integers(0, 7, ELEMENTS)
    draws[: ELEMENTS // 50] = 3  # two in a hundred
    assert abs(chi_square_z(np.bincount(draws))) > FREE_SPREAD
    assert abs(two_sample_z([1000, 1000], [1100, 900])) > 2
