#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Makes golden locked files with a built program. Run once for a release; files that are there are never replaced.

    tests/golden/make_golden.py build/nnlock v0.1
"""
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "examples" / "models"
VARIANTS = {
    "aes256": ["--suite", "aes256"],
    "chacha20-chunk64k-hint": ["--suite", "chacha20", "--chunk", "64K", "--hint"],
    "sidecar-family-excluded": ["--sidecar", "--exclude", "*bias*", "--family", "00112233445566778899aabbccddeeff", "--family-version", "7"],
}


def tiny_safetensors(path):
    """Two learned tensors, a counter, metadata; the second is longer than a chunk of 64 KiB."""
    header = {"__metadata__": {"format": "pt"}, "layer.weight": {"dtype": "BF16", "shape": [40000], "data_offsets": [0, 80000]},
              "layer.bias": {"dtype": "F32", "shape": [3], "data_offsets": [80000, 80012]},
              "step": {"dtype": "I64", "shape": [], "data_offsets": [80012, 80020]}}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(i * i % 251 for i in range(80020)))


def main(program, release):
    folder = HERE / release
    folder.mkdir()
    key = folder / "key"
    subprocess.run([program, "keygen", "-o", key], check=True)
    sources = {"fashion_int8.tflite": MODELS / "fashion_int8.tflite", "fashion_int8.onnx": MODELS / "fashion_int8.onnx"}
    tiny = folder / "tiny.safetensors.plain"
    tiny_safetensors(tiny)
    sources["tiny.safetensors"] = tiny
    manifest = []
    for name, source in sources.items():
        for variant, options in VARIANTS.items():
            locked = folder / f"{variant}.{name}"
            subprocess.run([program, "lock", "--quiet", "-k", key, source, "-o", locked, *options], check=True)
            manifest.append({"file": locked.name, "plain_sha256": hashlib.sha256(source.read_bytes()).hexdigest()})
    tiny.unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
