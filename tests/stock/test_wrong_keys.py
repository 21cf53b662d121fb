# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Unlocked with wrong keys, every model still holds numbers, and gives numbers.

NNLOCK_WRONG_KEYS says how many keys; the slow lane `wrong-keys` tries 100 and measures accuracy.
"""

import pytest

from stock_decoys import WrongKeys, numbers_in
from stock_models import OVERFLOWS, lockable_models, own_models

MODELS = lockable_models()
RUNNING = [model for model in MODELS if model.runs]


def for_each(models):
    return pytest.mark.parametrize("model", models, ids=[model.name for model in models])


@pytest.fixture(scope="session")
def wrong(workshop):
    return WrongKeys(workshop)


def spans(path, params):
    content = path.read_bytes()
    return b"".join(content[one["offset"]:one["offset"] + one["bytes"]] for one in params)


def in_place(workshop, model):
    """The locked file with its record in a sidecar: all tensors stand where `inspect` has them."""
    return workshop.locked(model, "sidecar")


@for_each(MODELS)
def test_numbers_stay_numbers(workshop, wrong, model):
    """Floats of locked file and decoys are finite, and all elements in their layout's range."""
    params = workshop.inspect(workshop.locked(model))["params"]
    found = numbers_in(in_place(workshop, model).read_bytes(), params)
    for path in wrong.decoys(model):
        found += numbers_in(path.read_bytes(), params)
    assert found.faults == 0, found
    assert found.fallen_back == {}
    layouts = {one["layout"] for one in params}
    assert bool(found.floats) == ("finite" in layouts)
    assert bool(found.integers) == ("range" in layouts)


@for_each(MODELS)
def test_decoys_are_unrelated(workshop, wrong, model):
    """Each wrong key gives parameters of its own, none of them the plain or the locked ones."""
    params = workshop.inspect(model.path)["params"]
    paths = [model.path, in_place(workshop, model), *wrong.decoys(model)]
    assert len({spans(path, params) for path in paths}) == wrong.count + 2


@for_each(RUNNING)
def test_outputs_are_numbers(wrong, model):
    """The outputs of decoys are finite like the plain model's, but for the listed exceptions."""
    plain, *decoys = wrong.outputs(model, [model.path, *wrong.decoys(model)])
    assert [one.error for one in [plain, *decoys] if one.error] == []
    assert plain.share == 0 and len(decoys) == wrong.count
    most, _ = OVERFLOWS.get(model.name, (0, ""))
    assert sum(one.share for one in decoys) / len(decoys) <= most
    assert sum(one.nan for one in decoys) == 0


def test_layout_bytes_would_be_seen(workshop, wrong):
    """The control: in layout `bytes` a decoy's floats and its outputs are not all finite."""
    model = next(one for one in own_models() if one.name == "fashion_float32.onnx")
    locked = workshop.place(model, "locked_bytes")
    workshop.must("lock", "-q", "-k", workshop.key, model.path, "-o", locked, "--layout", "bytes")
    decoys = wrong.decoys(model, locked)
    params = [{**one, "layout": "bytes"} for one in workshop.inspect(model.path)["params"]]
    for path, outputs in zip(decoys, wrong.outputs(model, decoys), strict=True):
        assert sum(numbers_in(path.read_bytes(), params).fallen_back.values()) > 0
        assert outputs.nan > 0
