# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Locked ExecuTorch programs in ExecuTorch's own runtime (slow lane)."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "stock"))
from stock_executorch import lines  # noqa: E402
from stock_models import data_dir  # noqa: E402

PROGRAM = os.environ.get("NNLOCK_PROGRAM", str(ROOT / "build" / "nnlock"))
REAL = data_dir() / "pytorch" / "simple_torch_model.pte"


def nnlock(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["inside", "sidecar"])
def copies(request, tmp_path):
    """(key, plain, locked, unlocked) of the real program."""
    if not REAL.is_file():
        pytest.skip(f"no program at {REAL}: NNLOCK_DATA_DIR names the folder that has it")
    key, locked, unlocked = tmp_path / "key", tmp_path / "locked.pte", tmp_path / "unlocked.pte"
    nnlock("keygen", "-o", key)
    nnlock("lock", "-q", "-k", key, REAL, "-o", locked, *(["--sidecar"] if request.param == "sidecar" else []))
    nnlock("unlock", "-q", "-k", key, locked, "-o", unlocked)
    return key, REAL, locked, unlocked


def test_locked_loads_and_unlocked_gives_the_same(copies):
    _, plain, locked, unlocked = copies
    before, without_key, after = lines(plain, locked, unlocked)
    assert before.startswith("ok ") and after == before
    assert without_key.startswith("ok ") and without_key != before
    assert unlocked.read_bytes() == plain.read_bytes()


def test_exec_gives_the_same(copies):
    key, plain, locked, _ = copies
    through_memory = lines("{}", before=[PROGRAM, "exec", "-q", "-k", key, locked, "--"])
    assert through_memory == lines(plain)


def test_only_parameters_differ(copies):
    _, plain, locked, _ = copies
    facts = json.loads(nnlock("inspect", locked, "--json"))
    before, after = bytearray(plain.read_bytes()), bytearray(locked.read_bytes())[:facts["restored_bytes"]]
    for one in facts["params"]:
        span = slice(one["offset"], one["offset"] + one["bytes"])
        assert before[span] != after[span]
        before[span] = after[span] = bytes(one["bytes"])
    assert before == after and facts["locked_bytes"] == facts["param_bytes"] > 0
