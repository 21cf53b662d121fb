# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a file says, memory stays below its size and 128 MiB, and time and reading grow no faster than the file. For every format."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from many_parts import MANY, write
from sparse_model import peak_memory

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = os.environ.get("NNLOCK_PROGRAM", "build/nnlock")
CASES = pathlib.Path(os.environ.get("NNLOCK_MALFORMED_CASES") or ROOT / "build" / "release" / "formats" / "malformed_cases")
MIB = 1 << 20
ROOM = 128 * MIB
ENDS = (0, 4, 5)  # locked, or refused
EVERYTHING = [(kind, make) for kind, makers in MANY.items() for make in makers]


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run([PROGRAM, "keygen", "-o", path], check=True, capture_output=True)
    return path


def commands(key, model, out):
    return (["inspect", "--json", model], ["lock", "-q", "-k", key, model, "-o", out])


def test_every_format_is_tried():
    formats = json.loads(subprocess.run([PROGRAM, "formats", "--json"], check=True, capture_output=True).stdout)["formats"]
    assert set(MANY) == {one["format"] for one in formats}


@pytest.mark.parametrize("n", [40_000, 110_000, 200_000])
@pytest.mark.parametrize("make", [make for _, make in EVERYTHING], ids=[make.__name__ for _, make in EVERYTHING])
def test_a_small_file_that_asks_for_much(tmp_path, key, make, n):
    model, size = write(tmp_path / "model", make, n)
    (tmp_path / "out").mkdir()
    for command in commands(key, model, tmp_path / "out" / model.name):
        peak = peak_memory(PROGRAM, *command, status=ENDS)
        print(f"{make.__name__} {n}: {size / MIB:.1f} MiB, {command[0]} takes {peak / MIB:.1f} MiB")
        assert peak < size + ROOM


def test_every_malformed_file(tmp_path, key):
    """The codecs' own matrices (formats/malformed): counts, sizes and offsets that claim anything."""
    if not CASES.is_file() and os.environ.get("CI") != "true":
        pytest.skip(f"{CASES} is not built; NNLOCK_MALFORMED_CASES names another")
    subprocess.run([CASES, tmp_path / "cases"], check=True)
    folders = sorted(path.parent for path in (tmp_path / "cases").rglob("expected.json"))
    assert len({folder.parent for folder in folders}) >= 3
    for number, folder in enumerate(folders):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        model = folder / json.loads((folder / "expected.json").read_text())["main"]
        out = tmp_path / "out" / str(number)
        out.mkdir(parents=True)
        for command in commands(key, model, out / model.name):
            assert peak_memory(PROGRAM, *command, status=ENDS) < size + ROOM, folder


def cost(command):
    """(bytes read, seconds of CPU) of a command, which must succeed. What a child read is counted in its parent's children."""
    measure = ("import os,sys,subprocess\n"
               "def read(): return int(open('/proc/self/io').read().split()[1])\n"
               "before=read();c=subprocess.Popen(sys.argv[1:],stdout=subprocess.DEVNULL);_,s,u=os.wait4(c.pid,0)\n"
               "print(read()-before,u.ru_utime+u.ru_stime);sys.exit(os.waitstatus_to_exitcode(s))")
    done = subprocess.run([sys.executable, "-S", "-c", measure, PROGRAM, *map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, seconds = done.stdout.split()
    return int(count), float(seconds)


@pytest.mark.parametrize("kind", MANY)
def test_cost_grows_with_the_file(tmp_path, key, kind):
    """Four times the tensors: four times the reading, and far less than sixteen times the work."""
    found = {}
    for n in (10_000, 20_000, 40_000):
        model, size = write(tmp_path / str(n) / "model", MANY[kind][0], n)
        out = tmp_path / "out"
        for command in commands(key, model, out / model.name):
            tries = []
            for _ in range(2):
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                tries.append(cost(command))
            found[command[0], n] = min(count for count, _ in tries), min(seconds for _, seconds in tries), size
    for command in ("inspect", "lock"):
        (read1, time1, size1), (read2, _, size2), (read4, time4, size4) = (found[command, n] for n in (10_000, 20_000, 40_000))
        print(f"{kind}, {command}: read {read4 / size4:.2f} times its size; {time1:.3f} s, then {time4:.3f} s for {size4 / size1:.1f} times as much")
        assert (read4 - read2) / (size4 - size2) < 1.25 * (read2 - read1) / (size2 - size1) + 0.1
        assert read4 < 6 * size4 + MIB
        assert time4 < 2 * time1 * size4 / size1
