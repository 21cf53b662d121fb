# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the stock reader of a format takes a file, for every format: one function each, which raises what the reader raises.

Usage: stock_accepts.py FORMAT FILE...; prints a JSON list for each file: whether it was read, and the error.
A reader may crash: stock_errors() then says so for the file and goes on with the next one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

LONGEST = 120  # seconds for all files of one call


def safetensors(path):
    from safetensors import safe_open
    names = [path]
    if path.endswith(".json"):
        folder = Path(path).parent
        names = sorted({str(folder / shard) for shard in json.loads(Path(path).read_text())["weight_map"].values()})
    for name in names:
        with safe_open(name, framework="numpy") as reader:
            for key in reader.keys():
                reader.get_slice(key)


def tflite(path):
    from ai_edge_litert.interpreter import Interpreter
    Interpreter(model_path=path, num_threads=1).allocate_tensors()


def onnx(path):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def gguf(path):
    from gguf import GGUFReader
    for tensor in GGUFReader(path).tensors:
        tensor.data.tobytes()


def openvino(path):
    import openvino
    core = openvino.Core()
    core.compile_model(core.read_model(path), "CPU")


def ncnn(path):
    import ncnn as runtime
    net = runtime.Net()
    binary = path.endswith(".bin")
    if (net.load_param_bin if binary else net.load_param)(path) != 0:
        raise ValueError("load_param failed")
    weights = path.removesuffix(".bin").removesuffix(".param") + ".bin"
    if Path(weights).exists() and net.load_model(weights) != 0:
        raise ValueError("load_model failed")


def pytorch(path):
    import torch
    torch.set_num_threads(1)
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as refused:
        if "TorchScript" not in str(refused):  # what it says of an archive with code
            raise
        torch.jit.load(path, map_location="cpu")


def executorch(path):
    from stock_executorch import lines
    (line,) = lines("--load", path)
    if line != "ok":
        raise ValueError(f"error in stage {line}")


# What reads a format, and what its row in the report calls it.
READERS = {"safetensors": (safetensors, "safetensors"), "tflite": (tflite, "LiteRT"), "onnx": (onnx, "ONNX Runtime"), "gguf": (gguf, "gguf (Python)"),
           "openvino": (openvino, "OpenVINO, CPU"), "ncnn": (ncnn, "ncnn"), "pytorch": (pytorch, "PyTorch of Debian"),
           "executorch": (executorch, "ExecuTorch, C++")}
PYTHON = {"pytorch": "/usr/bin/python3"}  # where the reader is no package of ours


def shortened(error, path):
    """One line without folders, for a table."""
    text = " ".join(str(error).split()).replace(str(Path(path).parent) + "/", "")
    return text[:100] + ("..." if len(text) > 100 else "")


def run_child(kind, paths):
    command = [PYTHON.get(kind, sys.executable), __file__, kind, *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
        text, end = done.stdout, f"the reader ended with {done.returncode}"
    except subprocess.TimeoutExpired as late:
        text, end = (late.stdout or b"").decode(), f"not done after {LONGEST} s"
    found = [json.loads(line) for line in text.splitlines() if line.startswith('["')]
    return [error for _, error in found], end


def stock_errors(kind, paths):
    """For each file "" when the stock reader takes it, else its error. The reader must be installed."""
    errors = []
    while len(errors) < len(paths):
        found, end = run_child(kind, paths[len(errors):])
        errors += found
        if len(errors) < len(paths):
            errors.append(end)
    missing = [error for error in errors if error.startswith("No module named")]
    assert not missing, f"{kind}: {missing[0]}; run `make python`"
    return errors


def main(kind, *paths):
    for path in paths:
        try:
            READERS[kind][0](path)
            error = ""
        except Exception as raised:  # whatever a reader raises is what we report
            error = shortened(raised, path) or type(raised).__name__
        print(json.dumps([Path(path).name, error]), flush=True)
    os._exit(0)  # without taking the readers apart: some crash while they do that


if __name__ == "__main__":
    main(*sys.argv[1:])
