# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Times whole programs, start included, in rounds: each round runs every program once, in random order."""

import os
import random
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from figures import figure, rounded


@dataclass
class Program:
    """A command line. `output` is removed before each run, outside the clock, so that each run makes a fresh file."""
    words: list
    output: Path | None = None
    to_stdout: bool = False  # the shell's `> output`


def run_once(program):
    """Wall seconds and processor seconds of one run."""
    if program.output:
        program.output.unlink(missing_ok=True)
    start = time.perf_counter()
    stdout = open(program.output, "xb") if program.to_stdout else subprocess.DEVNULL
    child = subprocess.Popen([str(w) for w in program.words], stdin=subprocess.DEVNULL, stdout=stdout, close_fds=False)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if program.to_stdout:
        stdout.close()
    if child.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, program.words))}: exit code {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def interleaved(programs, rounds, seed=1):
    """{name: figure} after one round that is not counted."""
    order, runs = random.Random(seed), {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name in order.sample(list(programs), len(programs)):
            measured = run_once(programs[name])
            if programs[name].output and turn < rounds:
                programs[name].output.unlink()  # room for the next
            if turn > 0:
                runs[name].append(measured)
    return {name: figure("s", [wall for wall, _ in taken],
                         median_cpu_s=rounded(statistics.median(cpu for _, cpu in taken)))
            for name, taken in runs.items()}
