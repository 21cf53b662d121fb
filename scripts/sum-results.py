#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Sums JUnit XML files into one closing line. Skips are listed with their reasons; no tests at all is a failure."""
import collections
import pathlib
import sys
import xml.etree.ElementTree as ET


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
        return "skipped"
    return "passed"


def reason(case):
    skipped = case.find("skipped")
    text = (skipped.get("message") or skipped.text or "") if skipped is not None else ""
    return " ".join(text.split())[:160] or "no reason given"


def main(folder):
    counts, skips = collections.Counter(), collections.Counter()
    for path in sorted(pathlib.Path(folder).rglob("*.xml")):
        gtest_programs = path.name.startswith("ctest-")
        for case in ET.parse(path).getroot().iter("testcase"):
            # A GoogleTest program stands in ctest's file once and in its own file case by case: count it there.
            if gtest_programs and (path.parent / path.stem[6:] / f"{case.get('name')}.xml").exists():
                continue
            kind = outcome(case)
            counts[kind] += 1
            if kind == "failed":
                print(f"failed: {path.stem}: {case.get('classname')} {case.get('name')}")
            if kind == "skipped":
                skips[(path.stem, reason(case))] += 1
    for (source, why), number in sorted(skips.items()):
        print(f"skipped: {source}: {number} x {why}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


sys.exit(main(sys.argv[1]))
