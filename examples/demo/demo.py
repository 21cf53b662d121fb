# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Locks the three example models and runs each in its stock runtime: plain, locked, with the right key, with wrong keys.

    python examples/demo/demo.py --program build/nnlock --out build/demo
"""

import argparse
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import nnlock
import plot
import report
from measure import LOADS, failures, measure, wrong_keys
from runtimes import THREADS, LiteRt, OnnxRuntime, read_images, version

EXAMPLES = Path(__file__).resolve().parent.parent
MODELS = ("fashion_int8.tflite", "fashion_float32.onnx", "fashion_int8.onnx")


def arguments():
    parser = argparse.ArgumentParser(description="Lock three models, run them with the right key, wrong keys and none.")
    parser.add_argument("--program", default="build/nnlock", help="the nnlock program (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder to write to (default: %(default)s)")
    parser.add_argument("--keys", type=int, default=100, help="wrong keys to try (default: %(default)s)")
    parser.add_argument("--seed", help="the same wrong keys again; the right key and the locks stay random")
    options = parser.parse_args()
    if options.keys < 1:
        parser.error("--keys must be at least 1")
    return options


def run_program(*command):
    """Shows a command as you would type it, then runs it."""
    words = [str(word) for word in command]
    print("$ " + shlex.join(words), flush=True)
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        raise SystemExit(f"demo: cannot run {words[0]} ({error.strerror}): `make build` makes it") from None
    for line in done.stdout.splitlines():
        print("  " + line, flush=True)
    if done.returncode != 0:
        raise SystemExit(f"demo: {words[0]} {words[1]} failed with exit code {done.returncode}")
    return shlex.join(words)


def lock_models(program, out):
    """A fresh key and three locked files in `out`; those of an earlier demo go."""
    key = out / "demo.key"
    key.unlink(missing_ok=True)
    commands = [run_program(program, "keygen", "-o", key)]
    locked = []
    for name in MODELS:
        plain = Path(os.path.relpath(EXAMPLES / "models" / name))
        target = out / f"{plain.stem}.locked{plain.suffix}"
        target.unlink(missing_ok=True)
        commands.append(run_program(program, "lock", "-k", key, plain, "-o", target))
        locked.append((plain, target))
    print(flush=True)
    return key, locked, commands


def progress_for(name):
    """Progress on standard error: a line that counts on a terminal, one line per model elsewhere."""
    terminal = sys.stderr.isatty()
    if not terminal:
        print(f"demo: {name} ...", file=sys.stderr, flush=True)

    def progress(done, total):
        if terminal:
            sys.stderr.write(f"\r\033[K{name}: wrong key {done} of {total}")
            if done == total:
                sys.stderr.write("\r\033[K")
            sys.stderr.flush()
    return progress


def processor():
    """What the processor calls itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.lower().startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def surroundings(program):
    """The machine and the versions that the figures hold for."""
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    packages = {name: metadata.version(name) for name in ("ai-edge-litert", "onnxruntime", "numpy", "matplotlib")}
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": {"cpu": processor(), "cores": len(os.sched_getaffinity(0)), "architecture": platform.machine(),
                        "system": platform.system()},
            "versions": {"nnlock program": shown, "nnlock": nnlock.__version__, "python": platform.python_version(),
                         **packages}}


def main():
    options, start = arguments(), time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    key_file, locked, commands = lock_models(options.program, options.out)
    key, keys = nnlock.MasterKey.from_file(key_file), wrong_keys(options.keys, options.seed)
    images, labels = read_images(EXAMPLES / "data")
    workers = min(len(os.sched_getaffinity(0)), 8)
    models = [measure(plain, target, key, keys, images, labels, workers, progress_for(plain.name))
              for plain, target in locked]
    wrong = [text for model in models for text in failures(model)]
    plot.draw(models, options.keys, options.out / "accuracy.png")
    results = {**surroundings(options.program), "seconds": round(time.monotonic() - start, 1),
               "settings": {"keys": options.keys, "seed": options.seed, "images": len(images), "loads": LOADS,
                            "runtime_threads": THREADS, "models_at_once": workers},
               "commands": commands, "models": models, "failures": wrong}
    (options.out / "results.json").write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    report.show(models, {r.name: version(r) for r in (LiteRt, OnnxRuntime)}, options.keys)
    print(f"\n{options.out}/results.json has every figure, {options.out}/accuracy.png the picture. "
          f"{results['seconds']:.0f} s.")
    for text in wrong:
        print(f"demo: FAILED: {text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
