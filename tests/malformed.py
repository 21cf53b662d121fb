#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Files that try to hurt, given to the program: malformed.py NNLOCK MALFORMED_CASES

Each malformed model of each format, and each right model that was locked and then damaged, must be refused by `inspect` and
`lock` or `verify` and `unlock`: with the exit code of its kind, a message that names file, tensor and byte as expected, and
without an output file."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 60  # seconds; a hang, not a measurement
LEAST_CASES = 25  # of each format


class Checker:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        self.key = scratch / "key"
        self.failures, self.runs = [], 0
        self.run(["keygen", "-o", self.key])

    def run(self, arguments):
        self.runs += 1
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, timeout=TIMEOUT, check=False)

    def expect(self, what, arguments, codes, parts, output):
        result = self.run(arguments)
        said = result.stderr.decode("utf-8", "replace")
        wrong = [f"exit code {result.returncode}, not {codes}"] if result.returncode not in codes else []
        wrong += [f"{part!r} is not said" for part in parts if part not in said]
        wrong += ["an output file is left"] if any(output.iterdir()) else []
        if wrong:
            self.failures.append(f"{what}: {', '.join(wrong)}; stderr: {said[:500]}")
        self.clear(output)

    @staticmethod
    def clear(folder):
        shutil.rmtree(folder)
        folder.mkdir()


def place_of(expected):
    parts = [f"tensor {expected['tensor']}"] if expected["tensor"] else []
    parts += ["byte "] if expected["offset"] else []
    return parts


def check_malformed(checker, case, output):
    expected = json.loads((case / "expected.json").read_text())
    main = case / expected["main"]
    parts = [str(main), expected["message"], *place_of(expected)]
    name = f"{case.parent.name}/{case.name}"
    out = output / main.name
    checker.expect(f"inspect {name}", ["inspect", main], [expected["exit_code"]], parts, output)
    checker.expect(f"lock {name}", ["lock", "--key", checker.key, "-o", out, main], [expected["exit_code"]], parts, output)


def damaged(plain, locked):
    """One file of a locked model with one thing wrong: (name, bytes). What differs from the plain file is record or parameter."""
    differing = [i for i in range(min(len(plain), len(locked))) if plain[i] != locked[i]]
    grown = len(locked) - len(plain)  # by a record, if it stands in this file
    places = {"last-byte": len(locked) - 1}
    if differing:
        places |= {"parameter": differing[len(differing) // 2], "first-byte-changed-by-the-lock": differing[0]}
    if grown:
        places["middle-of-the-record"] = len(locked) - max(1, grown // 2)
    for name, at in places.items():
        for bit in (0, 6):
            changed = bytearray(locked)
            changed[at] ^= 1 << bit
            yield f"{name}-bit-{bit}", bytes(changed)
    for cut in {1, max(1, grown - 1), len(locked) // 2}:
        yield f"{cut}-bytes-cut-off", locked[:-cut]
    yield "a-byte-more", locked + b"\0"


def models(good):
    """The main file's name, and the files of a model by name."""
    files = {str(path.relative_to(good)): path.read_bytes() for path in sorted(good.rglob("*")) if path.is_file() and path.name != "expected.json"}
    return json.loads((good / "expected.json").read_text())["main"], files


def check_damaged(checker, good, output):
    main, plain = models(good)
    result = checker.run(["lock", "--key", checker.key, "-o", output / main, good / main])
    if result.returncode != 0:
        checker.failures.append(f"lock {good.parent.name}/good: {result.stderr.decode('utf-8', 'replace')}")
        return 0
    locked = {name: (output / name).read_bytes() for name in plain}
    checker.clear(output)
    count = 0
    for name in plain:
        for wrong, content in damaged(plain[name], locked[name]):
            folder = checker.scratch / "damaged" / good.parent.name / f"{name.replace('/', '-')}-{wrong}"
            for other in plain:
                (folder / other).parent.mkdir(parents=True, exist_ok=True)
                (folder / other).write_bytes(content if other == name else locked[other])
            what = f"{good.parent.name}/{folder.name}"
            # 4: damaged; 5: no model any more. A file whose record is gone is a plain one: 5 too.
            checker.expect(f"verify {what}", ["verify", "--key", checker.key, folder / main], [4, 5], [str(folder)], output)
            checker.expect(f"unlock {what}", ["unlock", "--key", checker.key, "-o", output / main, folder / main], [4, 5], [str(folder)], output)
            count += 1
    return count


def main(program, write_cases):
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        subprocess.run([write_cases, scratch / "cases"], check=True)
        output = scratch / "output"
        output.mkdir()
        checker = Checker(program, scratch)
        for kind in sorted((scratch / "cases").iterdir()):
            cases = sorted(case for case in kind.iterdir() if case.name != "good")
            if len(cases) < LEAST_CASES:
                checker.failures.append(f"{kind.name}: only {len(cases)} cases")
            for case in cases:
                check_malformed(checker, case, output)
            print(f"{kind.name}: {len(cases)} malformed files, {check_damaged(checker, kind / 'good', output)} damaged ones")
        print(f"{checker.runs} runs of the program, {len(checker.failures)} of them wrong")
        print("\n".join(checker.failures))
        return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
