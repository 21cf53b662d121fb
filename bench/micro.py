# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a google benchmark program with its repetitions interleaved at random, and keeps every raw figure."""

import json
import subprocess
import tempfile
from pathlib import Path

from figures import figure


def raw_figures(document):
    """{name: figure} from the program's JSON: bytes per second where it counts bytes, else seconds."""
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    raw = {}
    for entry in document["benchmarks"]:
        if entry.get("error_occurred"):
            raise SystemExit(f"bench: {entry['name']}: {entry['error_message']}")
        if entry["run_type"] != "iteration":
            continue
        name = entry["run_name"].removesuffix("/real_time")
        if "bytes_per_second" in entry:
            unit, value = "bytes/s", entry["bytes_per_second"]
        else:
            unit, value = "s", entry["real_time"] * scale[entry["time_unit"]]
        raw.setdefault(name, (unit, []))[1].append(value)
    return {name: figure(unit, values) for name, (unit, values) in sorted(raw.items())}


def run(program, pattern, repetitions, least_seconds, arguments=()):
    with tempfile.TemporaryDirectory(prefix="nnlock-bench-") as folder:
        out = Path(folder) / "out.json"
        subprocess.run([program, f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repetitions}",
                        "--benchmark_enable_random_interleaving=true", f"--benchmark_min_time={least_seconds}",
                        f"--benchmark_out={out}", "--benchmark_out_format=json", *arguments],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return raw_figures(json.loads(out.read_text()))
