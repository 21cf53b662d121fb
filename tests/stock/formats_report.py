#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes formats/REPORT.md: every model file locked, shown to the stock reader of its format, and unlocked.

Usage: formats_report.py [--write]; without --write it prints. Everything in it follows from the files, the codecs and the pinned readers.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from stock_accepts import READERS, stock_errors
from stock_models import ROOT, data_dir
from stock_workshop import Workshop

REPORT = ROOT / "formats" / "REPORT.md"
CASES = Path(os.environ.get("NNLOCK_MALFORMED_CASES") or ROOT / "build" / "release" / "formats" / "malformed_cases")
UNKNOWN = "not a model file of a known format"
HEAD = ("format", "file", "bytes", "parameters locked", "share of all bytes", "share of learned bytes", "stock reader takes it locked",
        "unlocked equals original")
OPENING = """# Every format, every file

Written by [tests/stock/formats_report.py](../tests/stock/formats_report.py) and checked by `make test`. Each model is locked without options, the locked files are
given to the stock reader of the format, and unlocked ones are compared with the original, byte for byte and file by file. Where the stock reader refuses
the plain model, its error stands in the row; it then refuses the locked one too. *All bytes* are those of all files of the model; *learned bytes* those that
`nnlock inspect` calls parameters, lockable or not.
"""


@dataclass
class Row:
    """One model: where it is, and what became of it."""
    path: Path
    name: str
    kind: str
    refusal: str = ""
    files: list = field(default_factory=list)  # names, the main file first
    facts: dict = field(default_factory=dict)  # of the locked model
    locked: Path = None
    same: bool = False
    stock: str = ""

    @property
    def size(self):
        return sum((self.path.parent / name).stat().st_size for name in self.files or [self.path.name])

    def cells(self):
        head = (self.kind, self.name, f"{self.size:,}")
        if self.refusal:
            return (*head, f"refused: {self.refusal}", "-", "-", "-", "-")
        locked = self.facts["locked_bytes"]
        count = sum(one["layout"] != "plain" for one in self.facts["params"])
        return (*head, f"{count:,}", share(locked, self.size), share(locked, self.facts["param_bytes"]), self.stock,
                "yes" if self.same else "**no**")


def share(part, whole):
    """Per cent, never rounded up."""
    return f"{10000 * part // whole / 100:.2f} %"


def usual_names(workshop):
    """The formats, and [(end of a file name, format)], the longest first: of refused files only name or folder tell the format."""
    formats = json.loads(workshop.must("formats", "--json"))["formats"]
    ends = [(end, one["format"]) for one in formats for end in re.findall(r"\*(\.[\w.]+)", one["files"].split(" with ")[0])]
    return [one["format"] for one in formats], sorted(ends, key=lambda pair: -len(pair[0]))


def read_model(workshop, path, name, ends):
    """A row for a file, or None where it is no main file of a known format."""
    done = workshop.call("inspect", path, "--json")
    if done.returncode == 0:
        facts = json.loads(done.stdout)
        others = {one.get("file") for one in facts["params"] + facts["constants"]} - {path.name, "", None}
        return Row(path, name, facts["format"], files=[path.name, *sorted(others)])
    assert done.returncode in (5, 6), done.stderr  # 6: a companion is missing
    kinds = [kind for end, kind in ends if path.name.endswith(end)]
    if UNKNOWN in done.stderr:
        return None
    return Row(path, name, kinds[0] if kinds else path.parent.name, refusal_in(done.stderr, path))


def refusal_in(text, path):
    """The program's message without the file's name and without places."""
    first = text.splitlines()[0].removeprefix(f"nnlock: error: {path}: ").removeprefix("nnlock: error: ")
    first = first.replace(str(path.parent) + "/", "")
    return re.sub(r" \((tensor .*|byte \d+)\)$", "", first)


def lock_and_unlock(workshop, row, scratch):
    """Locks the model into a folder and back into another one."""
    row.locked, plain = scratch / "locked" / row.path.name, scratch / "plain" / row.path.name
    for path in (row.locked, plain):
        path.parent.mkdir(parents=True)
    done = workshop.call("lock", "-q", "-k", workshop.key, row.path, "-o", row.locked)
    if done.returncode != 0:
        assert done.returncode == 5, done.stderr
        row.refusal = refusal_in(done.stderr, row.path)
        return
    row.facts = workshop.inspect(row.locked)
    workshop.must("unlock", "-q", "-k", workshop.key, row.locked, "-o", plain)
    row.same = all((row.path.parent / name).read_bytes() == (plain.parent / name).read_bytes() for name in row.files)


def ask_stock_readers(rows, kind):
    locked = [row for row in rows if row.kind == kind and not row.refusal]
    plain_errors = stock_errors(kind, [row.path for row in locked])
    locked_errors = stock_errors(kind, [row.locked for row in locked])
    for row, plain, after in zip(locked, plain_errors, locked_errors, strict=True):
        if plain:
            row.stock = f"plain: {plain}" if after else f"**yes, but plain: {plain}**"
        else:
            row.stock = f"**no: {after}**" if after else "yes"


def table_of(models, scratch):
    """The table of (path, name) pairs, in the order of the formats."""
    workshop = Workshop(scratch)
    kinds, ends = usual_names(workshop)
    assert set(kinds) == set(READERS), f"stock_accepts.py has a reader for {sorted(READERS)}, nnlock knows {sorted(kinds)}"
    found = [read_model(workshop, path, name, ends) for path, name in models]
    rows = sorted((row for row in found if row), key=lambda row: (kinds.index(row.kind), row.name))
    for number, row in enumerate(rows):
        if not row.refusal:
            lock_and_unlock(workshop, row, Path(scratch) / str(number))
    for kind in kinds:
        ask_stock_readers(rows, kind)
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def real_files():
    """All files of the data folder but the data sets, and what is said about them."""
    base = data_dir()
    return [(path, str(path.relative_to(base))) for path in sorted(base.rglob("*"))
            if path.is_file() and path.relative_to(base).parts[0] != "datasets"]


def own_files(scratch):
    """The project's own models: those in examples/, and the right model of each malformed-file matrix."""
    done = subprocess.run(["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = [(ROOT / name, name) for name in done.stdout.split()]
    subprocess.run([CASES, Path(scratch) / "cases"], check=True)
    for folder in sorted((Path(scratch) / "cases").glob("*/good")):
        main = folder / json.loads((folder / "expected.json").read_text())["main"]
        found.append((main, f"formats/malformed: {folder.parent.name}"))
    return found


def sections():
    """{heading: table}; without the data folder only the project's own."""
    with tempfile.TemporaryDirectory() as own, tempfile.TemporaryDirectory() as real:
        found = {"The project's own models": table_of(own_files(own), own)}
        if data_dir().is_dir():
            found["Public models"] = table_of(real_files(), real)
    return found


def committed_sections():
    parts = re.split(r"^## (.*)\n\n", REPORT.read_text(), flags=re.M)
    return dict(zip(parts[1::2], (part.split("\n\n")[0].rstrip("\n") + "\n" for part in parts[2::2])))


def readers_line():
    return "Stock readers: " + "; ".join(f"{kind}: {name}" for kind, (_, name) in READERS.items()) + ".\n"


def main():
    text = "\n".join([OPENING, readers_line(), *(f"## {heading}\n\n{table}" for heading, table in sections().items())])
    if "--write" in sys.argv:
        REPORT.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
