#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What transcripts need beside the program: small models, and ways to spoil them. Run as `tool NAME ARGUMENTS`."""
import json
import os
import pathlib
import pty
import random
import select
import struct
import sys


def write_model(path, tensors, metadata=None):
    """tensors: [(name, dtype, shape, bytes)] into a safetensors file."""
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for *_, data in tensors))


def model(path):
    """Three tensors of 1,024, 64 and 128 bytes."""
    data = random.Random(1)
    write_model(path, [("layer.weight", "F32", [16, 16], data.randbytes(1024)), ("layer.bias", "F32", [16], data.randbytes(64)),
                       ("head.weight", "F16", [4, 16], data.randbytes(128))])


def big(path, megabytes):
    """One tensor of zeros; the file has a hole."""
    size = int(megabytes) << 20
    write_model(path, [("w", "U8", [0], b"")])
    text = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + size)


def rude(path):
    """A tensor whose name would clear a terminal and turn text around."""
    write_model(path, [("evil\u001b[2J\u202ename", "U8", [4], b"abcd")])


def empty_model(path):
    write_model(path, [], {"format": "pt"})


def flip(path, offset):
    """Flips one bit at a byte offset; negative offsets count from the end."""
    data = bytearray(pathlib.Path(path).read_bytes())
    data[int(offset)] ^= 1
    pathlib.Path(path).write_bytes(data)


def strip(path):
    """Takes the record out of a safetensors file, as an attacker would."""
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    del header["__metadata__"]["nnlock"]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size:])


def record_char(path):
    """Changes one character inside the base64 of the embedded record."""
    data = bytearray(pathlib.Path(path).read_bytes())
    at = data.index(b'"nnlock":"') + 200
    data[at] = ord("A") if data[at] != ord("A") else ord("B")
    pathlib.Path(path).write_bytes(data)


def cbor_bytes(data):
    """A CBOR byte string in its shortest form."""
    size = len(data)
    return (bytes([0x40 + size]) if size < 24 else bytes([0x58, size]) if size < 256 else b"\x59" + struct.pack(">H", size)) + data


def demand_licence(path):
    """Makes the record in a sidecar demand a licence (spec/record-v1.md sections 2 and 3), for an ordinary small model."""
    record = pathlib.Path(path).read_bytes()
    head_size, slot_size = struct.unpack_from(">II", record, 16)
    (tag_size,) = struct.unpack_from(">Q", record, 24)
    head, rest = record[32:32 + head_size], record[32 + head_size:][:2 * slot_size + tag_size]
    start, size = (3, head[2]) if head[1] == 0x58 else (4, struct.unpack_from(">H", head, 2)[0])
    core, behind = head[start:start + size], head[start + size:]
    assert core[31:34] == b"\xf6\xf6\xf6", "family, publisher, licence"
    head = head[:1] + cbor_bytes(core[:33] + cbor_bytes(bytes(32)) + core[34:]) + behind
    record = record[:16] + struct.pack(">I", len(head)) + record[20:32] + head + rest
    pathlib.Path(path).write_bytes(record + bytes(-len(record) % 48))


def key_char(path):
    """Changes one character of the key line."""
    text = pathlib.Path(path).read_text()
    at = text.index("NNLOCK-MASTER-KEY-1") + 30
    pathlib.Path(path).write_text(text[:at] + ("Q" if text[at] != "Q" else "P") + text[at + 1:])


def field(*path):
    """Prints one member of the JSON on standard input."""
    value = json.load(sys.stdin)
    for name in path:
        value = value[int(name)] if isinstance(value, list) else value[name]
    print(json.dumps(value))


def terminal(*command):
    """Runs a command on a terminal of its own and prints what the terminal got, with escapes made visible."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    got = b""
    while select.select([fd], [], [], 60)[0]:
        try:
            part = os.read(fd, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        got += part
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    text = got.decode(errors="backslashreplace").replace("\r\n", "\n")
    sys.stdout.write(text.replace("\x1b", "\\e").replace("\r", "\\r"))
    return code


TOOLS = {"model": model, "big": big, "rude": rude, "empty-model": empty_model, "flip": flip, "strip": strip,
         "record-char": record_char, "demand-licence": demand_licence,
         "key-char": key_char, "field": field, "terminal": terminal}
sys.exit(TOOLS[sys.argv[1]](*sys.argv[2:]))
