# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the measured tables of spec/security.md between their markers.

    build/venv/bin/python tests/distribution/report.py [--write]
"""
import argparse
import datetime
import math
import pathlib
import re
import tempfile

import measures
from locked_tensors import ELEMENTS, locked_cases

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "spec/security.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def power(value):
    return "0" if value == 0 else f"2^{math.log2(value):.1f}"


def exponent_table(rows):
    lines = ["| tensor | n | bound on the distance of one word's draws from uniform | least and most frequent exponent, against equal shares | one standard deviation | chi-square, as a normal deviate |",
             "|---|---|---|---|---|---|"]
    return lines + [f"| `{r['tensor']}` | {r['ring']} | {power(r['bound'])} | {100 * r['least']:+.2f} %, {100 * r['most']:+.2f} % | "
                    f"{100 * r['expected_spread']:.2f} % | {r['z']:+.2f} |" for r in rows]


def histogram(case):
    """One histogram in full."""
    counts = measures.np.bincount(case.positions, minlength=len(case.ring))
    lines = ["| exponent field | " + " | ".join(str(e) for e in case.ring) + " |", "|---" * (len(case.ring) + 1) + "|"]
    return lines + ["| elements | " + " | ".join(f"{c:,}" for c in counts) + " |"]


def other_table(first, second):
    cases = {case.name: case for case in first}
    rows = [("all draws of a word together, `constant_f32` (2,401 outcomes)", measures.word_z(cases["constant_f32"])),
            ("the same, `constant_f16`", measures.word_z(cases["constant_f16"])),
            ("`weights_f32` beside `zeros_like_weights`, same attributes", measures.told_apart_z(cases["weights_f32"], cases["zeros_like_weights"])),
            ("most unbalanced free bit of all tensors", max(measures.bit_z(c) for c in first)),
            ("an exponent or low nibble foretells the next, worst tensor", max((measures.neighbour_z(c) for c in first), key=abs)),
            ("equal elements in two locks of one tensor, worst tensor", max((measures.relock_z(a, b) for a, b in zip(first, second)), key=abs))]
    return ["| what | normal deviate |", "|---|---|"] + [f"| {name} | {z:+.2f} |" for name, z in rows]


def text():
    with tempfile.TemporaryDirectory() as folder:
        first, second = locked_cases(pathlib.Path(folder))
    constant = next(case for case in first if case.name == "constant_f32")
    date = datetime.date.today().isoformat()
    return "\n".join([f"{ELEMENTS:,} elements a tensor, suite 1, a fresh key, {date}; `tests/distribution/report.py` writes this.", "",
                      *exponent_table([measures.exponent_row(c) for c in first if c.ring]), "",
                      "The histogram of `constant_f32`, a tensor whose plain elements are all 2^-5 but two:", "", *histogram(constant), "",
                      *other_table(first, second)])


def main():
    parser = argparse.ArgumentParser(description="Measures locked tensors for spec/security.md.")
    parser.add_argument("--write", action="store_true", help="write into spec/security.md instead of printing")
    measured = text()
    if not parser.parse_args().write:
        return print(measured)
    document = DOCUMENT.read_text()
    changed, found = re.subn(f"(?<={BEGIN}\n).*?(?={END})", lambda _: measured + "\n", document, flags=re.S)
    assert found == 1, f"{DOCUMENT} has no place for the measured tables"
    DOCUMENT.write_text(changed)


if __name__ == "__main__":
    main()
