# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""How much of a model's weights is locked, by the stock parsers' count and not by nnlock's."""

from stock_models import STAY_PLAIN
from stock_readers import tensors

LEAST_CHANGE = 0.25  # of a tensor's elements that must differ for it to count as locked
WIDTHS = {"FLOAT": 4, "F32": 4, "FLOAT32": 4, "INT32": 4, "FLOAT16": 2, "INT16": 2}


def changed_enough(before, after):
    """True if most values of the tensor are other ones in the locked file."""
    step = WIDTHS.get(before.dtype, 1)
    differs = (before.data.reshape(-1, step) != after.data.reshape(-1, step)).any(axis=1)
    return differs.mean() >= LEAST_CHANGE


def weights(model, locked):
    """(tensor, locked?) of every weight of the model that is not a listed exception."""
    pairs = zip(tensors(model.path, model.kind), tensors(locked, model.kind), strict=True)
    exceptions = STAY_PLAIN.get(model.name, {})
    return [(before, changed_enough(before, after)) for before, after in pairs
            if before.is_weight and before.name not in exceptions]


def share_locked(model, locked):
    """Share of the weight and bias bytes that are locked."""
    sizes = [(one.data.nbytes, is_locked) for one, is_locked in weights(model, locked)]
    return sum(size for size, is_locked in sizes if is_locked) / sum(size for size, _ in sizes)


def left_plain(model, locked):
    """Names of the weights of at least 4 bytes that are not locked (fewer may agree by chance)."""
    return [one.name for one, is_locked in weights(model, locked)
            if not is_locked and one.data.nbytes >= 4]
