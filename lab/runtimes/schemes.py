# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What locks the files of public models, and the keys of a cell. All of it depends on the seed alone."""
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import nnlock

ROOT = Path(__file__).resolve().parents[2]
KEY_BITS = 256


def digest(label, seed, *more):
    return hashlib.sha256("/".join(map(str, ("nnlock lab", label, seed, *more))).encode()).digest()


def number(label, seed, index):
    """A seed for one of many draws."""
    return int.from_bytes(digest(label, seed, index)[:8], "little")


def key_at_distance(key, distance, seed, index):
    """The key with exactly `distance` bits changed."""
    order = sorted(range(KEY_BITS), key=lambda bit: digest("near keys", seed, distance, index, bit))
    changed = int.from_bytes(key, "little")
    for bit in order[:distance]:
        changed ^= 1 << bit
    return changed.to_bytes(len(key), "little")


class NnlockV1:
    """This library's lock. A wrong key is a decoy unlock."""

    name = "nnlock-v1"

    def __init__(self, program=None):
        self.program = Path(program or os.environ.get("NNLOCK_LAB") or ROOT / "build" / "nnlock-lab")
        if not os.access(self.program, os.X_OK):
            raise FileNotFoundError(f"{self.program}: no nnlock-lab here; `make lab` builds it, NNLOCK_LAB names another")

    def lock(self, path, key, seed):
        """The locked file, the same for the same seed: nnlock alone would draw a lock id."""
        with tempfile.TemporaryDirectory(prefix="nnlock-lab") as scratch:
            out = Path(scratch) / f"locked{path.suffix}"
            done = subprocess.run([self.program, "lock", path, out, "--key", key.hex(), "--seed", str(seed)], capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{path} cannot be locked: {done.stderr.strip()}")
            return out.read_bytes()

    def unlock(self, locked, key):
        with nnlock.unlock(nnlock.MasterKey.from_bytes(key), locked, decoy=True, threads=1) as model:
            return bytes(model)
