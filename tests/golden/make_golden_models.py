#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Makes golden locked models of every format, those of several files too. Run once for a release; what is there is never replaced.

    build/release/formats/malformed_cases CASES && tests/golden/make_golden_models.py build/nnlock CASES v0.2-models

CASES: where malformed_cases wrote its models; the right one of each format is locked.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
VARIANTS = {"inside": [], "sidecar": ["--suite", "chacha20", "--sidecar"]}


def models(cases):
    """(name, folder, main file, all files) of the right model of each matrix."""
    for good in sorted(cases.glob("*/good")):
        main = json.loads((good / "expected.json").read_text())["main"]
        files = [file.relative_to(good).as_posix() for file in sorted(good.rglob("*")) if file.is_file() and file.name != "expected.json"]
        yield good.parent.name, good, main, files


def main(program, cases, release):
    folder = HERE / release
    folder.mkdir()
    key = folder / "key"
    subprocess.run([program, "keygen", "-o", key], check=True)
    manifest = []
    for name, good, main_file, files in models(pathlib.Path(cases)):
        for variant, options in VARIANTS.items():
            place = folder / f"{variant}.{name}"
            place.mkdir()
            subprocess.run([program, "lock", "--quiet", "-k", key, good / main_file, "-o", place / main_file, *options], check=True)
            manifest.append({"main": f"{place.name}/{main_file}",
                             "plain_sha256": {file: hashlib.sha256((good / file).read_bytes()).hexdigest() for file in files}})
    (folder / "models.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
