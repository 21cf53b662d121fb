# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A llama that this project trained, in every type that llama.cpp quantises to: locked, unlocked, and run in llama.cpp."""

import json
import subprocess
import sys
from pathlib import Path

import gguf
import pytest

from stock_llama import TOKENS
from stock_models import ROOT
from stock_workshop import LONGEST

EXAMPLE = ROOT / "examples" / "llama"
sys.path.insert(0, str(EXAMPLE))
import quantise  # noqa: E402

CHILD = Path(__file__).with_name("stock_llama.py")
NAMES = [kind.name for kind in quantise.TYPES]
# Their scales are no whole floats, so they are locked byte by byte. llama.cpp's check of tensors, off by default, then finds scales that are none.
BYTEWISE = {"IQ1_M", "MXFP4", "NVFP4"}
REFUSED_IF_CHECKED = {"IQ1_M", "MXFP4"}


def shown(paths, check="check"):
    """What llama.cpp does with each file, in one process."""
    command = [sys.executable, str(CHILD), check, *map(str, paths)]
    done = subprocess.run(command, text=True, capture_output=True, timeout=LONGEST, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {Path(line["file"]).stem: line for line in lines}


class Llamas:
    """The model in every type, plain, locked and unlocked."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.folder = workshop.folder / "llama"
        for kind in ("plain", "locked", "unlocked"):
            (self.folder / kind).mkdir(parents=True)
        for kind in quantise.TYPES:
            plain = self.path("plain", kind.name)
            quantise.quantise(EXAMPLE / "jargon.gguf", plain, kind)
            workshop.must("lock", "-q", "-k", workshop.key, plain, "-o", self.path("locked", kind.name))
            workshop.must("unlock", "-q", "-k", workshop.key, self.path("locked", kind.name), "-o", self.path("unlocked", kind.name))
        self.plain, self.unlocked, self.locked = (shown(self.paths(kind)) for kind in ("plain", "unlocked", "locked"))
        self.unchecked = shown([self.path("locked", name) for name in NAMES if name in REFUSED_IF_CHECKED], "no check")

    def path(self, kind, name):
        return self.folder / kind / f"{name}.gguf"

    def paths(self, kind):
        return [self.path(kind, name) for name in NAMES]


@pytest.fixture(scope="session")
def llamas(workshop):
    return Llamas(workshop)


for_each = pytest.mark.parametrize("name", NAMES)


@for_each
def test_unlocked_says_the_same(llamas, name):
    assert llamas.path("unlocked", name).read_bytes() == llamas.path("plain", name).read_bytes()
    plain, unlocked = llamas.plain[name], llamas.unlocked[name]
    assert plain["tokens"] == unlocked["tokens"] == TOKENS
    assert plain["text"] == unlocked["text"]
    assert plain["probabilities"] == [768] * TOKENS
    assert plain["digest"] == unlocked["digest"]


def test_plain_talks_sense(llamas):
    """The trained model follows the prompt with words of its text, whatever the rounding."""
    for name in ("F32", "F16", "BF16", "Q8_0"):
        assert llamas.plain[name]["text"] == llamas.plain["Q8_0"]["text"]
    assert llamas.plain["Q8_0"]["text"].split()[0] in ("a", "an", "the", "not")


@for_each
def test_locked_has_the_same_tensors(llamas, name):
    plain, locked = (gguf.GGUFReader(llamas.path(kind, name)) for kind in ("plain", "locked"))
    assert list(plain.fields) == list(locked.fields)
    assert len(plain.tensors) == len(locked.tensors) > 0
    for before, after in zip(plain.tensors, locked.tensors):
        for part in ("name", "tensor_type", "n_elements", "n_bytes", "data_offset"):
            assert getattr(before, part) == getattr(after, part)
        assert list(before.shape) == list(after.shape)
        assert before.data.tobytes() != after.data.tobytes()


@for_each
def test_locked_loads_checked_and_babbles(llamas, name):
    """Loading checks every tensor for NaN and infinity. It generates all tokens that it is asked for, and others than the plain one."""
    locked = llamas.locked[name]
    if name in REFUSED_IF_CHECKED:
        assert "refused" in locked
        locked = llamas.unchecked[name]
    assert locked["tokens"] == TOKENS
    assert locked["text"] != llamas.plain[name]["text"]
    assert locked["digest"] != llamas.plain[name]["digest"]


@for_each
def test_layouts(llamas, name):
    facts = llamas.workshop.inspect(llamas.path("locked", name))
    matrices = {one["layout"] for one in facts["params"] if len(one["shape"]) == 2}
    assert matrices == {"bytes" if name in BYTEWISE else "finite" if name in ("F32", "F16", "BF16") else "block"}
    assert facts["locked_bytes"] == facts["param_bytes"]
