#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Runs transcripts: commands with the output and exit code they must have.

Usage: run_scripts.py NNLOCK SCRIPT...

    # comment
    $ command            run by bash in a fresh folder, with nnlock and tool (scripts/tool.py) on the PATH
    | text               a line of standard output       ! text    a line of standard error
    | ...                any number of lines             <*>       any text within a line; <hex> hex digits
    = N                  exit code; 0 when there is no such line

$MODELS is the folder of the example models.

Output that no line expects is an error, and so is expected output that is missing. All steps of a script share the folder.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SIGILS = {"|": "out", "!": "err"}


def parse(path):
    """[{command, out, err, code, line}]"""
    steps = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("$ "):
            steps.append({"command": line[2:], "out": [], "err": [], "code": 0, "line": number})
        elif line[:1] in SIGILS and steps and line[1:2] in ("", " "):
            steps[-1][SIGILS[line[0]]].append(line[2:])
        elif re.fullmatch(r"= \d+", line) and steps:
            steps[-1]["code"] = int(line[2:])
        elif line and not line.startswith("#"):
            sys.exit(f"{path}:{number}: not understood: {line}")
    return steps


def pattern(lines):
    """The regular expression that the whole output must match."""
    text = ""
    for line in lines:
        if line == "...":
            text += r"(?:[^\n]*\n)*"
        else:
            text += re.escape(line).replace(re.escape("<*>"), r"[^\n]*").replace(re.escape("<hex>"), "[0-9a-f]+") + "\n"
    return text


def environment(folder, program):
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "nnlock").symlink_to(program)
    tool = bin_folder / "tool"
    tool.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{HERE}/scripts/tool.py' \"$@\"\n")
    tool.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NNLOCK_")}
    # The program forbids tracing, which LeakSanitizer needs.
    asan = (kept.get("ASAN_OPTIONS", "") + ":detect_leaks=0").strip(":")
    return kept | {"PATH": f"{bin_folder}:{kept['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": asan,
                   "MODELS": str(HERE.parent / "examples/models")}


def run_step(step, cwd, env):
    """Returns the complaints about one step."""
    done = subprocess.run(["bash", "-c", step["command"]], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=300, umask=0o022)
    complaints = [] if done.returncode == step["code"] else [f"  exit code {done.returncode}, not {step['code']}"]
    for name, data in (("out", done.stdout), ("err", done.stderr)):
        text = data.decode(errors="backslashreplace")
        if text and not text.endswith("\n"):
            text += "\n"
        if not re.fullmatch(pattern(step[name]), text):
            complaints.append(f"  std{name}:")
            complaints += ["    " + line for line in difflib.ndiff(step[name], text.splitlines()) if not line.startswith("? ")]
    return complaints


def run_script(program, path):
    """Returns (steps, failures) and prints the failures."""
    steps = parse(path)
    if not steps:
        sys.exit(f"{path}: no steps")
    failures = 0
    with tempfile.TemporaryDirectory(prefix="nnlock-cli-") as name:
        folder = pathlib.Path(name)
        env = environment(folder, program)
        cwd = folder / "work"
        cwd.mkdir()
        for step in steps:
            complaints = run_step(step, cwd, env)
            if complaints:
                failures += 1
                print(f"{path}:{step['line']}: $ {step['command']}", *complaints, sep="\n")
    return len(steps), failures


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve(strict=True)
    results = [run_script(program, pathlib.Path(name)) for name in sys.argv[2:]]
    steps, failures = (sum(column) for column in zip(*results))
    print(f"{len(results)} scripts, {steps} steps, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
