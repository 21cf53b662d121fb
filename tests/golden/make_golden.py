#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Makes golden locked files with a built program. Run once for a release; files that are there are never replaced.

    tests/golden/make_golden.py build/nnlock v0.2
"""
import hashlib
import json
import math
import pathlib
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "spec" / "vectors" / "generate"))
import onnx_files  # noqa: E402
import tflite_files  # noqa: E402

VARIANTS = {
    "aes256": ["--suite", "aes256"],
    "chacha20-chunk64k-hint": ["--suite", "chacha20", "--chunk", "64K", "--hint"],
    "sidecar-family-excluded": ["--sidecar", "--exclude", "bias", "--exclude", "layer.bias", "--family", "00112233445566778899aabbccddeeff", "--family-version", "7"],
}


def floats(count, form="f"):
    """Both signs, magnitudes from 2^-4 to below 2, one zero."""
    return struct.pack(f"<{count}{form}", *((i != 5) * math.ldexp(1 + i % 61 / 64, i % 5 - 4) * (-1) ** i for i in range(count)))


def integers(count, form="i"):
    return struct.pack(f"<{count}{form}", *(i * i % 4001 - 2000 for i in range(count)))


def tiny_safetensors():
    """Every element type that layouts tell apart, one tensor with an infinity, one of nothing else, one longer than a chunk of 64 KiB, a counter, metadata."""
    whole = floats(40000)
    bf16 = b"".join(whole[i + 2:i + 4] for i in range(0, len(whole), 4))  # the upper halves of float32
    tensors = [("layer.weight", "BF16", bf16), ("layer.bias", "F32", floats(300)), ("half.weight", "F16", floats(300, "e")),
               ("double.weight", "F64", floats(300, "d")), ("complex.weight", "C64", floats(600)), ("mask.weight", "F32", floats(3) + struct.pack("<f", -math.inf)),
               ("start", "F32", struct.pack("<2f", -math.inf, -math.inf)), ("packed.weight", "I32", integers(300)), ("short.weight", "I16", integers(300, "h")), ("unsigned.weight", "U16", struct.pack("<300H", *range(300))),
               ("quantised.weight", "I8", bytes(range(256))), ("quantised.bias", "I32", integers(16)), ("step", "I64", bytes(8))]
    sizes = {"I8": 1, "BF16": 2, "F16": 2, "I16": 2, "U16": 2, "F32": 4, "I32": 4}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, raw in tensors:
        header[name] = {"dtype": dtype, "shape": [len(raw) // sizes.get(dtype, 8)], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def tiny_tflite():
    """A float layer, then an integer layer."""
    tensors = [("x", 0, [1, 20], 0), ("weight", 0, [30, 20], 1), ("bias", 0, [30], 2), ("h", 0, [1, 30], 0),
               ("quantised.weight", 9, [10, 30], 3), ("quantised.bias", 2, [10], 4), ("y", 0, [1, 10], 0)]
    operators = [(9, [0, 1, 2], [3]), (9, [3, 4, 5], [6])]  # FULLY_CONNECTED
    return tflite_files.model(tensors, operators, [floats(600), floats(30), integers(300, "h")[::2], integers(10)])


def tiny_onnx():
    nodes = [onnx_files.node("MatMul", ["x", "weight"], ["m"]), onnx_files.node("DequantizeLinear", ["quantised.bias", "scale"], ["b"]),
             onnx_files.node("Add", ["m", "b"], ["s"]), onnx_files.node("Mul", ["s", "bias"], ["t"]), onnx_files.node("Reshape", ["t", "shape"], ["y"])]
    return onnx_files.model(*nodes, onnx_files.tensor("weight", 1, [20, 30], floats(600)), onnx_files.tensor("bias", 1, [30], floats(30)),
                            onnx_files.tensor("quantised.bias", 6, [30], integers(30)), onnx_files.tensor("scale", 1, [1], struct.pack("<f", 0.01)),
                            onnx_files.tensor("shape", 7, [2], struct.pack("<2q", 1, 30)))


def layouts(program, locked):
    shown = json.loads(subprocess.run([program, "inspect", "--json", locked], check=True, capture_output=True).stdout)
    return sorted({tensor["layout"] for tensor in shown["params"]})


def main(program, release):
    folder = HERE / release
    folder.mkdir()
    key = folder / "key"
    subprocess.run([program, "keygen", "-o", key], check=True)
    manifest = []
    for name, plain in {"tiny.safetensors": tiny_safetensors(), "tiny.tflite": tiny_tflite(), "tiny.onnx": tiny_onnx()}.items():
        source = folder / "plain"
        source.write_bytes(plain)
        for variant, options in VARIANTS.items():
            locked = folder / f"{variant}.{name}"
            subprocess.run([program, "lock", "--quiet", "-k", key, source, "-o", locked, *options], check=True)
            manifest.append({"file": locked.name, "plain_sha256": hashlib.sha256(plain).hexdigest(), "layouts": layouts(program, locked)})
        source.unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
