# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Stock runtimes straight from the unlocked memory, without a plain file: the same predictions as the plain model."""

import json
import struct

import nnlock
import pytest
from conftest import EXAMPLES, MODELS, ROOT, import_or_skip

ACCURACY = {row["file"]: row["accuracy"]["subset_1000"] for row in json.loads((MODELS / "accuracies.json").read_text())["models"]}


def idx(name):
    numpy = import_or_skip("numpy")
    data = (ROOT / "examples" / "data" / name).read_bytes()
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(shape)


def logits_onnx(content):
    numpy, onnxruntime = import_or_skip("numpy"), import_or_skip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    pixels = (idx("fashion-1000-images-idx3-ubyte") / numpy.float32(255)).astype(numpy.float32)[:, None]
    return session.run(None, {"image": pixels})[0]


def logits_tflite(content):
    numpy, interpreter = import_or_skip("numpy"), import_or_skip("ai_edge_litert.interpreter")
    net = interpreter.Interpreter(model_content=content, num_threads=1)
    net.allocate_tensors()
    source, sink = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]
    out = []
    for image in idx("fashion-1000-images-idx3-ubyte"):
        net.set_tensor(source, (image.astype(numpy.int16) - 128).astype(numpy.int8)[None, ..., None])
        net.invoke()
        out.append(net.get_tensor(sink)[0].copy())
    return numpy.array(out)


def logits(name, content):
    return logits_tflite(content) if name.endswith(".tflite") else logits_onnx(content)


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_predictions_on_1000_images(key, name, tmp_path):
    numpy = import_or_skip("numpy")
    nnlock.lock(key, MODELS / name, tmp_path / name)
    with nnlock.unlock(key, tmp_path / name) as unlocked:
        ours = logits(name, bytes(unlocked))
    plain = logits(name, (MODELS / name).read_bytes())
    assert ours.shape == (1000, 10) and numpy.array_equal(ours, plain)
    labels = idx("fashion-1000-labels-idx1-ubyte")
    right = float((ours.argmax(axis=1) == labels).mean())
    assert abs(right - ACCURACY[name]) <= 0.005  # int8 kernels differ a little from machine to machine

    with nnlock.unlock(nnlock.MasterKey.generate(), tmp_path / name, decoy=True) as decoy:
        wrong = float((logits(name, bytes(decoy)).argmax(axis=1) == labels).mean())
    assert wrong < 0.5 * right


def test_safetensors_from_memory(key, tensors, tmp_path):
    safetensors = import_or_skip("safetensors.numpy")
    nnlock.lock(key, tensors, tmp_path / "l.safetensors")
    with nnlock.unlock(key, tmp_path / "l.safetensors") as unlocked:
        ours = safetensors.load(bytes(unlocked))
    plain = safetensors.load_file(tensors)
    assert ours.keys() == plain.keys() and all((ours[name] == plain[name]).all() for name in plain)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.endswith(".onnx")])
def test_locked_onnx_still_parses(key, name, tmp_path):
    onnx = import_or_skip("onnx")
    nnlock.lock(key, MODELS / name, tmp_path / name)
    ours, plain = onnx.load(str(tmp_path / name)), onnx.load(str(MODELS / name))
    assert [node.op_type for node in ours.graph.node] == [node.op_type for node in plain.graph.node]
    assert any(a.raw_data != b.raw_data for a, b in zip(ours.graph.initializer, plain.graph.initializer))
