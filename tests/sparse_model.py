# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a great size that take no room on disk, and the memory a command needs for them."""
import json
import struct
import subprocess
import sys


def sparse_file(path, size, head=b""):
    """A file of `size` bytes that begins with `head`; the rest is a hole and reads as zeros."""
    with open(path, "wb") as out:
        out.write(head)
        out.truncate(size)
    return path


def sparse_model(path, tensors, tensor_bytes):
    """A safetensors file of float tensors that are all zero."""
    header = {
        f"layer{i}.weight": {"dtype": "F32", "shape": [tensor_bytes // 4], "data_offsets": [i * tensor_bytes, (i + 1) * tensor_bytes]}
        for i in range(tensors)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return sparse_file(path, 8 + len(text) + tensors * tensor_bytes, struct.pack("<Q", len(text)) + text)


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def sparse_onnx_with_data(path, size):
    """An ONNX file with two float32 tensors that lie in a data file of `size` bytes, all zero: one of almost all of it, one at its end."""
    def field(number, payload):
        return varint(number << 3 | 2) + varint(len(payload)) + payload
    def entry(key, value):
        return field(13, field(1, key.encode()) + field(2, str(value).encode()))
    def tensor(name, offset, length):
        entries = entry("location", "weights.bin") + entry("offset", offset) + entry("length", length)
        return field(5, b"\x08" + varint(length // 4) + b"\x10\x01" + field(8, name) + entries + b"\x70\x01")
    sparse_file(path.with_name("weights.bin"), size)
    path.write_bytes(b"\x08\x08" + field(7, tensor(b"w", 4, size - 4096) + tensor(b"v", size - 64, 64)))
    return path


def sparse_onnx(path, size):
    """An ONNX file with one float32 tensor of `size` bytes that are all zero."""
    def opened(number, payload):  # a field whose payload goes on for `size` bytes
        return varint(number << 3 | 2) + varint(len(payload) + size) + payload
    tensor = b"\x08" + varint(size // 4) + b"\x10\x01" + b"\x42\x01w" + opened(9, b"")
    head = b"\x08\x08" + opened(7, opened(5, tensor))
    return sparse_file(path, len(head) + size, head)


def sparse_tflite(path, size):
    """A TFLite file: a flatbuffer without graphs and buffers, and `size` zero bytes behind it."""
    table = struct.pack("<I4s2HI", 12, b"TFL3", 4, 4, 4)
    return sparse_file(path, len(table) + size, table)


def peak_memory(*command, status=0):
    """Peak resident memory of a command, in bytes; it must exit with `status`, or one of several. A fork of this process would count its own pages: exec first."""
    measure = (
        "import os,sys,subprocess;c=subprocess.Popen(sys.argv[1:],stdout=subprocess.DEVNULL);_,s,u=os.wait4(c.pid,0);"
        "print(u.ru_maxrss*1024);sys.exit(os.waitstatus_to_exitcode(s))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", measure, *map(str, command)], capture_output=True, text=True)
    assert done.returncode in (status if isinstance(status, tuple) else (status,)), done.stderr
    return int(done.stdout)
