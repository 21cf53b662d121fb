# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Slow lane: every model under many wrong keys. What its numbers are, what its outputs are, and how often it is right.

    python tests/slow/wrong_keys.py --keys 100 --table build/slow-wrong-keys.md --json build/wrong-keys.json
"""
import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "stock"), str(ROOT / "examples" / "demo")]

import numpy as np

import measure
import wrong_keys_report
from fillings import Fillings
from labelled import TASKS
from random_nets import distance
from stock_decoys import Numbers, WrongKeys, numbers_in
from stock_models import OVERFLOWS, data_dir, lockable_models
from stock_workshop import Workshop

SE = measure.LARGEST_Z  # standard errors that a mean may be off, for one model; for all of them together the bound is a little wider
LARGEST_BIAS = 24  # bits; ordinary int32 biases are smaller


def arguments():
    parser = argparse.ArgumentParser(description="Measure every model under wrong keys.")
    parser.add_argument("--keys", type=int, default=100, help="wrong keys for each model (default: %(default)s)")
    parser.add_argument("--only", default="", help="models whose name holds this (default: all)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="networks at once (default: cores)")
    parser.add_argument("--table", type=Path, default=Path("build/slow-wrong-keys.md"), help="where the table goes (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("build/wrong-keys.json"), help="where all figures go (default: %(default)s)")
    return parser.parse_args()


def score(rows, labels):
    """The demo's counts, and answers with an output that is NaN or infinite."""
    return {**measure.score(rows, labels), "not_finite": int((~np.isfinite(rows.astype(float))).any(axis=1).sum())}


def summary(scores, inputs, chance):
    """The demo's figures over all networks of one kind; every network alike and off is infinitely far from chance."""
    found = measure.summarize(scores, inputs, chance)
    off = math.copysign(math.inf, found["mean"] - chance)
    return {**found, "z": off if found["z"] is None else found["z"], "per_network": scores,
            "not_finite_share": sum(one["not_finite"] for one in scores) / (len(scores) * inputs)}


def accuracy(task, model, decoys, workers):
    """The plain model, the wrong keys, and as many networks of each kind that knows nothing."""
    inputs, labels = task.inputs()
    fillings, keys = Fillings(model.path), range(len(decoys))
    kinds = {"wrong_keys": lambda number: decoys[number].read_bytes(),
             "same_ranges": fillings.same_ranges, "initialised": lambda number: fillings.initialised(1000 + number)}
    chance, found = 1 / len(np.unique(labels)), {}
    with ThreadPoolExecutor(workers) as pool:
        for kind, content in kinds.items():
            scores = list(pool.map(lambda number: score(task.scores(content(number), inputs), labels), keys))
            found[kind] = summary(scores, len(labels), chance)
        if found["wrong_keys"]["classes_median"] < wrong_keys_report.FEW:
            scores = pool.map(lambda number: score(task.scores(fillings.random_biases(2000 + number), inputs), labels), keys)
            found["random_biases"] = summary(list(scores), len(labels), chance)
    for kind in ("same_ranges", "initialised"):
        samples = [[one["correct"] for one in found[name]["per_network"]] for name in ("wrong_keys", kind)]
        found[kind]["distance"], found[kind]["p"] = distance(*samples)
    plain = score(task.scores(model.path.read_bytes(), inputs), labels)
    return {"data": task.data, "inputs": len(labels), "chance": chance, "plain": plain["correct"] / len(labels), **found}


def outputs(wrong, model, decoys):
    """Output values of all decoys that are NaN or infinite, in the stock runtime."""
    plain, *seen = wrong.outputs(model, [model.path, *decoys])
    values = sum(one.values for one in seen)
    return {"errors": [one.error for one in [plain, *seen] if one.error], "plain_share": plain.share, "values": values,
            "nan": sum(one.nan for one in seen), "infinite": sum(one.infinite for one in seen),
            "share": sum(one.nan + one.infinite for one in seen) / max(values, 1), "keys": sum(one.share > 0 for one in seen)}


def measured(workshop, wrong, model, workers):
    """One model's row; its decoys are gone afterwards."""
    params, decoys = workshop.inspect(model.path)["params"], wrong.decoys(model)
    found = numbers_in(workshop.locked(model, "sidecar").read_bytes(), params)
    for path in decoys:
        found += numbers_in(path.read_bytes(), params)
    row = {"model": model.name, "keys": len(decoys), "numbers": asdict(found), "tensors": len(params),
           "float_tensors": sum(one["layout"] == "finite" for one in params),
           "large_biases": sum(one["layout"] == "range" and one["range"]["bits"] > LARGEST_BIAS for one in params)}
    if model.runs and row["float_tensors"]:
        row["outputs"] = outputs(wrong, model, decoys)
    if model.name in TASKS:
        row["accuracy"] = accuracy(TASKS[model.name], model, decoys, workers)
    for path in decoys:
        path.unlink()
    return row


def bound_for(rows):
    """Standard errors that chance exceeds in all rows together as rarely as `SE` in one."""
    normal = statistics.NormalDist()
    return -normal.inv_cdf(normal.cdf(-SE) / max(len(rows), 1))


def number_failures(row):
    found = Numbers(**row["numbers"])
    if found.faults:
        yield f"{found.not_finite} floats are not finite, {found.off_ring} off their ring, {found.out_of_range} integers out of range"
    if found.fallen_back:
        yield f"floats in layout bytes: {', '.join(found.fallen_back)}"


def output_failures(row):
    seen, (most, _) = row["outputs"], OVERFLOWS.get(row["model"], (0, ""))
    if seen["errors"]:
        yield f"{len(seen['errors'])} files did not run: {seen['errors'][0]}"
    if seen["nan"] or seen["share"] > most or seen["plain_share"]:
        yield (f"{seen['nan']} output values of decoys are NaN, {seen['infinite']} infinite; explained are {most:.0%} infinite; "
               f"of the plain model's {seen['plain_share']:.0%} are not finite")


def accuracy_failures(row, bound):
    one, wrong = row["accuracy"], row["accuracy"]["wrong_keys"]
    if row["keys"] < measure.LEAST_KEYS:
        return
    if abs(wrong["z"]) > bound:
        yield f"mean accuracy {wrong['mean']:.2%} is {wrong['z']:+.1f} standard errors from chance"
    twin = one["same_ranges"]
    p = statistics.NormalDist().cdf(-bound) * 2
    if twin["p"] < p:
        yield f"accuracies differ from those of random numbers in the same ranges (p = {twin['p']:.1g})"
    share = (wrong["one_class_share"] + twin["one_class_share"]) / 2
    error = math.sqrt(share * (1 - share) * 2 / row["keys"])
    if error and (wrong["one_class_share"] - twin["one_class_share"]) / error > bound:
        yield f"{wrong['one_class_share']:.0%} of the keys answer one class, {twin['one_class_share']:.0%} of random numbers in the same ranges"


def failures(rows):
    """What must hold and does not, in words."""
    bound = bound_for([row for row in rows if "accuracy" in row])
    for row in rows:
        texts = [*number_failures(row), *(output_failures(row) if "outputs" in row else ()),
                 *(accuracy_failures(row, bound) if "accuracy" in row else ())]
        yield from (f"{row['model']}: {text}" for text in texts)


def models_for(only):
    """Models to measure, and what is left out because others' files are absent."""
    models = [model for model in lockable_models() if only in model.name]
    here = [model for model in models if model.own or data_dir().is_dir()]
    left_out = "" if len(here) == len(models) else f"{len(models) - len(here)} models skipped: no real models at {data_dir()}"
    return here, left_out


def main():
    options = arguments()
    models, left_out = models_for(options.only)
    if left_out:
        print(left_out, "; NNLOCK_DATA_DIR names another folder", sep="", file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(scratch)
        wrong = WrongKeys(workshop, options.keys)
        for model in models:
            print(f"-- {model.name}", file=sys.stderr, flush=True)
            rows.append(measured(workshop, wrong, model, options.workers))
    wrongs = list(failures(rows)) + ([left_out] if left_out and os.environ.get("CI") == "true" else [])
    options.json.write_text(json.dumps({"rows": rows, "failures": wrongs}, indent=1) + "\n")
    bound = bound_for([row for row in rows if "accuracy" in row])
    options.table.write_text("\n".join(wrong_keys_report.lines(rows, bound, left_out, wrongs)) + "\n")
    print("\n".join([*(f"FAILED: {text}" for text in wrongs), f"{len(rows)} models, {len(wrongs)} failed; {options.table}"]), flush=True)
    return 1 if wrongs or not rows else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # without taking the runtimes apart: LiteRT may crash while it does that
