# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A locked file shows the same names, shapes and dtypes as before, and differs nowhere else."""

import base64
import os
import re
import struct

import numpy as np
import onnx
import pytest

from stock_models import lockable_models
from stock_readers import tensors

MARK = b"NNLOCKT1"
MODELS = lockable_models()
ONNX_MODELS = [model for model in MODELS if model.kind == "onnx"]


def for_each(models):
    return pytest.mark.parametrize("model", models, ids=[model.name for model in models])


@for_each(MODELS)
def test_stock_runtime_sees_the_same(workshop, model):
    plain, _, locked = workshop.stock(model)
    reason = plain.failure("open")
    if reason:
        assert locked.failure("open").startswith(reason[:20])
    else:
        assert locked.failure("open") == ""
        assert locked.skeleton == plain.skeleton


@for_each(MODELS)
def test_stock_parser_sees_the_same(workshop, model):
    plain = [one.skeleton for one in tensors(model.path, model.kind)]
    locked = [one.skeleton for one in tensors(workshop.locked(model), model.kind)]
    assert plain and locked == plain


def checker_verdict(path):
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except Exception as error:  # its verdict on a plain file is what counts
        return f"{type(error).__name__}: {error}"
    return "ok"


@for_each(ONNX_MODELS)
def test_onnx_checker_says_the_same(workshop, model):
    assert checker_verdict(workshop.locked(model)) == checker_verdict(model.path)


def assert_same_outside_parameters(plain, restored, facts):
    """Both files are equal byte for byte, except inside the spans that inspect shows."""
    assert len(restored) == len(plain) == facts["restored_bytes"]
    differs = np.frombuffer(plain, np.uint8) != np.frombuffer(restored, np.uint8)
    assert differs.any()
    for one in facts["params"]:
        differs[one["offset"]:one["offset"] + one["bytes"]] = False
    assert not differs.any(), f"first difference at byte {int(differs.argmax())}"


@for_each(MODELS)
def test_sidecar_leaves_size_and_skeleton(workshop, model):
    path = workshop.locked(model, "sidecar")
    facts = workshop.inspect(path)
    assert facts["record"]["in_sidecar"] is True
    assert os.path.getsize(f"{path}.nnlock") == facts["record"]["record_bytes"]
    assert_same_outside_parameters(model.path.read_bytes(), path.read_bytes(), facts)


def split_tflite(plain, locked):
    """Restored bytes and record of a locked TFLite file (spec/record-v1.md, 6.3)."""
    assert locked.endswith(MARK)
    (size,) = struct.unpack(">Q", locked[-16:-8])
    return locked[:-16 - size], locked[-16 - size:-16]


def split_onnx(plain, locked):
    """The same for ONNX (6.4): one metadata entry, the last field of the file."""
    tail = locked[len(plain):]
    model = onnx.ModelProto.FromString(tail)
    assert model.SerializeToString() == tail
    assert [entry.key for entry in model.metadata_props] == ["nnlock"]
    record = base64.b64decode(model.metadata_props[0].value, validate=True)
    return locked[:len(plain)], record


def split_safetensors(plain, locked):
    """The same for safetensors (6.2): text inserted into the header, a multiple of 64 bytes."""
    (before,), (after,) = struct.unpack("<Q", plain[:8]), struct.unpack("<Q", locked[:8])
    assert after > before and (after - before) % 64 == 0
    end = 8 + min(before, after)
    at = next(i for i in range(8, end) if plain[i] != locked[i])
    inserted = locked[at:at + after - before]
    record = re.search(rb'nnlock":"([A-Za-z0-9+/=]*)"', locked[8:8 + after])[1]
    assert record in inserted
    restored = plain[:8] + locked[8:at] + locked[at + after - before:]
    return restored, base64.b64decode(record, validate=True)


SPLITS = {"tflite": split_tflite, "onnx": split_onnx, "safetensors": split_safetensors}


@for_each(MODELS)
def test_record_inside_leaves_the_rest(workshop, model):
    path = workshop.locked(model)
    facts = workshop.inspect(path)
    plain = model.path.read_bytes()
    restored, record = SPLITS[model.kind](plain, path.read_bytes())
    assert facts["record"]["in_sidecar"] is False
    assert len(record) == facts["record"]["record_bytes"]
    assert_same_outside_parameters(plain, restored, facts)
