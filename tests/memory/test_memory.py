# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Peak memory does not grow with the model, and does grow linearly with a small constant in the number of tensors."""
import json
import os
import struct
import subprocess
import sys

import pytest

PROGRAM = os.environ.get("NNLOCK_PROGRAM", "build/nnlock")
MIB = 1 << 20


def model(path, tensors, tensor_bytes):
    header = {f"layer{i}.weight": {"dtype": "F32", "shape": [tensor_bytes // 4], "data_offsets": [i * tensor_bytes, (i + 1) * tensor_bytes]} for i in range(tensors)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.truncate(8 + len(text) + tensors * tensor_bytes)  # sparse: all parameters are zero
    return path


def peak(*command):
    """Peak resident memory of a command, in bytes. A fork of this process would count its own pages: exec first."""
    measure = "import os,sys,subprocess;c=subprocess.Popen(sys.argv[1:],stdout=subprocess.DEVNULL);_,s,u=os.wait4(c.pid,0);print(u.ru_maxrss*1024);sys.exit(os.waitstatus_to_exitcode(s))"
    done = subprocess.run([sys.executable, "-S", "-c", measure, *map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture
def key(tmp_path):
    subprocess.run([PROGRAM, "keygen", "-o", tmp_path / "key"], check=True, capture_output=True)
    return tmp_path / "key"


def peaks(folder, key, source):
    locked = folder / (source.name + ".locked")
    plain = folder / (source.name + ".plain")
    found = {
        "lock": peak(PROGRAM, "lock", "-q", "-k", key, source, "-o", locked),
        "verify": peak(PROGRAM, "verify", "-q", "-k", key, locked),
        "unlock": peak(PROGRAM, "unlock", "-q", "-k", key, locked, "-o", plain),
        "inspect": peak(PROGRAM, "inspect", "--json", locked),
    }
    assert plain.stat().st_size == source.stat().st_size
    locked.unlink()
    plain.unlink()
    print(source.name, {name: f"{value / MIB:.1f} MiB" for name, value in found.items()})
    return found


def test_a_large_model_takes_no_more_memory_than_a_small_one(tmp_path, key):
    small = peaks(tmp_path, key, model(tmp_path / "small", 4, 4 * MIB))
    large = peaks(tmp_path, key, model(tmp_path / "large", 4, 128 * MIB))
    for name in small:
        assert large[name] < small[name] + 8 * MIB, name
        assert large[name] < 128 * MIB, name


def test_many_tensors_take_memory_in_proportion(tmp_path, key):
    found = peaks(tmp_path, key, model(tmp_path / "many", 100_000, 64))
    assert max(found.values()) < 256 * MIB  # 100,000 tensors: at most some 2.5 KiB each
