# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The vectors of spec/vectors, as far as they can be reached through the package. The ways that cannot are named."""

import hashlib
import json

import nnlock
import pytest
from conftest import ROOT

VECTORS = [json.loads(path.read_text()) for path in sorted((ROOT / "spec" / "vectors").glob("*.json"))]
assert VECTORS, "no vectors found"

# Inside of the library, with a lock id of the caller's choice, or of format raw: the C++ tests run these.
NOT_HERE = {"schedule", "stream", "tag", "lock", "open", "decoy"}


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
    assert {vector["kind"] for vector in VECTORS} == NOT_HERE | {"keyfile", "model"}


@of("keyfile")
def test_keyfile(vector, tmp_path):
    (tmp_path / "k").write_bytes(data(vector["text"]))
    (tmp_path / "k").chmod(0o600)
    kind, key = outcome(lambda: nnlock.MasterKey.from_file(tmp_path / "k"))
    assert kind == vector["class"]
    if key is not None:
        assert key.fingerprint == vector["fingerprint"]
        assert nnlock.MasterKey.from_bytes(data(vector["master"])).fingerprint == vector["fingerprint"]


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
