# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Peak memory does not grow with the model, and does grow linearly with a small constant in the number of tensors. Hostile files cost little."""
import os
import pathlib
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from sparse_model import peak_memory, sparse_file, sparse_model, sparse_onnx, sparse_tflite

PROGRAM = os.environ.get("NNLOCK_PROGRAM", "build/nnlock")
MIB = 1 << 20


@pytest.fixture
def key(tmp_path):
    subprocess.run([PROGRAM, "keygen", "-o", tmp_path / "key"], check=True, capture_output=True)
    return tmp_path / "key"


def peaks(folder, key, source):
    locked = folder / (source.name + ".locked")
    plain = folder / (source.name + ".plain")
    found = {
        "lock": peak_memory(PROGRAM, "lock", "-q", "-k", key, source, "-o", locked),
        "verify": peak_memory(PROGRAM, "verify", "-q", "-k", key, locked),
        "unlock": peak_memory(PROGRAM, "unlock", "-q", "-k", key, locked, "-o", plain),
        "inspect": peak_memory(PROGRAM, "inspect", "--json", locked),
        "inspect of the plain model": peak_memory(PROGRAM, "inspect", "--json", source),
    }
    assert plain.stat().st_size == source.stat().st_size
    locked.unlink()
    plain.unlink()
    print(source.name, {name: f"{value / MIB:.1f} MiB" for name, value in found.items()})
    return found


def test_a_large_model_takes_no_more_memory_than_a_small_one(tmp_path, key):
    small = peaks(tmp_path, key, sparse_model(tmp_path / "small", 4, 4 * MIB))
    large = peaks(tmp_path, key, sparse_model(tmp_path / "large", 4, 128 * MIB))
    for name in small:
        assert large[name] < small[name] + 8 * MIB, name
        assert large[name] < 128 * MIB, name


def test_many_tensors_take_memory_in_proportion(tmp_path, key):
    found = peaks(tmp_path, key, sparse_model(tmp_path / "many", 100_000, 64))
    assert max(found.values()) < 256 * MIB  # 100,000 tensors: at most some 2.5 KiB each


# The record's first 32 bytes are judged before memory of its size is asked for.
@pytest.mark.parametrize("frame", [b"", b"NNLOCKR1" + struct.pack(">IIIIQ", 0, 1, 300, 1024, 16)], ids=["zeros", "another-length"])
def test_a_huge_sidecar_that_is_no_record_costs_nothing(tmp_path, frame):
    model = sparse_model(tmp_path / "m.safetensors", 1, 64)
    sparse_file(tmp_path / "m.safetensors.nnlock", 2048 * MIB, frame)
    assert peak_memory(PROGRAM, "inspect", model, status=4) < 64 * MIB


@pytest.mark.parametrize("write", [sparse_onnx, sparse_tflite])
def test_a_sparse_file_costs_its_data_only(tmp_path, write):
    assert peak_memory(PROGRAM, "inspect", write(tmp_path / "m", 1024 * MIB)) < 64 * MIB
