# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""nnlock on a large model on tmpfs, beside the programs people would otherwise use."""

import filecmp

from programs import Program, interleaved, run_once


def measure(nnlock, model, rounds):
    folder = model.parent
    key, locked, out = folder / "bench.key", folder / "locked.safetensors", folder / "out"
    run_once(Program([nnlock, "keygen", "-o", key]))
    run_once(Program([nnlock, "lock", "-q", "-k", key, model, "-o", locked]))
    unlock = Program([nnlock, "unlock", "-q", "-k", key, locked, "-o", out], out)
    run_once(unlock)
    if not filecmp.cmp(model, out, shallow=False):
        raise SystemExit("bench: the unlocked model is not the model")
    out.unlink()
    lock = [nnlock, "lock", "-q", "-k", key, model, "-o", out]
    cipher = ["openssl", "enc", "-aes-256-ctr", "-K", "0" * 64, "-iv", "0" * 32]
    return interleaved({
        "nnlock lock": Program(lock, out),
        "nnlock lock --layout bytes": Program([*lock, "--layout", "bytes"], out),
        "nnlock lock, ChaCha20": Program([*lock, "--suite", "chacha20"], out),
        "nnlock unlock": unlock,
        "nnlock verify": Program([nnlock, "verify", "-q", "-k", key, locked]),
        "dd bs=1M": Program(["dd", f"if={model}", f"of={out}", "bs=1M", "status=none"], out),
        "openssl enc -aes-256-ctr": Program([*cipher, "-in", model, "-out", out], out),
        "cp": Program(["cp", model, out], out),
        "cat": Program(["cat", model], out, to_stdout=True),
        "sha256sum": Program(["sha256sum", model]),
    }, rounds)
