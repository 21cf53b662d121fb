# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A model larger than this machine's memory can be locked and verified, with little memory (slow lane)."""
import json
import os
import shutil
import struct
import subprocess

import pytest

GIB = 1 << 30
PEAK = 128 << 20  # bytes above the mapped file; nothing is mapped, so of everything
PROGRAM = os.environ.get("NNLOCK_PROGRAM", "build/nnlock")


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def sparse_model(path, tensors, tensor_bytes):
    header = {f"w{i}": {"dtype": "F32", "shape": [tensor_bytes // 4], "data_offsets": [i * tensor_bytes, (i + 1) * tensor_bytes]} for i in range(tensors)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.truncate(8 + len(text) + tensors * tensor_bytes)


def run(*command):
    """Runs a command and returns its peak resident memory in bytes."""
    child = subprocess.Popen(list(map(str, command)))
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return usage.ru_maxrss * 1024


def test_larger_than_memory(tmp_path):
    size = memory_bytes() + 2 * GIB
    free = shutil.disk_usage(tmp_path).free
    if free < size + GIB:
        pytest.skip(f"needs {size / GIB:.0f} GiB of disk, {free / GIB:.0f} GiB are free")
    tensor = 512 << 20
    sparse_model(tmp_path / "m.safetensors", size // tensor + 1, tensor)
    run(PROGRAM, "keygen", "-o", tmp_path / "key")
    locked = tmp_path / "locked.safetensors"
    peaks = {
        "lock": run(PROGRAM, "lock", "-q", "-k", tmp_path / "key", tmp_path / "m.safetensors", "-o", locked),
        "verify": run(PROGRAM, "verify", "-q", "-k", tmp_path / "key", locked),
        "inspect": run(PROGRAM, "inspect", "--json", locked),
    }
    print(f"{size / GIB:.0f} GiB", {name: f"{peak / 2**20:.0f} MiB" for name, peak in peaks.items()})
    assert max(peaks.values()) < PEAK
