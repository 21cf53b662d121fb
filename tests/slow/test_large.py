# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Models larger than this machine's memory, or than 4 GiB, can be locked and verified, with little memory (slow lane)."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from sparse_model import peak_memory, sparse_model, sparse_onnx_with_data

GIB = 1 << 30
PEAK = 128 << 20  # bytes above the mapped file; nothing is mapped, so of everything
PROGRAM = os.environ.get("NNLOCK_PROGRAM", "build/nnlock")


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_larger_than_memory(tmp_path):
    size = memory_bytes() + 2 * GIB
    free = shutil.disk_usage(tmp_path).free
    if free < size + GIB:
        pytest.skip(f"needs {size / GIB:.0f} GiB of disk, {free / GIB:.0f} GiB are free")
    tensor = 512 << 20
    sparse_model(tmp_path / "m.safetensors", size // tensor + 1, tensor)
    subprocess.run([PROGRAM, "keygen", "-o", tmp_path / "key"], check=True, capture_output=True)
    locked = tmp_path / "locked.safetensors"
    peaks = {
        "lock": peak_memory(PROGRAM, "lock", "-q", "-k", tmp_path / "key", tmp_path / "m.safetensors", "-o", locked),
        "verify": peak_memory(PROGRAM, "verify", "-q", "-k", tmp_path / "key", locked),
        "inspect": peak_memory(PROGRAM, "inspect", "--json", locked),
    }
    print(f"{size / GIB:.0f} GiB", {name: f"{peak / 2**20:.0f} MiB" for name, peak in peaks.items()})
    assert max(peaks.values()) < PEAK


def test_onnx_data_beyond_4_gib(tmp_path):
    size = 5 * GIB
    free = shutil.disk_usage(tmp_path).free
    if free < 2 * size + GIB:
        pytest.skip(f"needs {2 * size / GIB + 1:.0f} GiB of disk, {free / GIB:.0f} GiB are free")
    plain = tmp_path / "plain"
    plain.mkdir()
    model = sparse_onnx_with_data(plain / "m.onnx", size)
    for folder in ("locked", "unlocked"):
        (tmp_path / folder).mkdir()
    locked, unlocked = tmp_path / "locked" / "m.onnx", tmp_path / "unlocked" / "m.onnx"
    subprocess.run([PROGRAM, "keygen", "-o", tmp_path / "key"], check=True, capture_output=True)
    peaks = [
        peak_memory(PROGRAM, "lock", "-q", "-k", tmp_path / "key", model, "-o", locked, "--layout", "bytes"),
        peak_memory(PROGRAM, "verify", "-q", "-k", tmp_path / "key", locked),
        peak_memory(PROGRAM, "unlock", "-q", "-k", tmp_path / "key", locked, "-o", unlocked),
    ]
    print([f"{peak / 2**20:.0f} MiB" for peak in peaks])
    assert max(peaks) < PEAK
    with open(locked.with_name("weights.bin"), "rb") as data:
        data.seek(size - 64)
        assert data.read() != bytes(64)  # locked behind 4 GiB, too
    assert subprocess.run(["cmp", plain / "weights.bin", unlocked.with_name("weights.bin")]).returncode == 0
    assert model.read_bytes() == unlocked.read_bytes()
