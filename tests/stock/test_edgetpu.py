# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Compiled Edge TPU models: only parameters change, and all of them do."""

import pytest

from stock_edgetpu import executables
from stock_models import EDGETPU, LOCKABLE, REFUSED, files_found, real_models

MODELS = real_models(EDGETPU)

for_each = pytest.mark.parametrize("model", MODELS, ids=[model.name for model in MODELS])


def restored(workshop, model):
    """The locked model without its record: the same size as the plain one."""
    return workshop.locked(model, "sidecar").read_bytes()


def test_all_are_listed(real_data):
    assert sorted(EDGETPU) == [name for name in files_found() if name.startswith("edgetpu/")]


@for_each
def test_executables_keep_all_but_their_parameters(workshop, model):
    plain = executables(model.path.read_bytes())
    locked = executables(restored(workshop, model))
    assert plain and [one.skeleton for one in locked] == [one.skeleton for one in plain]
    for before, after in zip(plain, locked, strict=True):
        same = sum(a == b for a, b in zip(before.parameters, after.parameters, strict=True))
        assert same <= len(before.parameters) // 16, before.name


@for_each
def test_spans_are_those_of_another_reader(workshop, model, record_property):
    spans = {one["name"]: (one["offset"], one["bytes"])
             for one in workshop.inspect(workshop.locked(model))["params"]}
    plain = model.path.read_bytes()
    for one in executables(plain):
        if one.parameters:
            assert spans.pop(one.name) == (one.offset, len(one.parameters))
    assert not [name for name in spans if name.startswith("edgetpu-custom-op")]
    locked = workshop.inspect(workshop.locked(model))["locked_bytes"]
    record_property("share_of_file_locked", round(locked / len(plain), 4))


@for_each
def test_bytes_outside_parameters_are_the_same(workshop, model):
    plain, locked = bytearray(model.path.read_bytes()), bytearray(restored(workshop, model))
    for one in workshop.inspect(workshop.locked(model))["params"]:
        span = slice(one["offset"], one["offset"] + one["bytes"])
        assert plain[span] != locked[span]
        plain[span] = locked[span] = bytes(one["bytes"])
    assert plain == locked


def test_the_models_before_compilation_are_listed(real_data):
    """Their own tests lock them; split_concat has weights only once it is compiled."""
    for name in EDGETPU:
        if "cocompilation" not in name:
            twin = name.replace("edgetpu/", "tflite/").replace("_edgetpu", "")
            assert twin in LOCKABLE or twin in REFUSED
