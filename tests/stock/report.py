# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Prints a Markdown table of what became of every model, for people.

Usage: report.py [FOLDER]; the copies go to FOLDER, else to a temporary one.
"""

import sys
import tempfile
from pathlib import Path

from stock_models import (DELEGATE_ONLY, NOT_RUN, REFUSED, STAY_PLAIN, UNSOUND, data_dir,
                          lockable_models, refused_models)
from stock_readers import custom_option_bytes
from stock_weights import share_locked
from stock_workshop import PLACEMENTS, Workshop

HEAD = ("file", "bytes", "parameters", "share locked", "record bytes",
        "lock, verify, unlock", "runs plain", "locked loads", "outputs identical", "remark")
WORTH_A_WORD = 1000  # bytes


def yes(condition):
    return "yes" if condition else "**no**"


def round_trip(workshop, model):
    """True if both placements verify and come back byte for byte."""
    for placement in PLACEMENTS:
        workshop.must("verify", "-q", "-k", workshop.key, workshop.locked(model, placement))
        if workshop.unlocked(model, placement).read_bytes() != model.path.read_bytes():
            return False
    return True


def identical(workshop, model):
    """True if unlocked file and memory file give exactly the outputs of the plain file."""
    plain, unlocked, _ = workshop.stock(model)
    through_memory = workshop.stock_exec(model)
    return plain.digests == unlocked.digests == through_memory.digests != []


def locked_remark(plain, locked):
    """What the locked file does when it is run without unlocking."""
    if locked.failure("run"):
        return "locked: fails at " + locked.failure("run")[:120]
    if locked.nan_share:
        return f"locked: {locked.nan_share:.2%} NaN or Inf"
    same = locked.stages["run"]["digest"] == plain.stages["run"]["digest"]
    return "locked: the same answer on noise, other values inside" if same else "locked: runs"


def unseen_remark(model):
    """Says so where much of the file is in a place that no tensor describes."""
    size = custom_option_bytes(model.path, model.kind)
    if size < WORTH_A_WORD:
        return []
    return [f"{size:,} bytes of custom operator options stay plain"]


def stock_columns(workshop, model):
    """The columns about the stock runtime."""
    plain, _, locked = workshop.stock(model)
    if model.name in UNSOUND:
        return "not tried", yes(not locked.failure("load")), "not tried", UNSOUND[model.name]
    if plain.failure("run"):
        words = NOT_RUN.get(model.name, ("", "unexpected"))[1]
        same = locked.failure("run")[:20] == plain.failure("run")[:20]
        return "no", "no, as plain" if same else "**other error**", "-", f"stock runtime: {words}"
    remark = locked_remark(plain, locked)
    if model.name in DELEGATE_ONLY:
        remark += f"; XNNPACK only ({DELEGATE_ONLY[model.name]})"
    return "yes", yes(not locked.failure("load")), yes(identical(workshop, model)), remark


def locked_row(workshop, model):
    facts = workshop.inspect(workshop.locked(model))
    *columns, remark = stock_columns(workshop, model)
    left = sorted(set(STAY_PLAIN.get(model.name, {}).values()))
    remark = "; ".join([remark, *(f"stays plain: {reason}" for reason in left),
                        *unseen_remark(model)])
    share = share_locked(model, workshop.locked(model))
    return (model.name, f"{model.path.stat().st_size:,}", f"{facts['param_bytes']:,}",
            f"{share:.2%}", f"{facts['record']['record_bytes']:,}",
            yes(round_trip(workshop, model)), *columns, remark)


def refused_row(workshop, model):
    done = workshop.call("lock", "-q", "-k", workshop.key, model.path, "-o",
                         workshop.place(model, "refused"))
    code, words = REFUSED[model.name]
    as_expected = done.returncode == code and words in done.stderr
    runs = workshop.stock_plain(model).failure("run") == ""
    return (model.name, f"{model.path.stat().st_size:,}", "-", "-", "-",
            "refused" if as_expected else "**unexpected**", "yes" if runs else "no", "-", "-",
            "; ".join([f"exit {done.returncode}: {words}", *unseen_remark(model)]))


def print_table(rows):
    for row in (HEAD, ["---"] * len(HEAD), *rows):
        print("| " + " | ".join(row) + " |", flush=True)


def print_report(folder):
    workshop = Workshop(folder)
    with_data = data_dir().is_dir()
    locked = [model for model in lockable_models() if model.own or with_data]
    refused = refused_models() if with_data else []
    print_table([*(locked_row(workshop, model) for model in locked),
                 *(refused_row(workshop, model) for model in refused)])
    print(f"\n{len(locked)} files locked, {len(refused)} refused. Share locked: of the weight and "
          "bias bytes that a stock parser finds, less what the remark says stays plain.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_report(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            print_report(scratch)
