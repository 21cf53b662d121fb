#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the committed corpora anew: make.py FUZZ_BUILD MALFORMED_CASES [TARGET...]

Seeds are what is committed, golden files, malformed-file matrices and finds of the slow lane `fuzz`; a short run adds to them; a merge
keeps what reaches code of its own."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden"
LARGEST = 4096  # bytes of one input
TFLITE_OPERATORS = 207  # built in
RUNS = 30000  # inputs of the short run
SECONDS = 20  # at most


def sized(number):
    return number.to_bytes(2, "little")


# How the input of a target holds a model of two files; all others take the main file alone.
FRAMES = {
    "ncnn_fuzz": lambda main, data: sized(len(main)) + main + data,
    "openvino_fuzz": lambda main, data: sized(len(data)) + main,
    "lock_fuzz": lambda main, data: bytes([len(main) % 16]) + sized(len(data)) + main + data,
}
# Fields of vectors, in hexadecimal, that are inputs of a target.
VECTORS = {"record_fuzz": ("open", "record"), "key_file_fuzz": ("keyfile", "text")}
GOLDEN_FILES = {"record_fuzz": "*.nnlock", "key_file_fuzz": "key", "safetensors_fuzz": "*.safetensors", "tflite_fuzz": "*.tflite", "onnx_fuzz": "*.onnx"}


def folders_of(target, cases):
    """Of all formats, the right models; of a codec of its own, the wrong ones too."""
    if target == "lock_fuzz":
        return sorted(cases.glob("*/good"))
    return sorted(cases.glob(target.removesuffix("_fuzz") + "*/*"))


def inputs_of_cases(target, cases):
    for folder in folders_of(target, cases):
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "expected.json")
        text = (folder / "expected.json").read_text()
        main = next(path for path in files if f'"main": "{path.name}"' in text)
        rest = [path.read_bytes() for path in files if path != main] or [b""]
        if main.stat().st_size <= LARGEST:
            frame = FRAMES.get(target, lambda main, data: main)
            yield frame(main.read_bytes(), rest[0])


def with_each_operator(model):
    """A TFLite model with its first operator replaced by each other one (tensorflow/tensorflow: lite/schema/schema.fbs, OperatorCode)."""
    def u32(at):
        return int.from_bytes(model[at:at + 4], "little")
    def field(table, number):
        vtable = table - u32(table)
        return table + int.from_bytes(model[vtable + 4 + 2 * number:vtable + 6 + 2 * number], "little")
    codes = field(u32(0), 1)
    first = codes + u32(codes) + 4
    code = first + u32(first)
    for builtin in range(TFLITE_OPERATORS):
        changed = bytearray(model)
        changed[field(code, 0)] = min(builtin, 127)
        changed[field(code, 3):field(code, 3) + 4] = builtin.to_bytes(4, "little")
        yield bytes(changed)


def inputs_of_vectors(target):
    kind, field = VECTORS.get(target, (None, None))
    for path in sorted((HERE.parents[1] / "spec" / "vectors").glob("*.json")):
        vector = json.loads(path.read_text())
        content = vector.get(field) if vector["kind"] == kind else None
        if isinstance(content, str) and len(content) <= 2 * LARGEST:
            yield bytes.fromhex(content)


def seeds(target, build, cases):
    yield from inputs_of_cases(target, cases)
    yield from inputs_of_vectors(target)
    if target == "tflite_fuzz":
        yield from with_each_operator((cases / "tflite" / "good" / "model.tflite").read_bytes())
    folders = [HERE / target, build / "corpus" / target]
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    paths += GOLDEN.rglob(GOLDEN_FILES[target]) if target in GOLDEN_FILES else []
    for path in sorted(path for path in paths if path.is_file()):
        if path.stat().st_size <= LARGEST:
            yield path.read_bytes()


def make(program, build, cases):
    target = program.name
    with tempfile.TemporaryDirectory() as scratch:
        start, merged = pathlib.Path(scratch, "start"), pathlib.Path(scratch, "merged")
        start.mkdir(), merged.mkdir()
        for content in seeds(target, build, cases):
            (start / hashlib.sha1(content).hexdigest()).write_bytes(content)
        common = [program, f"-max_len={LARGEST}", f"-artifact_prefix={build}/{target}-"]
        for arguments in ([f"-runs={RUNS}", f"-max_total_time={SECONDS}", "-len_control=0", start], ["-set_cover_merge=1", merged, start]):
            done = subprocess.run([*common, *arguments], capture_output=True, text=True, errors="replace", check=False)
            if done.returncode != 0:
                sys.exit(f"{target} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        shutil.rmtree(HERE / target, ignore_errors=True)
        shutil.copytree(merged, HERE / target)
        kept = list(merged.iterdir())
        print(f"{target}: {len(list(start.iterdir()))} inputs, {len(kept)} kept, {sum(path.stat().st_size for path in kept)} bytes", flush=True)


def main(build, write_cases, *only):
    build = pathlib.Path(build).resolve()
    with tempfile.TemporaryDirectory() as cases:
        subprocess.run([write_cases, cases], check=True)
        programs = sorted(path for path in build.glob("*/*_fuzz") if path.is_file())
        for program in programs:
            if not only or program.name in only:
                make(program, build, pathlib.Path(cases))


if __name__ == "__main__":
    main(*sys.argv[1:])
