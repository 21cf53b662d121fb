# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Measures nnlock beside its peers and writes every figure to results.json, the table to results.md.

    python3 bench/run.py --build build/release --out build/bench

Nothing here passes or fails on a time: ratios are printed beside the floors they are held to.
"""

import argparse
import datetime
import json
import sys
import tempfile
from pathlib import Path

import files
import machine
import micro
import model_file
import ratios
import small
import table

ROOT = Path(__file__).resolve().parent.parent
COPIES = 4  # of the large model on tmpfs at a time: plain, locked, an output, and room to spare


def arguments():
    parser = argparse.ArgumentParser(description="Measure nnlock beside its peers, interleaved, medians.")
    add = parser.add_argument
    add("--build", type=Path, default=Path("build/release"), help="build folder (default: %(default)s)")
    add("--out", type=Path, default=Path("build/bench"), help="folder to write to (default: %(default)s)")
    add("--tmpfs", type=Path, help="folder on tmpfs for large files (default: TMPDIR if on tmpfs, else /dev/shm)")
    add("--runs", type=int, default=11, help="runs of everything on large memory or files (default: %(default)s)")
    add("--mib", type=int, default=1024, help="size of the large model (default: %(default)s)")
    add("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run (default: all)")
    options = parser.parse_args()
    if options.runs < 1 or options.mib < 1:
        parser.error("--runs and --mib must be at least 1")
    return options


def measure_cached(options):
    return micro.run(options.build / "kernels/kernels_bench", "256KiB", max(options.runs, 21), least_seconds=0.05)


def measure_large(options):
    return micro.run(options.build / "kernels/kernels_bench", "1GiB", options.runs, least_seconds=0.3)


def measure_files(options):
    parent = machine.roomy_tmpfs(options.tmpfs, COPIES * options.mib << 20)
    with tempfile.TemporaryDirectory(prefix="nnlock-bench-", dir=parent) as folder:
        model = Path(folder) / "model.safetensors"
        model_file.write(model, options.mib << 20)
        return files.measure(options.build / "cli/nnlock", model, options.runs)


def measure_small(options):
    return small.measure(options.build / "cli/nnlock", ROOT / "examples/models", max(options.runs, 21))


def measure_in_process(options):
    return micro.run(options.build / "bench/front_door_bench", ".", max(options.runs, 21), least_seconds=0.02,
                     arguments=small.models(ROOT / "examples/models"))


PARTS = {"cached": measure_cached, "large": measure_large, "files": measure_files, "small": measure_small,
         "in_process": measure_in_process}


def main():
    options = arguments()
    program = options.build / "cli/nnlock"
    results = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
               "machine": machine.describe(), "versions": machine.versions(program, options.build),
               "settings": {"runs": options.runs, "mib": options.mib, "parts": options.only},
               "load": {}, "figures": {}}
    for part in options.only:
        print(f"bench: {part} ...", file=sys.stderr, flush=True)
        load = machine.Load()
        results["figures"][part] = PARTS[part](options)
        results["load"][part] = load.since()
    results["ratios"] = ratios.compute(results)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    text = table.render(results)
    (options.out / "results.md").write_text(text)
    print(text)
    print(f"{options.out}/results.json has every figure.")


if __name__ == "__main__":
    main()
