#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What transcripts need beside the program: small models, and ways to spoil them. Run as `tool NAME ARGUMENTS`."""
import json
import math
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
    """Three tensors of 1,024, 64 and 128 bytes: floats from 2^-4 to below 1, of either sign."""
    data = random.Random(1)
    def floats(code, count):
        values = [data.choice((-1, 1)) * 2.0 ** -data.randint(1, 4) * (1 + data.random()) for _ in range(count)]
        return struct.pack(f"<{count}{code}", *values)
    write_model(path, [("layer.weight", "F32", [16, 16], floats("f", 256)), ("layer.bias", "F32", [16], floats("f", 16)),
                       ("head.weight", "F16", [4, 16], floats("e", 64))])


def layouts(path):
    """A tensor for each layout and its attributes (spec/lock-v1.md section 5.4)."""
    def packed(code, *values, count=300):
        return struct.pack(f"<{count}{code}", *(values * count)[:count])
    def bfloats(*values):
        return b"".join(struct.pack("<f", value)[2:] for value in (values * 300)[:300])
    write_model(path, [("signed", "F32", [300], packed("f", 0.25, -0.75, 2.0)),
                       ("with zero", "F16", [3000], packed("e", 0.0, -0.5, 1.5, count=3000)),
                       ("positive", "F64", [300], packed("d", 2.0**-20, 3.0)), ("only zero", "BF16", [300], bfloats(0.0)),
                       ("brain", "BF16", [300], bfloats(-0.0078125, 0.5)), ("few", "F32", [1], struct.pack("<f", 8.0)),
                       ("broken", "F32", [300], packed("f", 1.0, math.nan)), ("endless", "F16", [300], packed("e", math.inf, 1.0)),
                       ("integers", "I32", [300], packed("i", -1500, 700)), ("counts", "U16", [300], packed("H", 0, 300)),
                       ("small", "I8", [300], packed("b", -3, 100))])


def broken(path, count):
    """Tensors w0, w1, ... that hold NaN."""
    write_model(path, [(f"w{n}", "F32", [2], struct.pack("<2f", 1.0, math.nan)) for n in range(int(count))])


def mask(path):
    """One tensor of weights, and one without a finite number."""
    write_model(path, [("w", "F32", [2], struct.pack("<2f", 1.0, 0.5)), ("mask", "F32", [2], struct.pack("<2f", -math.inf, -math.inf))])


def bounds(values):
    """Integers as `nnlock inspect` shows their range."""
    bits = max(value if value >= 0 else ~value for value in values).bit_length()
    return f"{'0' if min(values) >= 0 else f'-2^{bits}'}..2^{bits}"


def numbers(path):
    """Prints what the tensors of a safetensors file hold: whether floats are finite, and the range of wide integers."""
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    codes = {"F16": "e", "F32": "f", "F64": "d", "I32": "i", "U16": "H"}
    for name, entry in json.loads(data[8:8 + size]).items():
        begin, end = entry.get("data_offsets", (0, 0))
        raw, dtype = data[8 + size + begin:8 + size + end], entry.get("dtype")
        if dtype == "BF16":  # the upper half of a float32
            raw, dtype = b"".join(b"\0\0" + raw[i:i + 2] for i in range(0, len(raw), 2)), "F32"
        if dtype not in codes:
            continue
        values = [value for value, in struct.iter_unpack("<" + codes[dtype], raw)]
        print(f"{name}:", bounds(values) if dtype[0] != "F" else "finite" if all(map(math.isfinite, values)) else "not finite")


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


def change_core(path, change):
    """Changes the core of the record in a sidecar of a small model (spec/record-v1.md sections 2 and 3)."""
    record = pathlib.Path(path).read_bytes()
    head_size, slot_size = struct.unpack_from(">II", record, 16)
    (tag_size,) = struct.unpack_from(">Q", record, 24)
    head, rest = record[32:32 + head_size], record[32 + head_size:][:2 * slot_size + tag_size]
    start, size = (3, head[2]) if head[1] == 0x58 else (4, struct.unpack_from(">H", head, 2)[0])
    head = head[:1] + cbor_bytes(change(head[start:start + size])) + head[start + size:]
    record = record[:16] + struct.pack(">I", len(head)) + record[20:32] + head + rest
    pathlib.Path(path).write_bytes(record + bytes(-len(record) % 48))


def demand_licence(path):
    """Makes the record in a sidecar demand a licence."""
    def change(core):
        assert core[31:34] == b"\xf6\xf6\xf6", "family, publisher, licence"
        return core[:33] + cbor_bytes(bytes(32)) + core[34:]
    change_core(path, change)


def later_layout(path):
    """Says in a sidecar that the last parameter, which is in layout `bytes`, has a layout that only a later version knows."""
    def change(core):
        assert core[-1] == 0, "layout `bytes`"
        return core[:-1] + b"\x82\x05\x01"  # [5, 1]
    change_core(path, change)


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


TOOLS = {"model": model, "layouts": layouts, "broken": broken, "mask": mask, "big": big, "rude": rude, "empty-model": empty_model, "numbers": numbers,
         "flip": flip, "strip": strip, "record-char": record_char, "demand-licence": demand_licence, "later-layout": later_layout,
         "key-char": key_char, "field": field, "terminal": terminal}
sys.exit(TOOLS[sys.argv[1]](*sys.argv[2:]))
