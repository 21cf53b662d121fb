# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Locked ExecuTorch programs in ExecuTorch's own runtime (slow lane).

The wheel's Python module needs torch, which is not installed for this; its C++ library needs
nothing, so a small program is compiled against it."""

import json
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

WHEEL = "executorch==1.5.1"
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("NNLOCK_PROGRAM", str(ROOT / "build" / "nnlock"))
DATA = pathlib.Path(os.environ.get("NNLOCK_DATA_DIR") or ROOT.parent / "shared" / "data")
REAL = DATA / "pytorch" / "simple_torch_model.pte"
BUILD = ROOT / "build" / "executorch"


def unpacked():
    """The wheel's folder, downloaded once and without what it depends on."""
    if not (BUILD / "executorch" / "lib").is_dir():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", BUILD, WHEEL], check=True)
        (wheel,) = BUILD.glob("executorch-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(BUILD)
    return BUILD / "executorch"


@pytest.fixture(scope="session")
def runner():
    wheel, program = unpacked(), BUILD / "runner"
    include, lib = wheel / "include", wheel / "lib"
    subprocess.run(["g++", "-std=c++17", "-O1", "-I", include, "-I", include / "executorch/runtime/core/portable_type/c10",
                    "-DC10_USING_CUSTOM_GENERATED_MACROS", pathlib.Path(__file__).with_name("executorch_runner.cpp"), "-o", program,
                    "-L", lib, f"-Wl,-rpath,{lib}", "-Wl,--no-as-needed", "-lexecutorch", "-lexecutorch_kernels_optimized",
                    "-lexecutorch_backend_xnnpack", "-lexecutorch_threadpool"], check=True)
    return program


def lines(runner, *paths, before=()):
    done = subprocess.run([*before, runner, *paths], text=True, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.split()[0] in ("ok", "load", "method", "run")]


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


def test_locked_loads_and_unlocked_gives_the_same(runner, copies):
    _, plain, locked, unlocked = copies
    before, without_key, after = lines(runner, plain, locked, unlocked)
    assert before.startswith("ok ") and after == before
    assert without_key.startswith("ok ") and without_key != before
    assert unlocked.read_bytes() == plain.read_bytes()


def test_exec_gives_the_same(runner, copies):
    key, plain, locked, _ = copies
    through_memory = lines(runner, "{}", before=[PROGRAM, "exec", "-q", "-k", key, locked, "--"])
    assert through_memory == lines(runner, plain)


def test_only_parameters_differ(copies):
    _, plain, locked, _ = copies
    facts = json.loads(nnlock("inspect", locked, "--json"))
    before, after = bytearray(plain.read_bytes()), bytearray(locked.read_bytes())[:facts["restored_bytes"]]
    for one in facts["params"]:
        span = slice(one["offset"], one["offset"] + one["bytes"])
        assert before[span] != after[span]
        before[span] = after[span] = bytes(one["bytes"])
    assert before == after and facts["locked_bytes"] == facts["param_bytes"] > 0
