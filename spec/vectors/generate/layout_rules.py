# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind open: attributes of layouts that break a rule of record-v1 section 3.4, all else in these records is right; and the
attributes that just keep the rules.
"""
import nnlock_ref as ref
from layout_numbers import floats, integers, structs
from opens_base import LOCKED, case, ok
from records import PLAIN, core_of, seal
from scenarios import pattern

BAD, NEW = "bad-record", "unsupported"
F32, MOST = [0, 3, 1, 254, 1], 2**64 - 1               # a field that breaks no rule; the largest number


def rule(name, comment, cls, layout, length=8, offset=40):
    """The second of two parameters gets the layout; 8 bytes hold whole elements of every width."""
    core = core_of(PLAIN, [[0, 16, 1, 0], [0, offset, length, layout]])
    case("layout-" + name, comment, "record-v1 3.4", cls, seal(core, [LOCKED]), series="open layouts")


def make_others():
    rule("number-3", "The number 3: layout 3 has attributes.", NEW, 3)
    rule("number-5", "The number 5.", NEW, 5)
    rule("5", "An array that begins with 5.", NEW, [5])
    rule("5-longer", "The same with attributes of layout 2.", NEW, [5, 3, 1, 254, 1])
    rule("2-alone", "An array of 2 and nothing else.", BAD, [2])
    rule("array-in-array", "An array that begins with an array.", BAD, [[2, 3, 1, 254, 1]])


def make_finite():
    for name, comment, cls, layout in (
            ("dtype-0", "dtype 0.", NEW, [2, 0, 1, 2, 0]),
            ("dtype-5", "dtype 5.", NEW, [2, 5, 1, 2, 0]),
            ("dtype-max", "dtype 2^64 - 1.", NEW, [2, MOST, 1, 2, 0]),
            ("dtype-null", "No dtype.", BAD, [2, None, 1, 2, 0]),
            ("lo-above-hi", "lo is hi + 1.", BAD, [2, 3, 100, 99, 1]),
            ("lo-0", "lo = 0 and hi = 1.", BAD, [2, 3, 0, 1, 0]),
            ("lo-0-with-zero", "The same with exponent 0 on the ring.", BAD, [2, 3, 0, 1, 1]),
            ("hi-0", "lo = 1 and hi = 0.", BAD, [2, 3, 1, 0, 1]),
            ("ring-empty", "lo = hi = 0 and exponent 0 not on the ring: n = 0.", BAD, [2, 3, 0, 0, 0]),
            ("ring-empty-sign-kept", "The same with flags bit 1.", BAD, [2, 3, 0, 0, 2]),
            ("hi-all-ones-f16", "hi is the exponent field of infinity, 31.", BAD, [2, 1, 1, 31, 1]),
            ("hi-all-ones-bf16", "255 for bf16.", BAD, [2, 2, 1, 255, 1]),
            ("hi-all-ones-f32", "255 for f32.", BAD, [2, 3, 1, 255, 1]),
            ("hi-all-ones-f64", "2047 for f64.", BAD, [2, 4, 1, 2047, 1]),
            ("both-all-ones", "lo and hi are the exponent field of infinity.", BAD, [2, 1, 31, 31, 0]),
            ("hi-of-another-dtype", "An f16 with an exponent of f32.", BAD, [2, 1, 1, 100, 0]),
            ("hi-max", "hi is 2^64 - 1: no ring of that size may be made.", BAD, [2, 3, 1, MOST, 0]),
            ("hi-2-16-more", "hi is 2^16 + 100: not 100.", BAD, [2, 3, 1, 2**16 + 100, 0]),
            ("lo-max", "lo is 2^64 - 1: lo + 1 is 0.", BAD, [2, 3, MOST, 2, 0]),
            ("lo-null", "lo is no number.", BAD, [2, 3, None, 2, 0]),
            ("hi-bytes", "hi is a byte string.", BAD, [2, 3, 1, b"\2", 0]),
            ("flags-4", "Flags bit 2.", NEW, [2, 3, 1, 2, 4]),
            ("flags-2-32", "Flags bit 32.", NEW, [2, 3, 1, 2, 2**32]),
            ("flags-null", "No flags.", BAD, [2, 3, 1, 2, None]),
            ("four-items", "finite without flags.", BAD, [2, 3, 1, 2]),
            ("six-items", "finite of six items.", BAD, [2, 3, 1, 2, 0, 0]),
            ("items-before-dtype", "Two items and an unknown dtype: the number of items is judged first.", BAD, [2, 9]),
            ("dtype-before-hi", "An unknown dtype and a hi that is no number: the first break decides.", NEW, [2, 9, 1, None, 0]),
            ("flags-before-ring", "Flags bit 2 and an empty ring: the ring is judged last.", NEW, [2, 3, 0, 0, 4])):
        rule("finite-" + name, comment, cls, layout)
    for name, layout, length in (("f16", [2, 1, 1, 30, 1], 7), ("f32", [2, 3, 1, 254, 1], 6), ("f64", [2, 4, 1, 2046, 1], 12)):
        rule(f"finite-{name}-length", f"{length} bytes of {name}.", BAD, layout, length)
    rule("finite-dtype-before-length", "An unknown dtype and an odd length.", NEW, [2, 5, 1, 2, 0], 7)


def make_range():
    for name, comment, cls, layout in (
            ("width-0", "Width 0.", NEW, [3, 0, 0, 0]),
            ("width-1", "Width 1.", NEW, [3, 1, 7, 0]),
            ("width-3", "Width 3.", NEW, [3, 3, 7, 0]),
            ("width-16", "Width 16.", NEW, [3, 16, 7, 0]),
            ("width-null", "No width.", BAD, [3, None, 7, 0]),
            ("b-16", "b = 16 in two bytes, signed.", BAD, [3, 2, 16, 0]),
            ("b-17-unsigned", "b = 17 in two bytes, unsigned.", BAD, [3, 2, 17, 1]),
            ("b-64", "b = 64 in eight bytes, signed.", BAD, [3, 8, 64, 0]),
            ("b-65-unsigned", "b = 65 in eight bytes, unsigned.", BAD, [3, 8, 65, 1]),
            ("b-max", "b = 2^64 - 1: no shift may be done with it.", BAD, [3, 4, MOST, 0]),
            ("b-256-more", "b = 263: not 7.", BAD, [3, 4, 263, 0]),
            ("b-null", "No b.", BAD, [3, 4, None, 0]),
            ("flags-2", "Flags bit 1.", NEW, [3, 4, 7, 2]),
            ("flags-null", "No flags.", BAD, [3, 4, 7, None]),
            ("three-items", "range without flags.", BAD, [3, 4, 7]),
            ("five-items", "range of five items.", BAD, [3, 4, 7, 0, 0]),
            ("flags-before-b", "Flags bit 1 and a b that is too large: b is judged last.", NEW, [3, 4, 99, 2])):
        rule("range-" + name, comment, cls, layout)
    rule("range-length", "6 bytes of four-byte integers.", BAD, [3, 4, 7, 0], 6)


def make_block():
    def field(*changes):
        """The one field with some items changed: (index, value), ..."""
        items = list(F32)
        for index, value in changes:
            items[index] = value
        return [4, 8, [items]]
    f16 = [1, 1, 30, 1]
    for name, comment, cls, layout in (
            ("size-0", "Structs of no bytes: nothing may be divided by it.", BAD, [4, 0, [F32]]),
            ("size-65536", "Structs of 65,536 bytes.", BAD, [4, 65536, [F32]]),
            ("size-max", "Structs of 2^64 - 1 bytes.", BAD, [4, MOST, [F32]]),
            ("size-null", "No struct size.", BAD, [4, None, [F32]]),
            ("no-field", "No field.", BAD, [4, 8, []]),
            ("fields-null", "No array of fields.", BAD, [4, 8, None]),
            ("field-number", "A number as field.", BAD, [4, 8, [0]]),
            ("field-four-items", "A field without flags.", BAD, [4, 8, [F32[:4]]]),
            ("field-six-items", "A field of six items.", BAD, [4, 8, [F32 + [0]]]),
            ("offset-null", "A field without offset.", BAD, field((0, None))),
            ("dtype-0", "dtype 0 in a field.", NEW, field((1, 0))),
            ("f64", "f64 in a field.", NEW, [4, 8, [[0, 4, 1, 2046, 1]]]),
            ("ring-empty", "An empty ring in a field.", BAD, field((2, 0), (3, 0), (4, 0))),
            ("hi-all-ones", "hi all ones in a field.", BAD, field((3, 255))),
            ("flags-4", "Flags bit 2 in a field.", NEW, field((4, 4))),
            ("outside", "The field ends one byte after the struct.", BAD, field((0, 5))),
            ("offset-max", "offset + width is 3 modulo 2^64.", BAD, field((0, MOST))),
            ("offset-2-16", "offset 2^16: not 0.", BAD, field((0, 2**16))),
            ("wider-than-struct", "A float32 in structs of two bytes.", BAD, [4, 2, [F32]]),
            ("unsorted", "Two fields in falling order.", BAD, [4, 8, [[4, *f16], [0, *f16]]]),
            ("same-offset", "Two fields at one offset.", BAD, [4, 8, [[2, *f16], [2, *f16]]]),
            ("overlap", "The second field begins in the last byte of the first.", BAD, [4, 8, [F32, [3, *f16]]]),
            ("two-items", "block without fields.", BAD, [4, 8]),
            ("four-items", "block of four items.", BAD, [4, 8, [F32], 0]),
            ("field-before-next", "An empty ring in the first field, an unknown dtype in the second.", BAD,
             [4, 8, [[0, 3, 0, 0, 0], [4, 9, 1, 2, 0]]]),
            ("dtype-before-place", "An unknown dtype and a place outside the struct.", NEW, field((0, 9), (1, 4))),
            ("size-before-fields", "A struct size of 0 and an unknown dtype.", BAD, [4, 0, [[0, 9, 1, 2, 0]]])):
        rule("block-" + name, comment, cls, layout)
    rule("block-17-fields", "Seventeen fields.", BAD, [4, 34, [[2 * i, *f16] for i in range(17)]], 34, 20)
    rule("block-length", "7 bytes of structs of 8.", BAD, [4, 8, [F32]], 7)
    rule("block-shorter-than-struct", "8 bytes of structs of 65,535.", BAD, [4, 65535, [F32]])


def make_extremes():
    def accepted(name, comment, layouts, elements, suite=1):
        raw, params = b"", []
        for layout in layouts:
            params.append([0, len(raw), len(elements(layout)), layout])
            raw += elements(layout)
        ok("layout-" + name, comment, "record-v1 3.4", [(0, 0, raw)], params, suite=suite, series="open layouts")
    tops = [(dtype, ref.all_ones(dtype) - 1) for dtype in (1, 2, 3, 4)]
    accepted("finite-widest", "Every exponent but that of NaN, all dtypes.", [[2, dtype, 1, top, 1] for dtype, top in tops],
             lambda layout: floats(*layout[1:], 5))
    accepted("finite-one-exponent", "The greatest exponent alone, the least alone, and 0 alone.",
             [[2, dtype, e, e, int(e == 0)] for dtype, top in tops for e in (top, 1, 0)], lambda layout: floats(*layout[1:], 3))
    accepted("range-all-bits", "b as large as it may be, signed and unsigned.",
             [[3, width, 8 * width - 1 + flags, flags] for width in (2, 4, 8) for flags in (0, 1)],
             lambda layout: pattern(3 * layout[1]))
    accepted("range-b-0", "b = 0: 0 and -1, or 0 alone, which is locked as itself.",
             [[3, width, 0, flags] for width in (2, 4, 8) for flags in (0, 1)],
             lambda layout: integers(*layout[1:], 5))
    accepted("block-16-fields", "Sixteen fields that touch, up to the end of the struct.",
             [[4, 40, [[8 + 2 * i, 1 + i % 2, 1, 30, i % 4] for i in range(16)]]], lambda layout: structs(layout, 3))
    accepted("block-largest-struct", "A struct of 65,535 bytes, its last two a float.", [[4, 65535, [[65533, 1, 0, 0, 1]]]],
             lambda layout: bytes(65535), suite=2)
    accepted("block-smallest-struct", "Structs of two bytes.", [[4, 2, [[0, 2, 100, 127, 0]]]], lambda layout: structs(layout, 5))


def make_rules():
    make_others()
    make_finite()
    make_range()
    make_block()
    make_extremes()
