# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What is counted and timed for one model: plain, locked, with the right key, and with wrong keys."""

import hashlib
import math
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import nnlock
from random_nets import RandomNets, distance
from runtimes import quiet, runtime_for

CHANCE = 0.1  # ten classes, equally many images of each
LEAST_KEYS = 30  # fewer give no usable standard error, so their mean is not judged
LARGEST_Z = 3.0  # what the table calls chance; an honest lock passes it once in some 400 models
FAILING_Z = 4.0  # what ends the demo with an error: about one honest run in 5,000
LOADS = 31  # a load takes about as long as a busy machine looks away, so a few would not do


def wrong_keys(count, seed=None):
    """Keys that fit nothing: drawn from the system, or the same ones again for the same seed."""
    if seed is None:
        secret = [secrets.token_bytes(32) for _ in range(count)]
    else:
        secret = [hashlib.sha256(f"nnlock demo, wrong key {seed}/{i}".encode()).digest() for i in range(count)]
    return [nnlock.MasterKey.from_bytes(s) for s in secret]


def answers(content, path, images):
    """Outputs (images, 10) of the model in `content` in the stock runtime for files like `path`."""
    return runtime_for(path)(content).logits(images)


def score(logits, labels):
    """Counts over all images. A NaN counts as the largest output (numpy's argmax): the first one is the answer."""
    predicted = logits.argmax(axis=1)
    nan = np.isnan(logits)
    return {"correct": int((predicted == labels).sum()),
            "accuracy": float((predicted == labels).mean()),
            "classes": len(np.unique(predicted)),
            "nan_answers": int(nan.any(axis=1).sum()),
            "nan_values": int(nan.sum())}


def summarize(per_key, images, chance=CHANCE):
    """Figures over all wrong keys (or other networks). Counts are whole numbers, so equal keys give a deviation of exactly 0."""
    counts = [k["correct"] for k in per_key]
    n = len(counts)
    mean, sd = statistics.mean(counts) / images, (statistics.stdev(counts) / images if n > 1 else 0.0)
    off, error = mean - chance, sd / math.sqrt(n)
    if abs(off) < 1e-9:
        z = 0.0
    else:
        z = off / error if error > 0 else None  # None: off, and every key alike
    return {"mean": mean, "sd": sd, "standard_error": error, "z": z,
            "lowest": min(counts) / images, "highest": max(counts) / images,
            "classes_median": statistics.median(k["classes"] for k in per_key),
            "one_class_share": sum(k["classes"] == 1 for k in per_key) / n,
            "nan_share": sum(k["nan_answers"] for k in per_key) / (n * images),
            "mean_is_chance": (z is not None and abs(z) <= LARGEST_Z) if n >= LEAST_KEYS else None}


def percent(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def try_keys(keys, path, locked, images, labels, workers, progress):
    """One score per wrong key. Decoy mode: unlocked in memory, without the checks that would refuse the key."""
    def one(key):
        with nnlock.unlock(key, locked, decoy=True, threads=1) as model:
            fits, content = model.report.key_fits, bytes(model)
        return {"key": key.fingerprint, "key_fits": fits, **score(answers(content, path, images), labels)}

    scores = []
    with ThreadPoolExecutor(workers) as pool:
        for result in pool.map(one, keys):
            scores.append(result)
            progress(len(scores), len(keys))
    return scores


def compare(path, accuracies, images, labels, workers):
    """As many random networks of each kind as there are wrong keys, and how far their accuracies are from those of the keys."""
    nets, found = RandomNets(path), {}
    with ThreadPoolExecutor(workers) as pool:
        for number, kind in enumerate(("same_ranges", "initialised")):
            scores = list(pool.map(lambda seed: score(answers(nets.net(kind, seed), path, images), labels),
                                   range(1000 * number, 1000 * number + len(accuracies))))
            largest, chance = distance(accuracies, [s["accuracy"] for s in scores])
            found[kind] = {**summarize(scores, len(images)), "distance": largest, "p": chance,
                           "accuracies": [s["accuracy"] for s in scores]}
    return found


def load_times(key, path, locked):
    """Milliseconds from file to a model that is ready to run, plain and unlocked by turns."""
    def plain():
        return runtime_for(path)(path.read_bytes())

    def unlocked():
        with nnlock.unlock(key, locked) as model:
            return runtime_for(path)(bytes(model))

    times = {"plain": [], "unlocked": []}
    order = [("plain", plain), ("unlocked", unlocked)]
    for turn in range(LOADS + 1):
        order.reverse()
        for name, load in order:
            start = time.perf_counter()
            load()
            if turn > 0:  # the first turn warms up
                times[name].append(1000 * (time.perf_counter() - start))
    return {**times, "median_plain": statistics.median(times["plain"]),
            "median_unlocked": statistics.median(times["unlocked"])}


def measure(path, locked, key, keys, images, labels, workers, progress):
    """Everything about one model: `path` is the plain file, `locked` the locked one."""
    original = path.read_bytes()
    with quiet():
        plain = answers(original, path, images)
        shut = answers(locked.read_bytes(), path, images)
    with nnlock.unlock(key, locked) as model:
        unlocked = bytes(model)
    right = answers(unlocked, path, images)
    equal = int((right.argmax(axis=1) == plain.argmax(axis=1)).sum())
    per_key = try_keys(keys, path, locked, images, labels, workers, progress)
    random = compare(path, [k["accuracy"] for k in per_key], images, labels, workers)
    return {"file": path.name, "runtime": runtime_for(path).name, "images": len(images),
            "plain": score(plain, labels), "locked": score(shut, labels),
            "right_key": {**score(right, labels), "equal_predictions": equal,
                          "bytes_identical": unlocked == original},
            "wrong_keys": {**summarize(per_key, len(images)), "per_key": per_key}, "random_networks": random,
            "load_ms": load_times(key, path, locked)}


def failures(row):
    """What must hold and does not, in words."""
    right, wrong, found = row["right_key"], row["wrong_keys"], []
    if not right["bytes_identical"]:
        found.append("the unlocked bytes differ from the original's")
    if right["equal_predictions"] != row["images"]:
        found.append(f"{row['images'] - right['equal_predictions']} right-key predictions differ from the plain model's")
    if any(k["key_fits"] for k in wrong["per_key"]):
        found.append("a wrong key was taken for the right one")
    if wrong["mean_is_chance"] is False and (wrong["z"] is None or abs(wrong["z"]) > FAILING_Z):
        found.append(f"the wrong keys' mean accuracy, {percent(wrong['mean'], 2)}, is not within "
                     f"{FAILING_Z:g} standard errors of {percent(CHANCE, 0)}")
    if wrong["nan_share"] > 0:
        found.append(f"{percent(wrong['nan_share'])} of the answers under wrong keys hold a NaN")
    return [f"{row['file']}: {text}" for text in found]
