# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The vectors of spec/vectors, as far as they can be reached through the package. The ways that cannot are named."""

import hashlib
import json

import nnlock
import pytest
from conftest import ROOT, write_safetensors

VECTORS = [json.loads(path.read_text()) for path in sorted((ROOT / "spec" / "vectors").glob("*.json"))]
assert VECTORS, "no vectors found"

# Inside of the library, with a lock id of the caller's choice, or of format raw: the C++ tests run these.
NOT_HERE = {"schedule", "stream", "tag", "numbers", "lock", "open", "decoy"}

# Element types as safetensors spells them, where they are parameters there.
SPELLED = {"f16": "F16", "bf16": "BF16", "f32": "F32", "f64": "F64", "complex64": "C64", "f8": "F8_E4M3", "i8": "I8", "u8": "U8",
           "i16": "I16", "u16": "U16", "i32": "I32", "u32": "U32"}
NO_PARAMETERS = {"i64", "u64", "boolean", "complex128", "i4", "u4", "opaque"}
FLOATS = {"f16": (1, 15), "bf16": (2, 127), "f32": (3, 127), "f64": (4, 1023), "complex64": (3, 127)}  # number in records, bias


def data(value):
    if isinstance(value, str):
        return bytes.fromhex(value)
    pattern = bytes.fromhex(value["repeat"])
    out = bytearray((pattern * (value["length"] // len(pattern) + 1))[:value["length"]])
    for offset, patch in value.get("patch", []):
        patch = bytes.fromhex(patch)
        out[offset:offset + len(patch)] = patch
    return bytes(out)


def matches(value, content):
    if isinstance(value, dict) and "sha256" in value:
        return len(content) == value["length"] and hashlib.sha256(content).hexdigest() == value["sha256"]
    return data(value) == content


def outcome(call):
    try:
        return "ok", call()
    except nnlock.Error as error:
        return error.kind, None


def of(*kinds, when=lambda vector: True):
    chosen = [vector for vector in VECTORS if vector["kind"] in kinds and when(vector)]
    assert chosen, kinds
    return pytest.mark.parametrize("vector", chosen, ids=[vector["name"] for vector in chosen])


def test_all_kinds_are_known():
    assert {vector["kind"] for vector in VECTORS} == NOT_HERE | {"keyfile", "model", "choose"}
    assert {vector["dtype"] for vector in VECTORS if vector["kind"] == "choose"} <= SPELLED.keys() | NO_PARAMETERS


@of("keyfile")
def test_keyfile(vector, tmp_path):
    (tmp_path / "k").write_bytes(data(vector["text"]))
    (tmp_path / "k").chmod(0o600)
    kind, key = outcome(lambda: nnlock.MasterKey.from_file(tmp_path / "k"))
    assert kind == vector["class"]
    if key is not None:
        assert key.fingerprint == vector["fingerprint"]
        assert nnlock.MasterKey.from_bytes(data(vector["master"])).fingerprint == vector["fingerprint"]


def layout_item(info):
    """The layout of a tensor as a record writes it (spec/record-v1.md section 3.4)."""
    if info.range is not None:
        return [3, int(info.dtype[1:]) // 8, info.range.bits, 0 if info.range.negative else 1]
    if info.ring is None:
        return {"bytes": 0, "plain": 1}[info.layout]
    number, bias = FLOATS[info.dtype]
    low, high = (0, 0) if info.ring.low is None else (info.ring.low + bias, info.ring.high + bias)
    return [2, number, low, high, info.ring.zero + 2 * info.ring.keeps_sign]


@of("choose", when=lambda vector: vector["dtype"] in SPELLED)
def test_choose(vector, tmp_path):
    write_safetensors(tmp_path / "m", {"tensor": (SPELLED[vector["dtype"]], data(vector["plain"]))})
    if vector["layout"] == 1:  # without a finite element: it would be left as it is
        (tensor,) = nnlock.inspect(tmp_path / "m").params
        assert (tensor.layout, tensor.reason) == ("plain", "holds no finite number")
        with pytest.raises(nnlock.NothingToLockError):
            nnlock.lock(nnlock.MasterKey.generate(), tmp_path / "m", tmp_path / "l")
        return
    nnlock.lock(nnlock.MasterKey.generate(), tmp_path / "m", tmp_path / "l")
    for path in (tmp_path / "m", tmp_path / "l"):
        (tensor,) = nnlock.inspect(path).params
        assert layout_item(tensor) == vector["layout"]


@of("model", when=lambda vector: vector["operation"] == "open")
def test_model(vector, tmp_path):
    key = nnlock.MasterKey.from_bytes(data(vector["master"]))
    model, sidecar = data(vector["file"]), None if vector["sidecar"] is None else data(vector["sidecar"])
    (tmp_path / "m").write_bytes(model)
    if sidecar is not None:
        (tmp_path / "m.nnlock").write_bytes(sidecar)
    for source, record in ((tmp_path / "m", None), (model, sidecar)):
        kind, unlocked = outcome(lambda: nnlock.unlock(key, source, sidecar=record))
        assert kind == vector["class"]
        assert outcome(lambda: nnlock.verify(key, source, sidecar=record))[0] == vector["class"]
        if unlocked is not None:
            assert matches(vector["plain"], bytes(unlocked))


@of("model", when=lambda vector: vector["operation"] == "lock" and vector["class"] != "ok")
def test_model_that_cannot_be_locked(vector, tmp_path):
    (tmp_path / "m").write_bytes(data(vector["file"]))
    key = nnlock.MasterKey.from_bytes(data(vector["master"]))
    assert outcome(lambda: nnlock.lock(key, tmp_path / "m", tmp_path / "l"))[0] == vector["class"]
    assert not (tmp_path / "l").exists()
