# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kinds lock, open and decoy with parameters of layouts finite, range and block (lock-v1 section 5)."""
import decoys
import nnlock_ref as ref
from layout_numbers import float_of, floats, integers, structs
from locks import add_lock
from opens_base import case, ok
from records import core_of, encode, flip, plain_of, seal
from scenarios import MK, OTHER_MK, PATTERN, pattern, units

F16, BF16, F32, F64 = [2, 1, 9, 15, 1], [2, 2, 100, 127, 0], [2, 3, 97, 127, 3], [2, 4, 1000, 1023, 0]
I32, U16, I64 = [3, 4, 20, 0], [3, 2, 11, 1], [3, 8, 7, 0]
SCALE = [4, 18, [[0, 1, 5, 12, 1]]]                    # a float16 and 16 bytes of packed integers
ODD = [4, 11, [[1, 3, 1, 254, 1], [6, 2, 120, 127, 2], [9, 1, 15, 15, 0]]]


def elements(layout, count):
    """Bytes that keep the rules of the layout: plain or locked ones."""
    kind = layout if isinstance(layout, int) else layout[0]
    return {0: lambda: pattern(count), 1: lambda: pattern(count), 2: lambda: floats(*layout[1:], count),
            3: lambda: integers(*layout[1:], count), 4: lambda: structs(layout, count)}[kind]()


def model(*layouts, count=9, file=0):
    """(file, params): a file in which a few skeleton bytes stand before each parameter."""
    raw, params = b"", []
    for layout in layouts:
        raw += pattern(3, len(raw))
        values = elements(layout, count)
        params.append([file, len(raw), len(values), layout])
        raw += values
    return (min(file, 1), 0, raw + pattern(5)), params


# Long parameters, of patterns that repeat, so that they are short in JSON.
LONG = [4, 40001, [[1, 3, 1, 254, 1], [39998, 1, 1, 30, 1]]]        # one struct fits a chunk of 2^16 bytes
LONG_STRUCTS = (PATTERN * 469)[:3 * 40001]
SCALES = structs(SCALE, 1) * 3641
units.append(SCALES[:18])


def make_locks():
    for suite in (1, 2):
        for name, layout in (("f16", F16), ("bf16", BF16), ("f32", F32), ("f64", F64)):
            file, params = model(layout)
            add_lock(f"finite-{name}-suite{suite}", f"One parameter of {name}, nine elements.", "lock-v1 5.1", [file],
                     params, suite=suite)
        file, params = model(I32, U16, I64)
        add_lock(f"range-suite{suite}", "Three parameters of integers.", "lock-v1 5.2", [file], params, suite=suite)
        file, params = model(SCALE, ODD)
        add_lock(f"block-suite{suite}", "Two parameters of structs.", "lock-v1 5.3", [file], params, suite=suite)
        file, params = model(0, F32, 1, I32, ODD, F16)
        add_lock(f"all-layouts-suite{suite}", "All layouts in one file.", "lock-v1 5", [file], params, suite=suite)
    file, params = model(1, F32)
    add_lock("finite-and-plain", "No parameter in layout bytes: there is something to lock all the same.", "lock-v1 7", [file], params)
    add_lock("block-three-chunks", "Three structs of 40,001 bytes: three chunks of one struct.", "lock-v1 5.3", [(0, 0, LONG_STRUCTS)],
             [[0, 0, len(LONG_STRUCTS), LONG]], suite=2)
    # PATTERN has float64 of the exponents 1 to 2046 only, whatever its first byte
    add_lock("finite-two-chunks", "8193 float64: the second chunk holds one.", "lock-v1 5.1", [(0, 0, PATTERN * 257)],
             [[0, 8, 8193 * 8, [2, 4, 1, 2046, 0]]], suite=2)
    add_lock("range-two-chunks", "16385 integers of all 32 bits.", "lock-v1 5.2", [(0, 0, PATTERN * 257)],
             [[0, 4, 16385 * 4, [3, 4, 31, 0]]], suite=2)
    (first, params), (second, more) = model(F16, I32), model(F16, I32, file=1)
    add_lock("equal-shards-of-numbers", "Two files with the same numbers: their draws differ, for K_aux counts over the whole set.",
             "lock-v1 2", [first, second], params + more)


def make_ok():
    for suite in (1, 2):
        file, params = model(0, F16, BF16, F32, F64, 1, I32, U16, I64, SCALE, ODD)
        ok(f"ok-all-layouts-suite{suite}", "The locked file holds numbers; the plain ones are what they unlock to.", "lock-v1 5",
           [file], params, suite=suite)
    files, params = zip(model(F32, I32), model(F32, SCALE, file=1))
    ok("ok-layouts-last-file", "File 1 of two: its parameters are 2 and 3.", "lock-v1 5", list(files), params[0] + params[1], m0=1)
    scales = [(0, 0, SCALES)], [[0, 0, len(SCALES), SCALE]]
    ok("ok-block-two-chunks", "3641 structs of 18 bytes: a chunk of 65,520 bytes and one of 18.", "lock-v1 5.3", *scales, suite=2)


def make_altered():
    file, params = model(F32, ODD)
    record = seal(core_of([file], params), [file[2]])
    case("layouts-wrong-key", "Another master key.", "lock-v1 8", "wrong-key", record, {0: file[2]}, mk=OTHER_MK)
    case("layouts-byte-flipped", "A bit of a float's mantissa, which stays on its ring.", "lock-v1 8", "tampered", record,
         {0: flip(file[2], 3)})
    core = encode(core_of([file], params))
    wider = encode(core_of([file], [params[0][:3] + [[2, 3, 97, 126, 3]], params[1]]))
    case("layouts-attribute-changed", "hi is one less, MAC as it was.", "lock-v1 2", "tampered",
         record.replace(core, wider), {0: file[2]})
    core = core_of([(0, 0, SCALES)], [[0, 0, len(SCALES), SCALE]], suite=2)
    case("block-second-chunk-flipped", "A bit of the second chunk.", "lock-v1 5.3", "tampered", seal(core, [SCALES]),
         {0: flip(SCALES, 65525)})
    naive = seal(core, [SCALES], params=[[0, 0, len(SCALES), 0]])
    case("block-chunks-of-2-16", "Tags over chunks of 65,536 bytes: as many, but not those of structs.", "lock-v1 5.3", "tampered",
         naive, {0: SCALES})
    core = core_of([(0, 0, LONG_STRUCTS)], [[0, 0, len(LONG_STRUCTS), LONG]], suite=2)
    naive = seal(core, [LONG_STRUCTS], params=[[0, 0, len(LONG_STRUCTS), 0]])
    case("block-two-tags-for-three-chunks", "Tags over chunks of 65,536 bytes: one less than there are chunks.", "record-v1 2",
         "bad-record", naive, {0: LONG_STRUCTS})


def off(*where):
    """(name, comment, layout, bytes with one element that breaks the rule)"""
    found = [("f16-off-ring", "The last element's exponent is hi + 1.", F16, floats(*F16[1:], 8) + float_of(1, 16, 5, True)),
             ("f32-nan", "The first element is a NaN.", F32, float_of(3, 255, 1, False) + floats(*F32[1:], 8)),
             ("f64-zero", "A zero where there is none.", F64, floats(*F64[1:], 4) + bytes(8) + floats(*F64[1:], 4)),
             ("f32-sign", "A sign bit where signs are kept.", F32, floats(*F32[1:], 8) + float_of(3, 120, 1 << 63, True)),
             ("f32-minus-zero", "-0.0 where signs are kept.", F32, floats(*F32[1:], 8) + float_of(3, 0, 1 << 63, True)),
             ("i32-outside", "2^20 where b is 20.", I32, integers(*I32[1:], 8) + (1 << 20).to_bytes(4, "little")),
             ("i64-sign-not-copied", "Bit 63 differs from bit b.", I64, integers(*I64[1:], 8) + (1 << 63).to_bytes(8, "little")),
             ("u16-outside", "2^11 where b is 11.", U16, integers(*U16[1:], 8) + (1 << 11).to_bytes(2, "little")),
             ("block-field", "The second field of the last struct is negative.", ODD,
              structs(ODD, 9)[:-4] + b"\xbf" + structs(ODD, 9)[-3:])]
    return [x for x in found if not where or x[0] in where]


def sealed(layout, values):
    file = pattern(3) + values + pattern(5)
    params = [[0, 3, len(values), layout]]
    core = core_of([(0, 0, file)], params)
    return core, params, seal(core, [file]), {0: file}


def make_off():
    for name, comment, layout, values in off():
        _, _, record, files = sealed(layout, values)
        case("off-" + name, comment + " Tags, digests and MAC are right.", "lock-v1 8", "tampered", record, files)


def make_decoys():
    for suite in (1, 2):
        file, params = model(F16, BF16, F32, F64, I32, U16, I64, SCALE, ODD)
        core = core_of([file], params, suite=suite)
        plain = plain_of(core, [file[2]], params, OTHER_MK)[0]
        for _, offset, length, layout in params:        # they keep the rules, so a decoy is full of finite numbers
            ref.change(False, 1, MK, MK, layout, 0, plain[offset:offset + length])
        decoys.case(f"layouts-suite{suite}", "A wrong key gives other numbers inside the same rings and ranges.", "ok",
                    seal(core, [file[2]]), {0: file[2]}, core=core, params=params)
    file, params = model(F16, I32)
    core = core_of([file], params)
    decoys.case("layouts-altered-parameter", "Wrong key, an altered mantissa: tags are not compared.", "ok", seal(core, [file[2]]),
                {0: flip(file[2], 5)}, core=core, params=params)
    decoys.case("layouts-right-key-altered", "The same with a key that fits.", "tampered", seal(core, [file[2]]),
                {0: flip(file[2], 5)}, MK)
    for name, comment, layout, values in off("f16-off-ring", "f32-minus-zero", "u16-outside", "block-field"):
        _, _, record, files = sealed(layout, values)
        decoys.case("off-" + name, "Wrong key: " + comment[0].lower() + comment[1:], "tampered", record, files)
    for name, comment, layout in (("ring-empty", "Wrong key and an empty ring.", [2, 3, 0, 0, 0]),
                                  ("length", "Wrong key and 10 bytes of float32.", [2, 3, 1, 254, 1])):
        _, _, record, files = sealed(layout, pattern(8 if name == "ring-empty" else 10))
        decoys.case("layouts-" + name, comment, "bad-record", record, files)
