# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A folder with a key and two models, and nnlock run in it with faults (faults.c) or without."""
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from sparse_model import sparse_model

HERE = pathlib.Path(__file__).parent
PROGRAM = pathlib.Path(os.environ.get("NNLOCK_PROGRAM") or HERE.parents[1] / "build" / "nnlock").resolve()
LONGEST = 60  # seconds for one command
TEMPORARY = re.compile(r"\.nnlock-[0-9a-f]{16}$")


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path, HERE / "faults.c", "-ldl"], check=True)
    return path


def heed_signals():
    """In the child: what a background job or nohup ignores is inherited, and the program keeps to it."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Bench:
    """`out` is where commands write: a folder of its own, so that everything beside the output is seen."""

    def __init__(self, folder, shim):
        self.folder, self.shim, self.log = folder, shim, folder / "log"
        self.key, self.small, self.large = folder / "key", folder / "small.safetensors", folder / "large.safetensors"
        self.must("keygen", "-o", self.key)
        values = random.Random(1)
        sparse_model(self.small, 1, 4096)
        with open(sparse_model(self.large, 1, 8 << 20), "r+b") as file:
            file.seek(4096)
            file.write(struct.pack("<4096f", *(values.uniform(-1, 1) for _ in range(4096))))
        self.place(folder / "out")

    def place(self, folder):
        folder.mkdir(exist_ok=True)
        self.out = folder / "model"

    def start(self, *arguments, **faults):
        """Starts a command; faults are the settings of faults.c without their prefix."""
        self.log.unlink(missing_ok=True)
        settings = {f"NNLOCK_FAULT_{name.upper()}": str(value) for name, value in faults.items()}
        env = os.environ | {"LD_PRELOAD": str(self.shim), "NNLOCK_FAULT_LOG": str(self.log)} | settings
        return subprocess.Popen([PROGRAM, *map(str, arguments)], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=heed_signals)

    def steps(self):
        """What the log says: made, named, done."""
        return self.log.read_text().split() if self.log.exists() else []

    def until(self, step, process):
        """Waits until the log has a line; returns at once when the process ends without it."""
        while step not in self.steps() and process.poll() is None:
            time.sleep(0.0005)

    def faulty(self, *arguments, **faults):
        process = self.start(*arguments, **faults)
        _, errors = process.communicate(timeout=LONGEST)
        return process.returncode, errors

    def call(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True, timeout=LONGEST, check=False)

    def must(self, *arguments):
        done = self.call(*arguments)
        assert done.returncode == 0, done.stderr

    def lock(self, source, *options):
        return ("lock", "-q", "--threads", 1, "-k", self.key, source, "-o", self.out, *options)

    def beside(self):
        """Names of everything in the folder of the output, and what is in it."""
        return {path.name: path.read_bytes() for path in self.out.parent.iterdir()}


@pytest.fixture
def bench(tmp_path, shim):
    return Bench(tmp_path, shim)
