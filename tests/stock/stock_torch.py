# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's PyTorch as a child process: writes small models, or loads and runs files.

Usage: stock_torch.py write FOLDER        writes every model of MODELS
       stock_torch.py read INPUTS FILE... INPUTS: a JSON list, an input's shape or its one
                                          number; empty for files without code
Reading prints one JSON line a file: {"error": ..., "skeleton": ..., "digest": ...}.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import torch

SEED = 20260101


def network():
    torch.manual_seed(SEED)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
                               torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(),
                               torch.nn.Linear(32, 10)).eval()


def write_state(path):
    torch.save(network().state_dict(), path)


def write_checkpoint(path):
    """Floats of all widths, integers, a sparse tensor, shared and empty storages."""
    state = network().state_dict()
    weight = state["0.weight"]
    torch.save({"model": state, "epoch": 3, "again": weight.view(-1), "part": weight[2:4],
                "kinds": [weight.half(), weight.bfloat16(), weight.double(), torch.empty(0),
                          torch.arange(40, dtype=torch.int32), torch.arange(5), weight > 0],
                "sparse": torch.eye(5).to_sparse()}, path)


def write_protocol_4(path):
    torch.save(network().state_dict(), path, pickle_protocol=4)


def write_traced(path):
    torch.jit.trace(network(), torch.zeros(1, 3, 8, 8)).save(path)


def write_scripted(path):
    torch.jit.script(network()).save(path)


def write_mobile(path):
    torch.jit.script(network())._save_for_lite_interpreter(path)


def write_quantised(path):
    """Per channel: loading packs the weights and reads scales and zero points."""
    stubs = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()
    network8 = torch.nn.Sequential(stubs[0], network(), stubs[1]).eval()
    torch.ao.quantization.fuse_modules(network8[1], [["0", "1", "2"]], inplace=True)
    network8.qconfig = torch.ao.quantization.get_default_qconfig("fbgemm")
    torch.ao.quantization.prepare(network8, inplace=True)
    network8(torch.randn(2, 3, 8, 8))
    torch.ao.quantization.convert(network8, inplace=True)
    torch.jit.trace(network8, torch.zeros(1, 3, 8, 8)).save(path)


def write_legacy(path):
    torch.save(network().state_dict(), path, _use_new_zipfile_serialization=False)


MODELS = {"state.pt": write_state, "checkpoint.pt": write_checkpoint, "protocol_4.pt": write_protocol_4,
          "traced.pt": write_traced, "scripted.pt": write_scripted, "mobile.ptl": write_mobile,
          "quantised.pt": write_quantised, "legacy.pt": write_legacy}


def tensors(value, name=""):
    """Every tensor in nested containers, with its path."""
    if isinstance(value, torch.Tensor):
        if value.is_sparse:
            yield from tensors({"indices": value._indices(), "values": value._values()}, name)
        else:
            yield name, value
    elif isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from tensors(item, f"{name}.{key}")


def digest(found):
    total = hashlib.sha256()
    for name, tensor in found:
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        total.update(bytes(tensor.detach().clone().contiguous().storage().untyped().tolist()))
    return total.hexdigest()


def skeleton(found):
    return [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in found]


def see(path, inputs):
    if not inputs:
        careful = "protocol_4" not in path  # the unpickler that runs no code knows protocol 2 only
        found = list(tensors(torch.load(path, weights_only=careful)))
        return {"skeleton": skeleton(found), "digest": digest(found)}
    net = torch.jit.load(path)
    torch.manual_seed(SEED)
    values = [one if isinstance(one, int) else torch.randn(one) for one in inputs]
    with torch.no_grad():
        outputs = net(*values)
    return {"skeleton": skeleton(net.state_dict().items()), "digest": digest(tensors(outputs))}


def main(task, *arguments):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if task == "write":
        for name, write in MODELS.items():
            write(str(Path(arguments[0]) / name))
        return
    inputs, *paths = arguments
    for path in paths:
        try:
            seen = {"error": "", **see(path, json.loads(inputs))}
        except Exception as error:  # whatever PyTorch raises is what we report
            seen = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
