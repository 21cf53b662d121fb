#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. This table is the documentation; an arrow that nobody uses any more is reported too."""
import pathlib
import re
import sys

ARROWS = {
    "include": set(),
    "kernels": set(),
    "keys": {"include"},
    "formats": {"include"},
    "lock": {"include", "formats", "keys", "kernels"},
    "cli": {"include"},
    "python": {"include"},
    "examples": {"include"},
    "bench": {"include"},
    "lab": {"formats", "include", "kernels", "lock"},  # may look at any room; nobody looks at it
}
UNUSED_YET = {("examples", "include"), ("bench", "include"), ("python", "include")}
STANDARD_ONLY = {"include", "kernels"}  # rooms whose product code includes the standard library and intrinsics only
INTRINSICS = {"immintrin.h", "cpuid.h", "wmmintrin.h", "tmmintrin.h", "emmintrin.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)


def room_of(target):
    first = target.split("/")[0]
    return "include" if first == "nnlock" else first


def is_support(path):
    return re.search(r"_(test|fuzz|bench)\.cpp$|_oracle\.hpp$|_testing\.hpp$|/malformed/", str(path)) is not None


def check(root):
    used, errors, files = set(), [], 0
    for room, allowed in ARROWS.items():
        for path in sorted(p for p in (root / room).rglob("*") if p.suffix in {".hpp", ".cpp", ".h"}):
            files += 1
            name = path.relative_to(root)
            for quote, target in INCLUDE.findall(path.read_text()):
                other = room_of(target)
                if quote == '"' and "/" in target and other in ARROWS:
                    if other != room:
                        used.add((room, other))
                        if other not in allowed:
                            errors.append(f"{name}: {room} -> {other} is no arrow ({target})")
                elif quote == '"' and not target.endswith("_generated.h"):
                    errors.append(f"{name}: write includes from the repository root ({target})")
                elif room in STANDARD_ONLY and not is_support(name) and ("/" in target or target.endswith(".h")) and target not in INTRINSICS:
                    errors.append(f"{name}: {room} may include the standard library only ({target})")
    for room, allowed in ARROWS.items():
        for other in allowed:
            if (room, other) not in used | UNUSED_YET:
                errors.append(f"arrow {room} -> {other} is not used: take it out of the table")
    if files < 20:
        errors.append(f"only {files} files found: wrong folder?")
    return files, errors


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    files, errors = check(root)
    print("\n".join(errors) or f"{files} files keep the arrows")
    return 1 if errors else 0


sys.exit(main())
