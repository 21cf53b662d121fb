# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""How good networks are, and what many of them have in common, in the form of lab/metrics.cpp."""
import statistics

import numpy as np

TOLD_APART = 0.0027  # two-sided probability beyond three standard errors
DIGITS = 6


def by_answers(rows, truth):
    """One network's rows of outputs against the right answers. A NaN counts as the largest output, as in most runtimes."""
    answers = rows.argmax(axis=1)
    shares = np.bincount(answers) / len(answers)
    shares = shares[shares > 0]
    return {"accuracy": float((answers == truth).mean()), "entropy": float(-(shares * np.log2(shares)).sum()) + 0.0,
            "classes": len(shares), "nan_share": not_finite(rows)}


def by_drawn_answers(rows, truth):
    """The same where many outputs are the largest at once: the answer is one of them, each as likely, and accuracy is what to expect."""
    largest = rows == rows.max(axis=1, keepdims=True)
    right = largest[np.arange(len(truth)), truth] / np.maximum(largest.sum(axis=1), 1)
    return {**by_answers(rows, truth), "accuracy": float(right.mean())}


def by_correlation(rows, truth):
    """Pearson's correlation of all outputs with those of the plain model; outputs that never change are worth 0."""
    values, plain = rows.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    usable = np.isfinite(values).all() and values.std() > 0
    return {"accuracy": float(np.corrcoef(values, plain)[0, 1]) if usable else 0.0, "nan_share": not_finite(rows)}


def not_finite(rows):
    return float((~np.isfinite(rows.astype(np.float64))).any(axis=1).mean())


def summary(values):
    """mean, sd, se, min, max."""
    alike = min(values) == max(values)  # then no deviation made of rounding
    sd = 0.0 if alike else statistics.stdev(values)
    return {"mean": values[0] if alike else statistics.fmean(values), "sd": sd, "se": sd / len(values) ** 0.5,
            "min": min(values), "max": max(values)}


def together(many):
    """Many networks as one object of a record."""
    found = {name: summary([one[name] for one in many]) for name in many[0]}
    return {"count": len(many), **found, "accuracies": [one["accuracy"] for one in many]}


def against_chance(keys, chance):
    found = keys["accuracy"]
    return {"chance": chance, "standard_errors": (found["mean"] - chance) / found["se"] if found["se"] else None}


def rounded(value):
    """Figures as a record keeps them."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def findings(outcome):
    """What a lock must not show and this one does, in words."""
    right, keys, chance = outcome["right_key"]["accuracy"], outcome["random_keys"]["accuracy"], outcome["against_chance"]["chance"]
    half = max((right + chance) / 2, outcome["random_networks"]["accuracy"]["max"])  # of the way to the right key, unless guessing gets further
    if not outcome["right_key"]["bytes_identical"]:
        yield "the right key does not restore the file"
    if outcome["no_unlocking"]["accuracy"] > half:
        yield f"{outcome['no_unlocking']['accuracy']:.1%} without unlocking, {right:.1%} with the right key"
    if keys["max"] > half:
        yield f"a random key reaches {keys['max']:.1%}, the right key {right:.1%}"
    for one in outcome["near_keys"]:
        if one["answers"]["accuracy"]["max"] > half:
            yield f"a key {one['distance']} bits off reaches {one['answers']['accuracy']['max']:.1%}, the right key {right:.1%}"
    probability = outcome["random_networks"]["against_random_keys"]["ks_probability"]
    if probability < TOLD_APART:
        yield f"random keys are told from networks of random numbers (p = {probability:.1g})"
