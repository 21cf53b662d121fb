# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The Markdown table made from results.json; as a program: python3 bench/table.py results.json > results.md"""

import json
import sys

PARTS = {
    "cached": "256 KiB in cache, one core",
    "large": "1 GiB in place, two threads",
    "files": "Whole programs, {mib} MiB safetensors on tmpfs",
    "small": "Whole programs, the examples' models (process start included)",
    "in_process": "In process, the examples' models",
}


def shown(value, unit):
    """A value in a unit people read."""
    if unit == "bytes/s":
        return f"{value / 2**30:.2f} GiB/s"
    return f"{value:.3f} s" if value >= 0.1 else f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} µs"


def spread(figure):
    """Lowest and highest, as shares of the median."""
    return f"{min(figure['raw']) / figure['median']:.2f} to {max(figure['raw']) / figure['median']:.2f}"


def rows(head, lines):
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *lines]]


def ratio_rows(ratios):
    verdicts = {True: "yes", False: "NO", None: "not judged here"}
    return rows(["ratio", "value", "asked", "met"], [
        [f"`{name}`", f"{r['value']:.2f}", r.get("floor", ""), verdicts[r["met"]] if "floor" in r else ""]
        for name, r in ratios.items()])


def part_rows(figures):
    programs = any("median_cpu_s" in f for f in figures.values())
    lines = []
    for name, f in figures.items():
        more = [shown(f["median_cpu_s"], "s")] if programs else []
        lines.append([name, shown(f["median"], f["unit"]), spread(f), *more])
    return rows(["what", "median", "spread", *(["processor time"] if programs else [])], lines)


def load_line(load):
    quiet = f"Load average {load['load_before']} before and {load['load_after']} after (ourselves included)"
    stolen = f", {load['stolen_share']:.0%} taken by the hypervisor" if load["stolen_share"] else ""
    return f"{quiet}; other processes took {load['others_share']:.0%} of the processors{stolen}."


def render(results):
    machine, versions = results["machine"], results["versions"]
    lines = ["<!-- SPDX-FileCopyrightText: The nnlock authors -->", "<!-- SPDX-License-Identifier: Apache-2.0 -->",
             "# Measured speed", "",
             f"Made by `make bench` on {results['date'][:10]}: {machine['class']}.",
             ", ".join(filter(None, (versions[n] for n in ("nnlock", "openssl", "compiler", "coreutils")))) + ".",
             "Medians; repetitions interleaved at random. Spread: lowest and highest as shares of the median.", "",
             "## Ratios", "", *ratio_rows(results["ratios"])]
    for part, figures in results["figures"].items():
        count = len(next(iter(figures.values()))["raw"])
        lines += ["", "## " + PARTS[part].format(**results["settings"]), "",
                  f"{count} runs each. {load_line(results['load'][part])}", "", *part_rows(figures)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(render(json.load(file)), end="")
