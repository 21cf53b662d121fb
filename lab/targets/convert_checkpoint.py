# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Others' CIFAR-10 checkpoints in PyTorch's old form (.th) as safetensors in the lab's cache, where nnlock-lab looks for them.

    build/venv/bin/python lab/targets/convert_checkpoint.py --cache build/lab/cache

The old form is a row of pickles and then the bytes of the storages (torch/serialization.py, _legacy_load). libtorch reads only the
later zip form, so it is read here, with nothing but the names below: a pickle that asks for more is refused and runs no code.
"""
import argparse
import collections
import os
import pickle
import re
import struct
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Refused(Exception):
    """Not a checkpoint of the form that is read here."""


class Later:
    """A tensor whose storage stands further behind in the file."""

    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self, storages):
        values = storages[self.storage[0]]
        steps = [step * values.itemsize for step in self.stride]
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride))
        if min(self.size, default=1) < 1 or min([self.offset, *self.stride]) < 0 or last >= len(values):
            raise Refused("a tensor reaches beyond its storage")
        return np.lib.stride_tricks.as_strided(values[self.offset:], self.size, steps).copy()


class Reader(pickle.Unpickler):
    """Knows tensors and ordered dictionaries, and nothing else."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return Later
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise Refused(f"the pickle asks for {module}.{name}")

    def persistent_load(self, saved):
        kind, dtype, key, _, count, view = saved
        if kind != "storage" or view is not None:
            raise Refused("a storage that is a view of another")
        return key, dtype, count


def tensors_in(file):
    magic, protocol, _ = (Reader(file).load() for _ in range(3))
    if (magic, protocol) != (MAGIC, PROTOCOL):
        raise Refused("not PyTorch's old form")
    tensors = Reader(file).load()["state_dict"]
    kinds = {one.storage[0]: one.storage[1:] for one in tensors.values()}
    storages = {}
    for key in Reader(file).load():
        dtype, count = kinds[key]
        if struct.unpack("<q", file.read(8)) != (count,):
            raise Refused(f"storage {key} has another size than its tensors say")
        storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    arrays = {name.removeprefix("module."): one.array(storages) for name, one in tensors.items()}
    return {name: array for name, array in arrays.items() if array.dtype == np.float32}  # counters of batches are no weights


def read_checkpoint(path):
    """Tensors by name, of a file with a `state_dict` of a network that ran data-parallel."""
    with open(path, "rb") as file:
        try:
            return tensors_in(file)
        except Refused:
            raise
        except Exception as error:  # a torn pickle raises anything
            raise Refused(f"cannot be read ({type(error).__name__}: {error})") from error


def convert(path, cache):
    """Writes cifar10_resnet32.safetensors for resnet32-d509ac18.th; returns its path."""
    model = re.match(r"resnet\d+(?=-)", path.name).group()
    out = cache / f"cifar10_{model}.safetensors"
    half = out.with_name(f"{out.name}.{os.getpid()}")
    save_file(read_checkpoint(path), half)
    half.replace(out)  # appears only when it is complete
    return out


def main():
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("NNLOCK_DATA_DIR") or root.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description="Convert others' CIFAR-10 ResNet checkpoints to safetensors.")
    parser.add_argument("--from", dest="source", type=Path, default=data / "pytorch", help="folder with resnet*.th (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=root / "build" / "lab" / "cache", help="where they go (default: %(default)s)")
    options = parser.parse_args()
    found = sorted(options.source.glob("resnet*-*.th"))
    if not found:
        print(f"{options.source}: no resnet*.th here; NNLOCK_DATA_DIR or --from names the folder that has them", file=sys.stderr)
        return 1
    options.cache.mkdir(parents=True, exist_ok=True)
    for path in found:
        try:
            print(convert(path, options.cache))
        except Refused as error:
            print(f"{path}: {error}; fetch the file again", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
