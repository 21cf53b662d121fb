# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Just enough of TFLite for the vectors of kind "model": build, embed a record (record-v1 6.3), find it, name tensors.

A flatbuffer is written front to back: every table behind its own vtable, every offset leads forward.
"""
import struct

FORMAT = 2
MAGIC = b"NNLOCKT1"
TYPES = {0: "f32", 2: "i32", 9: "i8"}  # TensorType


class Flat(bytearray):
    def align(self, unit, ahead=0):
        self += bytes(-(len(self) + ahead) % unit)

    def table(self, **fields):
        """fields: f3=(width in bytes, value), by id. Offsets are written by link()."""
        ids = {int(name[1:]): field for name, field in fields.items()}
        places, size = {}, 4
        for i, (width, _) in ids.items():
            places[i] = size + -size % width
            size = places[i] + width
        self.align(8)
        vtable = len(self)
        entries = [places.get(i, 0) for i in range(max(ids, default=-1) + 1)]
        self += struct.pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), size, *entries)
        self.align(8)
        at = len(self)
        self += bytes(size)
        self[at:at + 4] = struct.pack("<i", at - vtable)
        for i, (width, value) in ids.items():
            self[at + places[i]:at + places[i] + width] = value.to_bytes(width, "little")
        return at

    def vector(self, count, raw, unit=4):
        self.align(unit, 4)
        self.align(4)
        at = len(self)
        self += struct.pack("<I", count) + raw
        return at

    def ints(self, *values):
        return self.vector(len(values), struct.pack(f"<{len(values)}i", *values))

    def text(self, words):
        return self.vector(len(words), words.encode() + b"\0")

    def link(self, where, to):
        self[where:where + 4] = struct.pack("<I", to - where)

    def slot(self, table, field):
        vtable = table - struct.unpack_from("<i", self, table)[0]
        return table + struct.unpack_from("<H", self, vtable + 4 + 2 * field)[0]

    def tables(self, owner, field, count):
        """A vector of count offsets in a field; gives the place of each."""
        at = self.vector(count, bytes(4 * count))
        self.link(self.slot(owner, field), at)
        return [at + 4 + 4 * i for i in range(count)]


OFFSET = (4, 0)


def model(tensors, operators, values):
    """tensors: (name, type, shape, buffer); operators: (builtin, inputs, outputs); values: of buffers 1, 2, ..."""
    out = Flat(b"\0\0\0\0TFL3")
    root = out.table(f0=(4, 3), f1=OFFSET, f2=OFFSET, f4=OFFSET)
    out.link(0, root)
    for where, (builtin, *_) in zip(out.tables(root, 1, len(operators)), operators):
        out.link(where, out.table(f0=(1, builtin), f3=(4, builtin)))
    graph = out.tables(root, 2, 1)[0]
    out.link(graph, main := out.table(f0=OFFSET, f1=OFFSET, f2=OFFSET, f3=OFFSET))
    for where, (name, kind, shape, buffer) in zip(out.tables(main, 0, len(tensors)), tensors):
        out.link(where, at := out.table(f0=OFFSET, f1=(1, kind), f2=(4, buffer), f3=OFFSET))
        out.link(out.slot(at, 0), out.ints(*shape))
        out.link(out.slot(at, 3), out.text(name))
    out.link(out.slot(main, 1), out.ints(0))
    out.link(out.slot(main, 2), out.ints(len(tensors) - 1))
    for i, (where, (_, inputs, outputs)) in enumerate(zip(out.tables(main, 3, len(operators)), operators)):
        out.link(where, at := out.table(f0=(4, i), f1=OFFSET, f2=OFFSET))
        out.link(out.slot(at, 1), out.ints(*inputs))
        out.link(out.slot(at, 2), out.ints(*outputs))
    places = out.tables(root, 4, 1 + len(values))
    out.link(places[0], out.table())
    buffers = [out.table(f0=OFFSET) for _ in values]
    for where, at, raw in zip(places[1:], buffers, values):
        out.link(where, at)
        out.link(out.slot(at, 0), out.vector(len(raw), raw, 16))
    out.align(8)
    return bytes(out)


def embed(restored, record):
    return restored + record + struct.pack(">Q", len(record)) + MAGIC


def find(file, reject):
    """(record or None, restored file)"""
    if file[-8:] != MAGIC:
        return None, file
    length = struct.unpack(">Q", file[-16:-8])[0]
    restored = file[:-16 - length]
    if length > len(file) - 16 or restored[-8:] == MAGIC:
        raise reject("bad-record", "its length, or two records")
    return file[len(restored):-16], restored


class Reader:
    def __init__(self, file, reject):
        self.file, self.reject = file, reject

    def need(self, condition):
        if not condition:
            raise self.reject("bad-model", "a broken flatbuffer")

    def number(self, at, form="I"):
        self.need(0 <= at <= len(self.file) - struct.calcsize("<" + form))
        return struct.unpack_from("<" + form, self.file, at)[0]

    def field(self, table, i):
        """Where a field lies, or None."""
        vtable = table - self.number(table, "i")
        inside = 4 + 2 * i < self.number(vtable, "H") and self.number(vtable + 4 + 2 * i, "H")
        return table + inside if inside else None

    def vector(self, table, i, width):
        """(first element, number of elements)"""
        at = self.field(table, i)
        if at is None:
            return 0, 0
        at += self.number(at)
        count = self.number(at)
        self.need(at + 4 + count * width <= len(self.file))
        return at + 4, count

    def tables(self, table, i):
        first, count = self.vector(table, i, 4)
        return [at + self.number(at) for at in range(first, first + 4 * count, 4)]


def tensors(restored, reject):
    """{name: (offset, length, dtype)} of the tensors with values, or bad-model."""
    reader = Reader(restored, reject)
    reader.need(restored[4:8] == b"TFL3")
    root = reader.number(0)
    values = [reader.vector(buffer, 0, 1) for buffer in reader.tables(root, 4)]
    found, end = {}, 0
    for first, count in sorted(v for v in values if v[1]):
        reader.need(first >= end)
        end = first + count
    for tensor in (t for graph in reader.tables(root, 2) for t in reader.tables(graph, 0)):
        at, n = reader.vector(tensor, 3, 1)
        buffer = reader.number(reader.field(tensor, 2))
        reader.need(buffer < len(values))
        if values[buffer][1]:
            found[restored[at:at + n].decode()] = *values[buffer], TYPES[restored[reader.field(tensor, 1)]]
    return found


def spans(restored, reject):
    """[(offset, length)] of all tensors with values; or bad-model."""
    return [place[:2] for place in tensors(restored, reject).values()]
