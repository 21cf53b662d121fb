# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What models compiled for the Edge TPU hold, read with the flatbuffers package.

There is no device here: what it would compute is not shown, only that everything but the
parameters stays as the compiler wrote it. Field numbers are those of google-coral/libedgetpu:
executable/executable.fbs.
"""

from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as tfl
from flatbuffers import flexbuffers
from flatbuffers.number_types import Int16Flags, Uint64Flags
from flatbuffers.table import Table

OPERATOR = b"edgetpu-custom-op"
TYPES = ("STAND_ALONE", "PARAMETER_CACHING", "EXECUTION_ONLY")


def slot(number):
    return 4 + 2 * number


def root(blob):
    return Table(blob, int.from_bytes(blob[:4], "little"))


def vector(table, number):
    """(place of the first element, number of elements)"""
    field = table.Offset(slot(number))
    return (table.Vector(field), table.VectorLen(field)) if field else (0, 0)


def part(table, number):
    """(place, bytes) of a vector of bytes."""
    at, size = vector(table, number)
    return at, bytes(table.Bytes[at:at + size])


def tables(table, number):
    at, size = vector(table, number)
    return [Table(table.Bytes, table.Indirect(at + 4 * index)) for index in range(size)]


def strings(table, number):
    """(place, bytes) of each string in a vector; they hold bytes, not text."""
    at, count = vector(table, number)
    for index in range(count):
        place = table.Indirect(at + 4 * index)
        size = int.from_bytes(table.Bytes[place:place + 4], "little")
        yield place + 4, bytes(table.Bytes[place + 4:place + 4 + size])


@dataclass(frozen=True)
class Executable:
    """One executable; `offset` is where its parameters stand in the file."""
    name: str
    token: int
    bitstreams: tuple
    parameters: bytes
    offset: int

    @property
    def skeleton(self):
        return self.name, self.token, self.bitstreams, len(self.parameters), self.offset


def read_executable(name, base, blob):
    table = root(blob)
    kind = TYPES[table.GetSlot(slot(13), 0, Int16Flags)]
    at, parameters = part(table, 6)
    bitstreams = tuple(part(one, 0)[1] for one in tables(table, 5))
    token = table.GetSlot(slot(14), 0, Uint64Flags)
    return Executable(f"{name}/{kind}/parameters", token, bitstreams, parameters, base + at)


def read_package(name, base, package):
    assert package[4:8] == b"DWN1"
    at, multi = part(root(package), 1)
    return [read_executable(name, base + at + place, blob)
            for place, blob in strings(root(multi), 0)]


def compiled_operators(model):
    """(number, options) of the operators that the compiler wrote."""
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for number in range(graph.OperatorsLength()):
            operator = graph.Operators(number)
            if model.OperatorCodes(operator.OpcodeIndex()).CustomCode() == OPERATOR:
                yield number, operator.CustomOptionsAsNumpy().tobytes()


def executables(file):
    """All executables in a compiled model's bytes."""
    found = []
    for number, options in compiled_operators(tfl.Model.GetRootAs(file, 0)):
        entries = flexbuffers.GetRoot(options).AsMap
        packages = [bytes(entries["4"].AsStringBytes)]
        if "7" in [key.decode() if isinstance(key, bytes) else str(key) for key in entries.Keys]:
            packages += [bytes(one.AsStringBytes) for one in entries["7"].AsVector]
        for package in packages:
            assert file.count(package) == 1
            found += read_package(f"{OPERATOR.decode()}/{number}", file.index(package), package)
    return found
