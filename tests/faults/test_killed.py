# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Killed at any moment, nnlock leaves the old file or the new one, whole; and the next run leaves nothing beside it."""
import random
import signal
import time

import pytest

from conftest import TEMPORARY

KILLS = 50
WHILE_THERE = 40  # of them between the moment the output is made and the moment it gets its name
SLOW = 1000       # microseconds a write, so that there are moments to hit
UNNAMED, NAMED = {}, {"no_tmpfile": 1}  # file systems that let a file be without a name, and others
EVERYWHERE = pytest.mark.parametrize("system", [UNNAMED, NAMED], ids=["unnamed", "named"])


def seconds_in_the_making(bench, command, system):
    """How long the output of an undisturbed run is there without its name, and how long the run takes before."""
    begun = time.monotonic()
    process = bench.start(*command, slow=SLOW, **system)
    bench.until("made", process)
    made = time.monotonic()
    bench.until("done", process)
    done = time.monotonic()
    process.communicate()
    assert process.returncode == 0 and "done" in bench.steps()
    return made - begun, done - made


def kill(bench, command, system, step, delay):
    """Kills the command some time after a step (or its start); tells whether the output was in the making."""
    process = bench.start(*command, slow=SLOW, **system)
    if step:
        bench.until(step, process)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return "made" in bench.steps() and "done" not in bench.steps()


def moments(before, making, chance):
    """KILLS moments, some of them before the output is made; then more, in case the machine was slow."""
    for _ in range(KILLS - WHILE_THERE - 5):
        yield "", chance.uniform(0, before)
    while True:
        yield "made", chance.uniform(0, 0.9 * making)


def check_output(bench, old):
    """The output is the old file or a whole new one."""
    if not bench.out.exists():
        assert old is None
    elif bench.out.read_bytes() != old:
        bench.must("verify", "-q", "-k", bench.key, bench.out)
        assert bench.out.stat().st_size > bench.large.stat().st_size


@EVERYWHERE
@pytest.mark.parametrize("replaces", [False, True], ids=["new", "replaced"])
def test_killed_while_locking(bench, system, replaces):
    command = bench.lock(bench.large, *["--force"] * replaces)
    before, making = seconds_in_the_making(bench, command, system)
    bench.out.unlink()
    kills = hits = left_beside = 0
    for step, delay in moments(before, making, random.Random(5)):
        old = None
        if replaces:
            bench.must(*bench.lock(bench.small, "--force"))
            old = bench.out.read_bytes()
        hits += kill(bench, command, system, step, delay)
        kills += 1
        check_output(bench, old)
        beside = set(bench.beside()) - {bench.out.name}
        assert all(TEMPORARY.search(name) for name in beside)
        left_beside += len(beside)
        bench.must(*bench.lock(bench.small, "--force"))
        assert set(bench.beside()) == {bench.out.name}
        if not replaces:
            bench.out.unlink()
        if kills >= KILLS and hits >= WHILE_THERE:
            break
        assert kills < 3 * KILLS, f"only {hits} of {kills} kills while the output was in the making"
    print(f"{kills} kills, {hits} while the output was in the making, {left_beside} left a file beside it")
    assert left_beside > 0 or system is UNNAMED, "the next run had nothing to take away"


def opens(bench):
    """The records that open the model."""
    records = [path for path in bench.out.parent.iterdir() if path != bench.out]
    return [path for path in records if bench.call("verify", "-q", "-k", bench.key, bench.out, "--sidecar", path).returncode == 0]


@EVERYWHERE
def test_killed_between_record_and_model(bench, system):
    """The model, old or new, can always be opened by a record that is there; the next run leaves one of each."""
    command = bench.lock(bench.small, "--sidecar", "--force")
    chance = random.Random(6)
    bench.must(*command)
    for _ in range(12):
        kill(bench, command, system, "made", chance.uniform(0, 12 * SLOW / 1e6))
        assert opens(bench)
        bench.must(*command)
        assert set(bench.beside()) == {bench.out.name, bench.out.name + ".nnlock"}
        assert len(opens(bench)) == 1


@EVERYWHERE
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop(bench, system, number):
    """A process that can still do something takes its temporary file away itself."""
    bench.must(*bench.lock(bench.small))
    before = bench.beside()
    process = bench.start(*bench.lock(bench.large, "--force"), slow=20_000, **system)
    bench.until("named", process)
    assert len(bench.beside()) == 2
    process.send_signal(number)
    process.communicate()
    assert process.returncode == -number
    assert bench.beside() == before
