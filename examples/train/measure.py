# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Measures the finished files in the stock runtimes and writes down the figures."""

import hashlib
import json
import platform
from importlib import metadata

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

import export_onnx
import export_tflite
from fashion import to_float

FLOOR = 0.89
LARGEST = 1 << 20
PACKAGES = ("ai-edge-litert", "keras", "numpy", "onnx", "onnxruntime", "tensorflow-cpu")


def run_tflite(path, images, threads):
    """Class numbers from LiteRT, one image at a time."""
    net = Interpreter(model_path=str(path), num_threads=threads)
    net.allocate_tensors()
    source, sink = net.get_input_details()[0], net.get_output_details()[0]
    assert source["dtype"] == sink["dtype"] == np.int8
    scale, zero = source["quantization"]
    pixels = np.clip(np.round(to_float(images) / scale) + zero, -128, 127).astype(np.int8)
    answers = []
    for image in pixels:
        net.set_tensor(source["index"], image[None, ..., None])
        net.invoke()
        answers.append(int(np.argmax(net.get_tensor(sink["index"])[0])))
    return np.array(answers)


def run_onnx(path, images, threads):
    """Class numbers from ONNX Runtime on the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"])
    pixels = to_float(images)[:, None]
    parts = [session.run(None, {"image": pixels[i:i + 500]})[0]
             for i in range(0, len(pixels), 500)]
    return np.concatenate(parts).argmax(axis=1)


def measure(path, tests, threads):
    """One model's figures; fails where it is too weak or too large."""
    tflite = path.suffix == ".tflite"
    answer = run_tflite if tflite else run_onnx
    stored = (export_tflite if tflite else export_onnx).stored_tensors(path)
    data = path.read_bytes()
    row = {"file": path.name, "bytes": len(data),
           "sha256": hashlib.sha256(data).hexdigest(),
           "runtime": "ai-edge-litert" if tflite else "onnxruntime", "accuracy": {}}
    for name, (images, labels) in tests.items():
        row["accuracy"][name] = float((answer(path, images, threads) == labels).mean())
        print(f"{path.name}: {row['accuracy'][name]:.4f} on {name}", flush=True)
        assert row["accuracy"][name] >= FLOOR, f"{path.name} is too weak on {name}"
    assert row["bytes"] < LARGEST, f"{path.name} is too large"
    row["tensors"] = [dict(zip(("name", "dtype", "shape", "bytes"), t)) for t in stored]
    return row


def versions():
    return {"python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES}}


def table(rows):
    lines = ["| file | bytes | 10,000 test images | 1,000-image subset | runtime |",
             "|---|---|---|---|---|"]
    for row in rows:
        test, subset = (row["accuracy"][k] for k in ("test_10000", "subset_1000"))
        lines.append(f"| {row['file']} | {row['bytes']:,} | {test:.2%} | {subset:.2%} "
                     f"| {row['runtime']} |")
    return lines


def tensor_table(row):
    lines = ["", f"### {row['file']}", "", f"sha256 `{row['sha256']}`", "",
             "| tensor | type | shape | bytes |", "|---|---|---|---|"]
    for t in row["tensors"]:
        shape = " x ".join(map(str, t["shape"])) or "scalar"
        lines.append(f"| `{t['name']}` | {t['dtype']} | {shape} | {t['bytes']:,} |")
    return lines


def write_report(folder, rows, settings):
    """Writes accuracies.json, and README.md for people."""
    used = versions()
    report = {"settings": settings, "versions": used, "models": rows}
    (folder / "accuracies.json").write_text(json.dumps(report, indent=1) + "\n")
    text = ["# Example models", "",
            "Written by `examples/train/train.py`; do not edit by hand. The same "
            "figures are in `accuracies.json`.", "",
            "The project trained one small network on the 60,000 training images of "
            "Fashion-MNIST and wrote it in three forms. Shares of right answers, "
            "counted in the stock runtimes:", "", *table(rows), "",
            "Every model takes 28 x 28 grey images and gives ten logits. The ONNX "
            "files take float32 pixels from 0 to 1, shaped N x 1 x 28 x 28. The TFLite "
            "file takes int8, one image of 1 x 28 x 28 x 1 at a time: pixel - 128.", "",
            "The subset happens to be easier than the whole: use its figures to compare a "
            "model with itself, not to say how good the model is.", "",
            "The int8 files may answer a few images differently on another kind of "
            "processor or with other settings, as the runtimes pick other kernels there.", "",
            "Versions: " + ", ".join(f"{k} {v}" for k, v in used.items()) + ".", "",
            "Settings: " + ", ".join(f"{k} {v}" for k, v in settings.items()) + ".", "",
            "## Tensors whose values are stored in the files"]
    for row in rows:
        text += tensor_table(row)
    (folder / "README.md").write_text("\n".join(text) + "\n")
