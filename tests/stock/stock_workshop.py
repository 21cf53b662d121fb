# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Locks each model once and shows it to its stock runtime once; the tests look at the results."""

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stock_models import ROOT

CHILD = Path(__file__).with_name("stock_child.py")
STAGES = ("open", "load", "run", "inside")
PLACEMENTS = ("inside", "sidecar")
LONGEST = 120  # seconds for one program or one stock runtime


@dataclass(frozen=True)
class Seen:
    """How one file did in its stock runtime: stage -> what the child printed."""
    stages: dict
    crash: str

    def failure(self, stage):
        """Why the stage failed, or "" if it went well."""
        for name in STAGES:
            line = self.stages.get(name)
            if line is None:
                return f"{name}: {self.crash or 'not tried'}"
            if not line["ok"]:
                return f"{name}: {line['error']}"
            if name == stage:
                return ""
        raise ValueError(stage)

    @property
    def skeleton(self):
        return self.stages["open"]["skeleton"]

    @property
    def digests(self):
        return [self.stages[name]["digest"] for name in ("run", "inside") if name in self.stages]

    @property
    def nan_share(self):
        return self.stages["run"]["nan_share"]


def seen_in(text, number, crash):
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return Seen({line["stage"]: line for line in lines if line["file"] == number}, crash)


def program_path():
    path = Path(os.environ.get("NNLOCK_PROGRAM") or ROOT / "build" / "nnlock")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no program at {path}: build it, or set NNLOCK_PROGRAM")
    return path.resolve()


class Workshop:
    """A folder with one key, and for each model its locked and unlocked copies."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.key = self.folder / "nnlock.key"
        self.program = program_path()
        self.must("keygen", "-o", self.key)

    def call(self, *arguments):
        """Runs nnlock; returns the finished process with its text."""
        return subprocess.run([self.program, *map(str, arguments)], text=True,
                              capture_output=True, timeout=LONGEST, check=False)

    def must(self, *arguments):
        """Runs nnlock, which must succeed; returns its standard output."""
        done = self.call(*arguments)
        assert done.returncode == 0, f"nnlock {arguments[0]}: {done.returncode}: {done.stderr}"
        return done.stdout

    def inspect(self, path):
        return json.loads(self.must("inspect", path, "--json"))

    def place(self, model, kind):
        """Where a copy of the model goes: a folder per model, a name per kind of copy."""
        folder = self.folder / ("own" if model.own else "real") / model.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{kind}{model.path.suffix}"

    def locked(self, model, placement="inside"):
        path = self.place(model, f"locked_{placement}")
        if not path.exists():
            extra = ["--sidecar"] if placement == "sidecar" else []
            self.must("lock", "-q", "-k", self.key, model.path, "-o", path, *extra)
        return path

    def unlocked(self, model, placement="inside"):
        path = self.place(model, f"unlocked_{placement}")
        if not path.exists():
            self.must("unlock", "-q", "-k", self.key, self.locked(model, placement), "-o", path)
        return path

    def child(self, model, paths, before=(), stages=None):
        """Shows files to the model's stock runtime in one process; one Seen for each."""
        command = [*map(str, before), sys.executable, str(CHILD), model.kind,
                   stages or model.stages,
                   json.dumps(list(model.inputs.items())), *map(str, paths)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)
            text, code = done.stdout, done.returncode
            crash = f"process ended with {code}" if code else ""
        except subprocess.TimeoutExpired as late:
            text, crash = late.stdout or b"", f"not done after {LONGEST} s"
        return [seen_in(text.decode(), number, crash) for number in range(len(paths))]

    @functools.cache
    def stock(self, model):
        """The model plain, unlocked with the right key, and locked, in its stock runtime."""
        return self.child(model, [model.path, self.unlocked(model), self.locked(model)])

    @functools.cache
    def stock_plain(self, model):
        """A model that nnlock refuses, in its stock runtime."""
        return self.child(model, [model.path])[0]

    @functools.cache
    def stock_exec(self, model):
        """The model through `nnlock exec`: the runtime reads it from a memory file."""
        before = [self.program, "exec", "-q", "-k", self.key, self.locked(model), "--"]
        return self.child(model, ["{}"], before)[0]
