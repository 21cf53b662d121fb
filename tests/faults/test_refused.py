# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A full disk, a disk that cannot be read: exit code 6, a message that names the file, and everything is as it was before."""
import errno
import itertools
import os
import subprocess

import pytest

IO = 6
EVERY_PLACE = pytest.mark.parametrize("options", [(), ("--force",), ("--sidecar",), ("--sidecar", "--force")],
                                      ids=["new", "replaced", "new-sidecar", "replaced-sidecar"])


@pytest.fixture
def full_disk(bench, tmp_path):
    """A small file system in memory, on which the small model has room and the large one not."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    bench.place(folder)
    yield bench
    subprocess.run(["umount", folder], check=True)


def prepare(bench, options):
    if "--force" in options:
        bench.must(*bench.lock(bench.small, *set(options) - {"--force"}))
    return bench.beside()


@EVERY_PLACE
def test_disk_full(full_disk, options):
    before = prepare(full_disk, options)
    done = full_disk.call(*full_disk.lock(full_disk.large, *options))
    assert done.returncode == IO
    assert "No space left on device" in done.stderr and str(full_disk.out) in done.stderr
    assert full_disk.beside() == before


def test_disk_full_while_unlocking(full_disk, tmp_path):
    full_disk.must("lock", "-q", "-k", full_disk.key, full_disk.large, "-o", tmp_path / "locked")
    done = full_disk.call("unlock", "-q", "-k", full_disk.key, tmp_path / "locked", "-o", full_disk.out)
    assert done.returncode == IO and "No space left on device" in done.stderr
    assert full_disk.beside() == {}


def until_it_goes_well(bench, command, name, check, **faults):
    """Runs a command with its first, second, third ... read or write failing; returns how often one failed."""
    for good in itertools.count():
        code, errors = bench.faulty(*command, **{name: good}, **faults)
        if code == 0:
            return good
        assert code == IO, errors
        check(errors)


@EVERY_PLACE
@pytest.mark.parametrize("system", [{}, {"no_tmpfile": 1}], ids=["unnamed", "named"])
def test_every_write_that_fails(bench, options, system):
    before = prepare(bench, options)

    def check(errors):
        assert "cannot write the file" in errors and os.strerror(errno.ENOSPC) in errors and str(bench.out) in errors
        assert bench.beside() == before
    failed = until_it_goes_well(bench, bench.lock(bench.small, *options), "write", check, errno=errno.ENOSPC, **system)
    assert failed >= 2
    assert "done" in bench.steps()


@EVERY_PLACE
def test_the_disk_fails_at_last(bench, options):
    """Writing went well, but the system tells late that it cannot keep it."""
    before = prepare(bench, options)
    code, errors = bench.faulty(*bench.lock(bench.small, *options), sync=1)
    assert code == IO and str(bench.out) in errors
    assert bench.beside() == before


@pytest.mark.parametrize("error, words", [(errno.EIO, os.strerror(errno.EIO)), (0, "became shorter")], ids=["error", "shrunk"])
@pytest.mark.parametrize("command", ["lock", "unlock", "verify", "inspect", "exec"])
def test_every_read_that_fails(bench, command, error, words):
    source = bench.small
    if command != "lock":
        source = bench.folder / "locked"
        bench.must("lock", "-q", "-k", bench.key, bench.small, "-o", source)
    arguments = {"lock": ["-k", bench.key, "-o", bench.out, "-q", "--force"], "unlock": ["-k", bench.key, "-o", bench.out, "-q", "--force"],
                 "verify": ["-k", bench.key], "inspect": [], "exec": ["-k", bench.key, "--", "true", "{}"]}[command]
    bench.out.write_bytes(b"old")

    def check(errors):
        assert words in errors and str(source) in errors
        assert bench.beside() == {bench.out.name: b"old"}
    assert until_it_goes_well(bench, [command, source, *arguments], "read", check, errno=error) >= 2
