# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Wrong keys against models that others trained, in their stock runtimes: one cell, one command, one record, as in lab/wrong_keys.

    build/venv/bin/python lab/runtimes/wrong_keys.py --list
    build/venv/bin/python lab/runtimes/wrong_keys.py --model vww_96_int8 --seed 1 --records lab/records
    build/venv/bin/python lab/runtimes/wrong_keys.py --cells        the commands of all cells, one a line; --missing: of those without a record
"""
import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/slow", "tests/stock", "examples/demo")]  # tasks, models and fillings are theirs

import numpy as np

import nnlock
import record
from judge import against_chance, findings, summary, together
from fillings import Fillings
from public_models import TARGETS, target_named
from random_nets import distance
from schemes import NnlockV1, digest, key_at_distance, number

RECORDS = ROOT / "lab" / "records"
DISTANCES = (1, 2, 4, 8, 16, 32, 64)
BUDGET = {"keys": 100, "near_keys": 10, "networks": 100}  # near_keys: at each distance
SMOKE = {"keys": 4, "near_keys": 1, "networks": 4}


class Bench:
    """One target on which networks are measured."""

    def __init__(self, target):
        self.target, self.plain, self.params = target, target.path.read_bytes(), nnlock.inspect(target.path).params
        self.inputs, self.truth = target.questions()

    def measure(self, content):
        return self.target.judge(self.target.scores(content, self.inputs), self.truth)

    def equal_bytes(self, content):
        """The share of parameter bytes that are those of the right key."""
        ours, plain = (np.frombuffer(one, np.uint8) for one in (content, self.plain))
        spans = [slice(one.offset, one.offset + one.nbytes) for one in self.params]
        return sum(int((ours[span] == plain[span]).sum()) for span in spans) / sum(one.nbytes for one in self.params)


def near_keys(bench, unlock, right, steps, seed, count):
    contents = [unlock(key_at_distance(right, steps, seed, index)) for index in range(count)]
    return {"distance": steps, "answers": together([bench.measure(one) for one in contents]),
            "equal_bytes": summary([bench.equal_bytes(one) for one in contents])}


def compared(networks, keys):
    """Networks that know nothing, and whether wrong keys can be told from them."""
    largest, probability = distance(networks["accuracies"], keys["accuracies"])
    return {**networks, "against_random_keys": {"ks_distance": largest, "ks_probability": probability}}


def attack(target, scheme, seed, budget):
    """The outcome of a cell."""
    bench, right = Bench(target), digest("right key", seed)
    locked = scheme.lock(target.path, right, seed)
    unlock = lambda key: scheme.unlock(locked, key)
    content = unlock(right)
    outcome = {"right_key": {**bench.measure(content), "bytes_identical": content == bench.plain}, "no_unlocking": bench.measure(locked)}
    keys = together([bench.measure(unlock(digest("random keys", seed, index))) for index in range(budget["keys"])])
    outcome |= {"random_keys": keys, "against_chance": against_chance(keys, target.chance)}
    outcome["near_keys"] = [near_keys(bench, unlock, right, steps, seed, budget["near_keys"]) for steps in DISTANCES]
    fillings = Fillings(target.path)
    for kind, fill in (("random_networks", fillings.same_ranges), ("initialised_networks", fillings.initialised))[:2 if target.initialised else 1]:
        drawn = [bench.measure(fill(number(kind, seed, index))) for index in range(budget["networks"])]
        outcome[kind] = compared(together(drawn), keys)
    return outcome, len(bench.inputs)


def run_cell(target, scheme, seed, effort, records):
    """Writes the cell's record, unless it is there. Returns what the lock must not show and did."""
    cell = record.Cell(target, scheme.name, seed, effort, {**(SMOKE if effort == "smoke" else BUDGET), **target.budget})
    place = cell.place(records)
    if place.exists():
        print(f"there already: {cell.name}")
        return []
    start, made_by = time.monotonic(), record.commit()
    outcome, inputs = attack(target, scheme, seed, cell.budget)
    record.write(place, cell.record(outcome, inputs, made_by, time.monotonic() - start))
    print(f"ran {cell.name}", flush=True)
    return [f"{target.model}: {text}" for text in findings(outcome)]


def print_list():
    for one in TARGETS:
        missing = "" if one.is_here else "  (not here; NNLOCK_DATA_DIR names the folder of public models)"
        print(f"{one.model:34} {one.weights:8} {one.dataset:16} {one.runtime:21} {one.measure}{missing}")


def print_cells(options):
    """As they were given, places are added: the same lines may run elsewhere with other places."""
    for target in TARGETS:
        cell = record.Cell(target, NnlockV1.name, options.seed, options.effort, {})
        if target.is_here and not (options.missing and cell.place(options.records or RECORDS).exists()):
            print(cell.command + (f" --records {options.records}" if options.records else ""))


def run(options):
    """Exit code: 1 when the cell shows what a lock must not show."""
    target = target_named(options.model)
    if not target.is_here:
        raise FileNotFoundError(f"{target.path}: not here; NNLOCK_DATA_DIR names the folder of public models")
    texts = run_cell(target, NnlockV1(options.lab), options.seed, options.effort, options.records or RECORDS)
    for text in texts:
        print(f"FOUND: {text}")
    return 1 if texts else 0


def main():
    parser = argparse.ArgumentParser(description="Try wrong keys on models that others trained.")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--model", help="the name of one model")
    choice.add_argument("--cells", action="store_true", help="print the command of each model whose file is here")
    choice.add_argument("--list", action="store_true", help="print the models")
    parser.add_argument("--missing", action="store_true", help="with --cells: only those without a record")
    parser.add_argument("--seed", type=int, default=1, help="of all keys and networks (default: %(default)s)")
    parser.add_argument("--effort", choices=("smoke", "full"), default="full", help="4 keys or 100 (default: %(default)s)")
    parser.add_argument("--records", type=Path, help="folder of records (default: lab/records)")
    parser.add_argument("--lab", type=Path, help="the nnlock-lab program (default: build/nnlock-lab, or NNLOCK_LAB)")
    options = parser.parse_args()
    if options.list or options.cells:
        return (print_list() if options.list else print_cells(options)) or 0
    try:
        return run(options)
    except (LookupError, FileNotFoundError, RuntimeError) as error:
        print(error.args[0], file=sys.stderr)
        return 2


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # without taking the runtimes apart: LiteRT may crash while it does that
