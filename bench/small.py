# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What a person waits for with a small model: the program's start included."""

import tempfile
from pathlib import Path

from programs import Program, interleaved, run_once


def models(folder):
    found = sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".tflite"))
    if not found:
        raise SystemExit(f"bench: no models in {folder}")
    return found


def measure(nnlock, folder, rounds):
    with tempfile.TemporaryDirectory(prefix="nnlock-bench-") as scratch:
        key, out = Path(scratch) / "bench.key", Path(scratch) / "out"
        run_once(Program([nnlock, "keygen", "-o", key]))
        programs = {"true (a program's start)": Program(["true"]), "nnlock --version": Program([nnlock, "--version"])}
        for model in models(folder):
            locked = Path(scratch) / model.name
            run_once(Program([nnlock, "lock", "-q", "-k", key, model, "-o", locked]))
            programs |= {
                f"nnlock inspect {model.name}": Program([nnlock, "inspect", model]),
                f"nnlock lock {model.name}": Program([nnlock, "lock", "-q", "-k", key, model, "-o", out], out),
                f"nnlock unlock {model.name}": Program([nnlock, "unlock", "-q", "-k", key, locked, "-o", out], out)}
        return interleaved(programs, rounds)
