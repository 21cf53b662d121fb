# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Records of cells on public models, in the form of lab/record.cpp."""
import hashlib
import json
import os
import subprocess
import time
from dataclasses import dataclass

from judge import rounded
from schemes import KEY_BITS, ROOT

# What the figures of a cell are made by.
SOURCES = ("lab/runtimes/*.py", "tests/slow/*.py", "tests/stock/*.py", "examples/demo/*.py", "*.cpp", "*.hpp")


def commit():
    git = lambda *words: subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    head, changed = git("rev-parse", "--short=12", "HEAD"), git("diff", "--quiet", "HEAD", "--", *SOURCES).returncode
    return "unknown" if head.returncode else head.stdout.strip() + ("+changes" if changed else "")


@dataclass(frozen=True)
class Cell:
    target: object
    scheme: str
    seed: int
    effort: str
    budget: dict

    @property
    def name(self):
        one = self.target
        return f"wrong-keys/{one.dataset}-{one.model}-{one.weights}-{self.scheme}-s{self.seed}" + ("-smoke" if self.effort == "smoke" else "")

    @property
    def command(self):
        return (f"build/venv/bin/python lab/runtimes/wrong_keys.py --model {self.target.model} --seed {self.seed}"
                + (" --effort smoke" if self.effort == "smoke" else ""))

    def place(self, records):
        return records / f"{self.name}.json"

    def described(self):
        one = self.target
        return {"model": one.model, "dataset": one.dataset, "runtime": one.runtime, "weights": one.weights, "scheme": self.scheme, "key_bits": KEY_BITS,
                "trained_under_key": False, "training": f"{'this project' if one.own else 'public model'} {one.file}",
                "file_sha256": hashlib.sha256(one.path.read_bytes()).hexdigest()[:16], "measure": one.measure} | ({"inputs": one.about} if one.about else {})

    def record(self, outcome, inputs, made_by, seconds):
        """`inputs`: how many; `made_by`: the commit when the cell began."""
        budget = {name: str(value) for name, value in self.budget.items()}
        return {"record": 1, "attack": {"name": "wrong-keys", "knows": ["locked file", "architecture"], "budget": budget},
                "target": self.described(), "seed": self.seed, "effort": self.effort, "test_images": inputs, "outcome": rounded(outcome),
                "used": {"training_images": 0, "oracle_questions": 0}, "command": self.command, "commit": made_by,
                "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "seconds": round(seconds, 1)}


def write(place, record):
    """The file appears only when it is complete."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.{os.getpid()}")
    half.write_text(json.dumps(record, indent=1) + "\n")
    half.replace(place)
