# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Keys, models and stock runtimes for the tests."""

import importlib
import json
import os
import struct
from pathlib import Path

import nnlock
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "examples" / "models"
EXAMPLES = sorted(path.name for path in MODELS.glob("*.*") if path.suffix in (".tflite", ".onnx"))
assert len(EXAMPLES) >= 3, f"no example models in {MODELS}"


def import_or_skip(name):
    """A missing runtime is a counted skip for people and a failure where CI=true."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is missing: {error}")
        pytest.skip(f"{name} is not installed")


@pytest.fixture
def key():
    return nnlock.MasterKey.generate()


@pytest.fixture(params=EXAMPLES + ["small.safetensors"])
def model(request, tmp_path):
    """Path of a plain model, each format in turn."""
    return small_safetensors(tmp_path) if request.param.startswith("small") else MODELS / request.param


def small_safetensors(folder, name="small.safetensors", size=64):
    numpy, safetensors = import_or_skip("numpy"), import_or_skip("safetensors.numpy")
    rng = numpy.random.default_rng(20260)
    path = folder / name
    safetensors.save_file({"layer.weight": rng.standard_normal((size, size), dtype=numpy.float32),
                           "layer.bias": rng.standard_normal(size, dtype=numpy.float32),
                           "head.weight": rng.standard_normal((10, size), dtype=numpy.float32)}, path)
    return path


def write_safetensors(path, tensors):
    """Writes {name: (type as safetensors spells it, array or bytes)} by hand: numpy knows no bfloat16."""
    header, data = {}, b""
    for name, (dtype, values) in tensors.items():
        raw = bytes(values) if isinstance(values, bytes) else values.tobytes()
        width = 1 if dtype.startswith("F8") else int(dtype.lstrip("BFIUC")) // 8
        header[name] = {"dtype": dtype, "shape": [len(raw) // width], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture
def tensors(tmp_path):
    return small_safetensors(tmp_path)


@pytest.fixture
def locked(key, tensors, tmp_path):
    """Path of a small locked model."""
    out = tmp_path / "locked.safetensors"
    nnlock.lock(key, tensors, out)
    return out
