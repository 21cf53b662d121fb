#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Files that try to hurt, given to the program: malformed.py NNLOCK MALFORMED_CASES

Each malformed model of each format, and each right model that was locked and then damaged, must be refused by `inspect` and
`lock` or `verify` and `unlock`: with the exit code of its kind, a message that names file, tensor and byte as expected, and
without an output file."""

import json
import pathlib
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
        for left in output.iterdir():
            left.unlink()


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
    """Locked files with one thing wrong: (name, bytes). What differs from the plain file is record or parameter."""
    differing = [i for i in range(min(len(plain), len(locked))) if plain[i] != locked[i]]
    places = {"parameter": differing[len(differing) // 2], "first-byte-changed-by-the-lock": differing[0], "last-byte": len(locked) - 1,
              "middle-of-the-record": len(locked) - max(1, (len(locked) - len(plain)) // 2)}
    for name, at in places.items():
        for bit in (0, 6):
            changed = bytearray(locked)
            changed[at] ^= 1 << bit
            yield f"{name}-bit-{bit}", bytes(changed)
    for cut in (1, len(locked) - len(plain) - 1, len(locked) // 2):
        yield f"{cut}-bytes-cut-off", locked[:-cut]
    yield "a-byte-more", locked + b"\0"


def check_damaged(checker, good, output):
    main = good / json.loads((good / "expected.json").read_text())["main"]
    locked = output / main.name
    result = checker.run(["lock", "--key", checker.key, "-o", locked, main])
    if result.returncode != 0:
        checker.failures.append(f"lock {good.parent.name}/good: {result.stderr.decode('utf-8', 'replace')}")
        return 0
    files = list(damaged(main.read_bytes(), locked.read_bytes()))
    locked.unlink()
    path = checker.scratch / f"damaged-{main.name}"
    for name, content in files:
        path.write_bytes(content)
        what = f"{good.parent.name}/{name}"
        # 4: damaged; 5: no model any more. A file whose record is gone is a plain one: 5 too.
        checker.expect(f"verify {what}", ["verify", "--key", checker.key, path], [4, 5], [str(path)], output)
        checker.expect(f"unlock {what}", ["unlock", "--key", checker.key, "-o", output / main.name, path], [4, 5], [str(path)], output)
    return len(files)


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
                if len(list(case.iterdir())) > 2:
                    continue  # has companions, which the program does not read yet
                check_malformed(checker, case, output)
            print(f"{kind.name}: {len(cases)} malformed files, {check_damaged(checker, kind / 'good', output)} damaged ones")
        print(f"{checker.runs} runs of the program, {len(checker.failures)} of them wrong")
        print("\n".join(checker.failures))
        return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
