#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Line coverage of each codec's own files, from a summary of llvm-cov: coverage_table.py SUMMARY.json"""

import json
import pathlib
import re
import sys

FORMATS = pathlib.Path(__file__).resolve().parents[1] / "formats"
LEAST = 80  # per cent of the lines of each codec
SUPPORT = re.compile(r"_(test|fuzz)\.cpp$|_testing\.hpp$")


def codec_of(path, codecs):
    """The codec whose name the file's name begins with; the longest if there are several."""
    fitting = [name for name in codecs if re.match(rf"{name}(_|\.)", path.name)]
    return max(fitting, key=len, default=None)


def main(summary):
    codecs = sorted(path.name.removesuffix("_fuzz.cpp") for path in FORMATS.glob("*_fuzz.cpp"))
    lines = {name: [0, 0] for name in codecs}  # covered, all
    for entry in json.loads(pathlib.Path(summary).read_text())["data"][0]["files"]:
        path = pathlib.Path(entry["filename"])
        name = codec_of(path, codecs)
        if path.parent.name != FORMATS.name or name is None or SUPPORT.search(path.name):
            continue
        for place, key in enumerate(("covered", "count")):
            lines[name][place] += entry["summary"]["lines"][key]
    low = []
    for name, (covered, count) in lines.items():
        share = 100 * covered / count if count else 0
        print(f"-- {name}: {covered} of {count} lines, {share:.1f} %")
        low += [name] if share < LEAST else []
    if low:
        print(f"failed: {', '.join(low)} below {LEAST} %")
    return 1 if low or not codecs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
