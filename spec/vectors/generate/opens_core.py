# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind open: the core, its files and parameters."""
import copy

import nnlock_ref as ref
from opens_base import BASE, LOCKED, bad_core, case, field, sets
from records import PARAMS, PLAIN, core_of, encode, plain_of, seal
from scenarios import FAMILY, LOCK_ID, units


def make_cores():
    bad_core("ten-items", "Ten items.", "record-v1 3", "bad-record", encode(BASE[:6] + BASE[7:]), PARAMS)
    bad_core("twelve-items", "Twelve items.", "record-v1 3", "bad-record", encode(BASE + [None]), PARAMS)
    three = "record-v1 3"
    for name, comment, cls, core in (
            ("version-2", "Version 2.", "unsupported", sets(0, 2)),
            ("version-0", "Version 0.", "unsupported", sets(0, 0)),
            ("version-bytes", "The version as bytes.", "bad-record", sets(0, b"\1")),
            ("suite-0", "Suite 0.", "unsupported", sets(1, 0)),
            ("suite-3", "Suite 3.", "unsupported", sets(1, 3)),
            ("suite-null", "No suite.", "bad-record", sets(1, None)),
            ("lock-id-15", "A lock id of 15 bytes.", "bad-record", sets(2, LOCK_ID[:15])),
            ("lock-id-17", "A lock id of 17 bytes.", "bad-record", sets(2, LOCK_ID + b"\0")),
            ("lock-id-int", "A number as lock id.", "bad-record", sets(2, 1)),
            ("key-check-7", "A key check of 7 bytes.", "bad-record", sets(3, BASE[3][:7])),
            ("key-check-null", "No key check.", "bad-record", sets(3, None)),
            ("chunk-log2-15", "Chunks of 2^15 bytes.", "bad-record", sets(4, 15)),
            ("chunk-log2-25", "Chunks of 2^25 bytes.", "bad-record", sets(4, 25)),
            ("chunk-log2-big", "A chunk log2 of 2^64 - 1: no shift may be done with it.", "bad-record", sets(4, 2**64 - 1)),
            ("chunk-log2-null", "No chunk log2.", "bad-record", sets(4, None)),
            ("flags-1", "A flag.", "unsupported", sets(5, 1)),
            ("flags-null", "No flags.", "bad-record", sets(5, None)),
            ("family-int", "A number as family.", "bad-record", sets(6, 1)),
            ("family-one-item", "A family without version.", "bad-record", sets(6, [FAMILY])),
            ("family-id-15", "A family id of 15 bytes.", "bad-record", sets(6, [FAMILY[:15], 1])),
            ("family-version-null", "A family version that is no number.", "bad-record", sets(6, [FAMILY, None])),
            ("publisher", "A publisher.", "unsupported", sets(7, bytes(32))),
            ("publisher-31", "A publisher of 31 bytes.", "bad-record", sets(7, bytes(31))),
            ("licence", "A licence is demanded.", "licence", sets(8, bytes(32))),
            ("licence-33", "A licence key of 33 bytes.", "bad-record", sets(8, bytes(33))),
            ("files-null", "No files array.", "bad-record", sets(9, None)),
            ("params-bytes", "Bytes as parameters.", "bad-record", sets(10, b"\0\1\2\3")),
            ("params-int", "A number as parameters.", "bad-record", sets(10, 1))):
        bad_core(name, comment, three, cls, core, PARAMS, chunk_log2=min(core[4] or 16, 25))
    bad_core("files-none", "An empty array of files.", three, "bad-record", sets(9, []))
    bad_core("params-none", "An empty array of parameters.", three, "bad-record", sets(10, []))
    many = sets(9, BASE[9] * 65537)
    unit, start = encode(BASE[9][0]), seal(many, [LOCKED], PARAMS).index(encode(BASE[9][0]))
    units.append(unit[-start % len(unit):] + unit[:-start % len(unit)])
    bad_core("files-65537", "65,537 files.", three, "bad-record", many)


def make_files():
    one = "record-v1 3.1"
    for name, comment, cls, core in (
            ("file-four-items", "A file of four items.", "bad-record", field(9, 0, value=BASE[9][0][:4])),
            ("file-six-items", "A file of six items.", "bad-record", field(9, 0, value=BASE[9][0] + [None])),
            ("file-int", "A number as file.", "bad-record", field(9, 0, value=0)),
            ("role-null", "A role that is no number.", "bad-record", field(9, 0, 0, value=None)),
            ("format-9", "Format 9.", "unsupported", field(9, 0, 1, value=9)),
            ("format-bytes", "Bytes as format.", "bad-record", field(9, 0, 1, value=b"\0")),
            ("restored-length-0", "A file of 0 bytes.", "bad-record", field(9, 0, 2, value=0)),
            ("restored-length-2-60-plus-1", "A file of 2^60 + 1 bytes.", "bad-record", field(9, 0, 2, value=2**60 + 1)),
            ("restored-length-null", "A length that is no number.", "bad-record", field(9, 0, 2, value=None)),
            ("skeleton-31", "A skeleton hash of 31 bytes.", "bad-record", field(9, 0, 3, value=bytes(31))),
            ("skeleton-null", "No skeleton hash.", "bad-record", field(9, 0, 3, value=None)),
            ("derived-field", "A derived field in a format that has none.", "unsupported", field(9, 0, 4, value=[[1, 0, 4]])),
            ("derived-null", "derived is no array.", "bad-record", field(9, 0, 4, value=None))):
        bad_core(name, comment, one, cls, core)
    role3 = copy.deepcopy(BASE)
    role3[9][0][:4] = [3, 0, 64, ref.skeleton_hash(3, LOCKED, 0, PARAMS)]
    bad_core("role-3", "Role 3, hashed into the skeleton.", one, "unsupported", role3)


def make_params():
    two = "record-v1 3.2"

    def spans(params):
        return core_of(PLAIN, params)
    for name, comment, params in (
            ("params-unsorted", "Parameters in falling order.", [[0, 40, 8, 0], [0, 16, 20, 0]]),
            ("params-overlap", "The second begins one byte before the first ends.", [[0, 16, 20, 0], [0, 35, 8, 0]]),
            ("params-same", "The same span twice.", [[0, 16, 20, 0], [0, 16, 20, 0]]),
            ("params-nested", "A span inside another.", [[0, 16, 20, 0], [0, 20, 4, 0]])):
        bad_core(name, comment, two, "bad-record", sets(10, params))
    bad_core("param-past-end", "A span that ends one byte after the file.", two, "bad-record", sets(10, [[0, 40, 25, 0]]))
    bad_core("param-wraps", "offset + length is 2^64 + 8.", two, "bad-record", sets(10, [[0, 2**64 - 8, 16, 0]]),
             [[0, 0, 16, 0]])
    bad_core("param-length-0", "A span of no bytes.", two, "bad-record", sets(10, [[0, 16, 20, 0], [0, 40, 0, 0]]))
    bad_core("param-file-1", "A span in a file that is not there.", two, "bad-record", sets(10, [[0, 16, 20, 0], [1, 0, 8, 0]]))
    bad_core("param-three-items", "A parameter without layout.", two, "bad-record", sets(10, [[0, 16, 20]]))
    bad_core("param-five-items", "A parameter of five items.", two, "bad-record", sets(10, [[0, 16, 20, 0, 0]]))
    bad_core("param-offset-null", "An offset that is no number.", two, "bad-record", sets(10, [[0, None, 20, 0]]),
             [[0, 16, 20, 0]])
    huge = core_of(PLAIN, PARAMS)
    huge[9][0][2], huge[10] = 2**60, [[0, 0, 2**60, 0]]
    bad_core("chunks-too-many", "2^44 chunks in a parameter of 2^60 bytes; one tag is there.", two, "bad-record", huge,
             [[0, 0, 64, 0]])
    edge = core_of(PLAIN, PARAMS)
    edge[9][0][2], edge[10] = 2**49, [[0, 0, 2**48 + 1, 0]]
    bad_core("chunks-2-32-plus-1", "2^32 + 1 chunks; one tag is there.", two, "bad-record", edge, [[0, 0, 64, 0]])
    claim = core_of(PLAIN, PARAMS)
    claim[9][0][2], claim[10] = 2**48, [[0, 0, 2**48, 0]]
    bad_core("chunks-claimed", "2^32 chunks are allowed, but the record holds one tag: nothing may be allocated for them.",
             "record-v1 2", "bad-record", claim, [[0, 0, 64, 0]])
    for name, comment, cls, extra in (
            ("2-32", "2^32 chunks in all, all but one in a file that this record does not cover.", "ok", 0),
            ("2-32-plus-1", "The same with one chunk more: the limit counts over the whole set.", "bad-record", 1)):
        set_params = [[0, 0, 2**48 - 65536 + extra, 0], [1, 16, 20, 0]]
        wide = core_of([(0, 0, b""), PLAIN[0]], set_params)
        wide[9][0][2:4] = [2**50, bytes(32)]
        record = seal(wide, [b"", LOCKED], m0=1, mc=1)
        plain = plain_of(wide, [b"", LOCKED], set_params, m0=1, mc=1) if cls == "ok" else None
        case("core-chunks-elsewhere-" + name, comment, two, cls, record, {1: LOCKED}, plain)


def make_layouts():
    four = "record-v1 3.4"
    for name, comment, cls, layout in (
            ("layout-2", "The number 2.", "unsupported", 2),
            ("layout-max", "The number 2^64 - 1.", "unsupported", 2**64 - 1),
            ("layout-finite", "finite, well-formed.", "ok", [2, 3, 1, 254, 1]),
            ("layout-range", "range, well-formed.", "ok", [3, 4, 31, 0]),
            ("layout-future", "An array that begins with 9.", "unsupported", [9, b"x", None, [1]]),
            ("layout-0-in-array", "bytes inside an array.", "bad-record", [0]),
            ("layout-1-in-array", "plain inside an array.", "bad-record", [1, 2]),
            ("layout-empty-array", "An empty array.", "bad-record", []),
            ("layout-null", "null.", "bad-record", None),
            ("layout-bytes", "Bytes.", "bad-record", b"\0"),
            ("layout-array-of-null", "An array that begins with null.", "bad-record", [None, 2])):
        core = field(10, 1, 3, value=layout)
        case("core-" + name, comment, four, cls, seal(core, [LOCKED]),
             plain=plain_of(core, [LOCKED], core[10]) if cls == "ok" else None)
