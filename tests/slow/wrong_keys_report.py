# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of the lane `wrong-keys`, for people."""
from stock_decoys import Numbers
from stock_models import OVERFLOWS, STAY_PLAIN

FEW = 3  # classes


def percent(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def share(value):
    """A share of which zero is to be told from little."""
    return f"{100 * value:.2g} %" if value else "0"


def table(head, rows):
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def number_row(row):
    found, seen = Numbers(**row["numbers"]), row.get("outputs")
    if seen is None:
        cells, remarks = ("-", "-", "-", "-"), ["its stock runtime does not run it as it comes"]
    else:
        values = max(seen["values"], 1)
        cells, remarks = (f"{seen['values']:,}", share(seen["nan"] / values), share(seen["infinite"] / values), str(seen["keys"])), []
    remarks += [f"stays plain: {reason}" for reason in sorted(set(STAY_PLAIN.get(row["model"], {}).values()))]
    remarks += [OVERFLOWS[row["model"]][1]] if row["model"] in OVERFLOWS else []
    remarks += [f"in layout bytes: {name}" for name in found.fallen_back]
    return (row["model"], str(row["float_tensors"]), f"{found.floats // (row['keys'] + 1):,}", str(found.not_finite), *cells, "; ".join(remarks))


def number_lines(rows, keys):
    floats = [row for row in rows if row["float_tensors"]]
    integers = [row for row in rows if row["numbers"]["integers"]]
    wide = sum(row["numbers"]["integers"] for row in integers)
    out = sum(row["numbers"]["out_of_range"] for row in integers)
    off = sum(row["numbers"]["off_ring"] for row in floats)
    return ["## Numbers stay numbers", "",
            f"Every model with floats, locked and then opened with {keys} wrong keys; each decoy ran on four random inputs in its stock runtime "
            "(LiteRT, ONNX Runtime; the safetensors reader, whose outputs are the weights).", "",
            *table(("model", "float tensors", "elements", f"NaN or Inf in the locked file and {keys} decoys", "output values", "NaN", "Inf",
                    "keys with any", "remark"), map(number_row, floats)), "",
            f"Floats whose exponent or sign the layout does not have: {off}. Integers of 16 bits and more: {wide:,} read in {len(integers)} models "
            f"({keys} decoys and the locked file of each), {out} out of the range of their layout."]


def accuracy_row(row):
    one = row["accuracy"]
    wrong, same, fresh = one["wrong_keys"], one["same_ranges"], one["initialised"]
    return (row["model"], f"{one['data']}, {one['inputs']}", percent(one["plain"]), percent(one["chance"]), percent(wrong["mean"], 2),
            percent(wrong["sd"]), f"{wrong['z']:+.2f}", f"{percent(wrong['lowest'])} to {percent(wrong['highest'])}",
            *(f"{kind['classes_median']:g} / {percent(kind['one_class_share'], 0)}" for kind in (wrong, same, fresh)),
            *(f"{kind['distance']:.2f} / {kind['p']:.2g}" for kind in (same, fresh)), share(wrong["not_finite_share"]))


def few_classes(row):
    """Why the keys of this model answer few classes, in its own figures."""
    one = row["accuracy"]
    text = (f"- {row['model']}: one class only under {percent(one['wrong_keys']['one_class_share'], 0)} of the keys, in "
            f"{percent(one['same_ranges']['one_class_share'], 0)} of the networks of random numbers in the same ranges and in "
            f"{percent(one['initialised']['one_class_share'], 0)} of those before training, {percent(one['random_biases']['one_class_share'], 0)} of these with "
            "random biases")
    if row["large_biases"]:
        text += (f"; {row['large_biases']} of its {row['tensors']} tensors are int32 biases that reach beyond 2^24, because some channels "
                 "have weights near 0 and so a tiny scale; random biases of that range drown the weights of all other channels")
    return text + "."


def least_p(labelled):
    """The smallest p of a column, and how often chance alone gives one as small."""
    least = min(row["accuracy"]["same_ranges"]["p"] for row in labelled)
    return (f"The smallest p of that comparison is {least:.2g}; chance alone gives one as small in {1 - (1 - least) ** len(labelled):.0%} of such "
            "tables.")


def accuracy_lines(rows, keys, bound):
    labelled = [row for row in rows if "accuracy" in row]
    if not labelled:
        return []
    within = sum(abs(row["accuracy"]["wrong_keys"]["z"]) <= 3 for row in labelled)
    few = [row for row in labelled if row["accuracy"]["wrong_keys"]["classes_median"] < FEW]
    return ["", "## Accuracy is that of chance", "",
            f"{keys} wrong keys for each model; beside them {keys} networks of random numbers in the same ranges (what the layouts allow, drawn "
            f"without nnlock) and {keys} before training (He et al. 2015, biases 0, rounded to the file's scales where it is quantised). Inputs are "
            "balanced over the classes. z is the mean's distance from chance in standard errors taken from the keys; classes: how many one "
            "key's answers hold (median) / the share of keys with one answer only; KS: distance / p of Kolmogorov and Smirnov between the accuracies "
            "of the keys and of the networks.", "",
            *table(("model", "data, inputs", "plain", "chance", "mean", "sd", "z", "lowest to highest", "classes: wrong keys",
                    "classes: same ranges", "classes: before training", "KS: same ranges", "KS: before training", "answers with NaN or Inf"),
                   map(accuracy_row, labelled)), "",
            f"Within 3 standard errors of chance: {within} of {len(labelled)}. Chance keeps {len(labelled)} models within {bound:.2f} as often as "
            "one model within 3; the lane demands that, and that neither accuracies nor the share of one answer tell wrong keys from networks "
            "of the same ranges. " + least_p(labelled),
            *(["", f"A median of fewer than {FEW} classes:", "", *map(few_classes, few), "",
               "These are the deepest nets of the table, 10 to 20 layers with weights; the others have 2 to 5. Networks of the same shape that "
               "nobody locked do the same: depth alone makes it common before training, when biases are 0, and biases in the ranges of trained "
               "ones (the last share of each line) make it as common as under a wrong key."] if few else [])]


def lines(rows, bound, left_out, wrongs):
    keys = rows[0]["keys"] if rows else 0
    return [*number_lines(rows, keys), *accuracy_lines(rows, keys, bound), *(["", left_out] if left_out else []),
            *(["", "## Failed", "", *(f"- {text}" for text in wrongs)] if wrongs else [])]
