# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The table for people."""

import shutil
import sys

from measure import CHANCE, LEAST_KEYS, LOADS, percent


def standard_errors(wrong):
    """How far the mean is from chance."""
    text = "every key alike" if wrong["z"] is None else f"{wrong['z']:+.2f} SE" if wrong["z"] else "0 SE"
    return text + (" (not judged)" if wrong["mean_is_chance"] is None else "")


def groups(keys):
    """The rows, in groups: a heading, then (name, text from a model's figures)."""
    def wrong(name, digits):
        return lambda m: percent(m["wrong_keys"][name], digits)

    def random(kind, text):
        return lambda m: text(m["random_networks"][kind])

    return [
        ("accuracy", [
            ("plain", lambda m: percent(m["plain"]["accuracy"])),
            ("locked, opened as it is", lambda m: percent(m["locked"]["accuracy"])),
            ("unlocked, right key", lambda m: percent(m["right_key"]["accuracy"]))]),
        ("right key against plain", [
            ("equal predictions", lambda m: f"{m['right_key']['equal_predictions']}/{m['images']}"),
            ("bytes identical", lambda m: "yes" if m["right_key"]["bytes_identical"] else "NO")]),
        (f"{keys} wrong keys (decoy)", [
            ("mean accuracy", wrong("mean", 2)),
            ("standard deviation", wrong("sd", 2)),
            ("lowest", wrong("lowest", 1)),
            ("highest", wrong("highest", 1)),
            (f"mean's distance from {percent(CHANCE, 0)} (z)", lambda m: standard_errors(m["wrong_keys"])),
            ("classes answered per key", lambda m: f"{m['wrong_keys']['classes_median']:g}"),
            ("keys with one answer only", wrong("one_class_share", 0)),
            ("answers with NaN in them", wrong("nan_share", 0))]),
        *[(f"{keys} {title}", [
            ("mean accuracy", random(kind, lambda r: percent(r["mean"], 2))),
            ("standard deviation", random(kind, lambda r: percent(r["sd"], 2))),
            ("classes answered per network", random(kind, lambda r: f"{r['classes_median']:g}")),
            ("networks with one answer only", random(kind, lambda r: percent(r["one_class_share"], 0))),
            ("accuracies like those of wrong keys (p)", random(kind, lambda r: f"{r['p']:.2f}"))])
          for kind, title in (("same_ranges", "networks of random numbers in the same ranges"),
                              ("initialised", "networks before training (He)"))],
        (f"time to load (median of {LOADS})", [
            ("plain", lambda m: f"{m['load_ms']['median_plain']:.1f} ms"),
            ("unlock and load", lambda m: f"{m['load_ms']['median_unlocked']:.1f} ms")]),
    ]


def notes(models, keys):
    """What the figures do not say by themselves."""
    lines = ["SE: standard error of the mean over the keys. Classes answered per key: median."]
    lines.append("p: how often two samples of one distribution differ more (Kolmogorov and Smirnov). A wrong key gives random numbers in the "
                 "ranges of the plain ones, so it should answer like the first kind of random network.")
    nan = [m["file"] for m in models if m["wrong_keys"]["nan_share"] > 0]
    if nan:
        lines.append(f"{', '.join(nan)}: some outputs under wrong keys are NaN. That must not be.")
    lines.append("The answers of one random network hang together: single keys scatter more than coins would, and some call every image the "
                 "same. The mean over keys is what must be chance.")
    if keys < LEAST_KEYS:
        lines.append(f"With fewer than {LEAST_KEYS} keys the mean is not judged.")
    return lines


def wrap(text, width, indent="  "):
    """Lines of at most `width`; the first starts with a dash."""
    lines, line = [], "- "
    for word in text.split():
        if len(line) + len(word) > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return lines + [line.rstrip()]


def printable(text, stream):
    """`text` with plain dashes where the stream knows no lines."""
    try:
        text.encode(stream.encoding or "ascii")
        return text
    except UnicodeEncodeError:
        return text.replace("─", "-")


def table(models, versions, keys):
    """The one table, as lines."""
    heads = [[m["file"] for m in models],
             [f"{m['runtime']} {versions[m['runtime']]}" for m in models]]
    cells = [(f"Fashion-MNIST, {models[0]['images']:,} images", heads[0]), ("", heads[1]), None]
    for title, lines in groups(keys):
        cells.append((title, [""] * len(models)))
        cells += [("  " + name, [text(m) for m in models]) for name, text in lines]
        cells.append(None)
    return draw(cells)


def draw(cells):
    """Columns as wide as needed, figures to the right; None is a line across."""
    rows = [c for c in cells if c is not None]
    first = max(len(name) for name, _ in rows)
    wide = [max(len(values[i]) for _, values in rows) for i in range(len(rows[0][1]))]
    rule = "─" * (first + sum(w + 3 for w in wide))
    return [rule] + [rule if c is None else
                     (c[0].ljust(first) + "".join("   " + v.rjust(w) for v, w in zip(c[1], wide))).rstrip()
                     for c in cells]


def show(models, versions, keys, stream=sys.stdout):
    lines = table(models, versions, keys)
    width = min(max(map(len, lines)), max(60, shutil.get_terminal_size((100, 25)).columns))
    for text in notes(models, keys):
        lines += wrap(text, width)
    for line in lines:
        print(printable(line, stream), file=stream)
