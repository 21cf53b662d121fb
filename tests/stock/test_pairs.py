# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO IRs and ncnn models, pairs of files, in their stock runtimes."""

import shutil
from dataclasses import replace

import pytest

from conftest import refuse_without_data
from stock_models import data_dir
from stock_pairs import NOT_READ, REAL, own_pairs, real_pairs

OWN = ("openvino", "text", "binary")
NAMES = (*OWN, *REAL)
READ = [name for name in NAMES if name not in NOT_READ]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return own_pairs(tmp_path_factory.mktemp("pairs")) | real_pairs()


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    return tmp_path_factory.mktemp("copies")


def at(pair, path):
    return replace(pair, path=path)


@pytest.fixture
def three(workshop, pairs, copies, name):
    """The pair plain, locked and unlocked; locked once for all tests."""
    if name in REAL and not data_dir().is_dir():
        refuse_without_data()
    plain = pairs[name]
    locked, unlocked = (at(plain, copies / kind / name / plain.path.name) for kind in ("locked", "unlocked"))
    if not locked.path.exists():
        workshop.must("lock", "-q", "-k", workshop.key, plain.path, "-o", locked.path)
        workshop.must("unlock", "-q", "-k", workshop.key, locked.path, "-o", unlocked.path)
    return plain, locked, unlocked


@pytest.mark.parametrize("name", NAMES)
def test_lock_verify_unlock(workshop, three, name):
    plain, locked, unlocked = three
    workshop.must("verify", "-q", "-k", workshop.key, locked.path)
    assert unlocked.path.read_bytes() == plain.path.read_bytes()
    assert unlocked.weights.read_bytes() == plain.weights.read_bytes()
    assert locked.path.read_bytes().startswith(plain.path.read_bytes())
    before, after = plain.weights.read_bytes(), locked.weights.read_bytes()
    assert len(before) == len(after) and before != after


@pytest.mark.parametrize("name", READ)
def test_stock_runtime(workshop, three, name):
    """Unlocked gives the outputs of plain; locked has the same layers and loads, and gives others."""
    plain, locked, unlocked = (workshop.child(pair, [pair.path])[0] for pair in three)
    for seen in (plain, unlocked, locked):
        assert seen.failure("load") == ""
        assert seen.skeleton == plain.skeleton
    assert plain.failure("run") == unlocked.failure("run") == ""
    assert plain.digests == unlocked.digests
    assert locked.failure("run") != "" or locked.digests != plain.digests


@pytest.mark.parametrize("name", sorted(NOT_READ))
def test_not_read_plain(workshop, three, name):
    """The stock runtime refuses these as they come, and locking changes nothing about it."""
    for pair in three:
        assert NOT_READ[name] in workshop.child(pair, [pair.path])[0].failure("open")


@pytest.mark.parametrize("name", OWN)
def test_a_missing_weights_file_is_named(workshop, pairs, tmp_path, name):
    pair = pairs[name]
    shutil.copy(pair.path, tmp_path)
    done = workshop.call("lock", "-k", workshop.key, tmp_path / pair.path.name, "-o", tmp_path / "out" / pair.path.name)
    assert done.returncode != 0 and pair.weights.name in done.stderr
    assert not (tmp_path / "out" / pair.path.name).exists()


@pytest.mark.parametrize("name", OWN)
def test_a_changed_weights_file_is_tampered(workshop, three, tmp_path, name):
    _, locked, _ = three
    copy = at(locked, tmp_path / locked.path.name)
    shutil.copy(locked.path, copy.path)
    changed = bytearray(locked.weights.read_bytes())
    changed[len(changed) // 3] ^= 1
    copy.weights.write_bytes(changed)
    done = workshop.call("verify", "-k", workshop.key, copy.path)
    assert done.returncode == 4 and copy.weights.name in done.stderr


def test_openvino_keeps_what_it_reads_while_loading(workshop, pairs):
    reasons = {one["reason"] for one in workshop.inspect(pairs["openvino"].path)["constants"]}
    assert {"range of fakequantize", "scale of compressed weights",
            "zero point of compressed weights", "shape of reshape"} <= reasons
