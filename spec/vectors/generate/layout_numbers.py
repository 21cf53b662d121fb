# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind numbers: elements and structs of layouts finite, range and block, without a record (lock-v1 sections 5.1 to 5.3)."""
import hashlib

import nnlock_ref as ref
from scenarios import add, result

ENC = ref.sha256(b"nnlock vectors: encryption key")
AUX = ref.sha256(b"nnlock vectors: auxiliary key")
NAMES = {1: "f16", 2: "bf16", 3: "f32", 4: "f64"}
USUAL = {1: (9, 15), 2: (100, 127), 3: (97, 127), 4: (1000, 1023)}     # exponent fields as weights have them
SPEC = {2: "lock-v1 5.1", 3: "lock-v1 5.2", 4: "lock-v1 5.3"}


def some(count, seed):
    """count numbers of 64 bits, always the same ones."""
    raw = hashlib.shake_256(b"nnlock vectors: " + seed.encode()).digest(8 * count)
    return [int.from_bytes(raw[8 * i:8 * i + 8], "little") for i in range(count)]


def float_of(dtype, exponent, bits, signed):
    """A float whose sign and mantissa are the top bit and the low bits of `bits`."""
    width, mantissa = ref.WIDTH[dtype], ref.MANTISSA[dtype]
    x = (bits >> 63 if signed else 0) << 8 * width - 1 | exponent << mantissa | bits & (1 << mantissa) - 1
    return x.to_bytes(width, "little")


def floats(dtype, lo, hi, flags, count, seed="floats"):
    """Elements on the ring; its ends first."""
    ring = [0] * (flags & 1) + [e for e in range(lo, hi + 1) if e]
    exponents = [ring[0], ring[-1]] + [ring[(x >> 40) % len(ring)] for x in some(count, seed + " ring")]
    return b"".join(float_of(dtype, e, x, not flags & 2) for e, x in zip(exponents[:count], some(count, seed)))


def integers(width, b, flags, count):
    """Elements in the range; its ends first."""
    least, size = (0, 1 << b) if flags & 1 else (-(1 << b), 1 << b + 1)
    values = [least, least + size - 1, 0, least + size // 2] + [least + x % size for x in some(count, "integers")]
    return b"".join((x % (1 << 8 * width)).to_bytes(width, "little") for x in values[:count])


def case(name, comment, suite, layout, plain, offset=0):
    locked = ref.change(False, suite, ENC, AUX, layout, offset, plain)
    add("numbers", f"suite{suite}-{name}", comment, SPEC[layout[0]], "ok", suite=suite, enc=ENC.hex(), aux=AUX.hex(), layout=layout,
        offset=str(offset), plain=result(plain), locked=result(locked))


def float_cases(dtype, block):
    """(name, comment, (lo, hi, flags), number of elements, index of the first); block: bytes of a key stream block."""
    width, (lo, hi), top = ref.WIDTH[dtype], USUAL[dtype], ref.all_ones(dtype) - 1
    per_word = 2 if width == 8 else 4
    return (("usual", "Signs move, no zero on the ring.", (lo, hi, 0), 19, 0),
            ("zero", "Exponent 0 is on the ring, position 0; some elements are zeros or subnormal.", (lo, hi, 1), 19, 0),
            ("sign-kept", "All signs are 0 and stay so.", (lo, hi, 2), 19, 0),
            ("zero-sign-kept", "Both flags.", (lo, hi, 3), 19, 0),
            ("ring-of-one", "One exponent: only mantissa and sign move.", (hi, hi, 0), 5, 0),
            ("ring-of-zero", "Exponent 0 alone on the ring.", (0, 0, 1), 5, 0),
            ("ring-of-zero-sign-kept", "The same, and signs stay: only the mantissa moves.", (0, 0, 3), 5, 0),
            ("ring-of-two", "Exponent 0 and one other.", (lo, lo, 1), 9, 0),
            ("largest-ring", "Every exponent but that of NaN.", (1, top, 1), 70, 0),
            ("inside-a-word", "Begins and ends inside the words of draws.", (lo, hi, 1), 7, per_word + 1),
            ("aux-block-2-32", "The draws come from block 2^32 - 1 and on: the counter must carry past 32 bits.", (1, top, 0), 9,
             (2**32 * block // 8 - 1) * per_word - 1),
            ("end-of-largest-file", "The last elements of the largest parameter, 2^60 bytes.", (lo, hi, 3), 5, 2**60 // width - 5))


def make_floats():
    for suite, block in ((1, 16), (2, 64)):
        for dtype, name in NAMES.items():
            for what, comment, attributes, count, first in float_cases(dtype, block):
                if suite == 1 or what not in ("ring-of-two", "ring-of-zero-sign-kept"):
                    case(f"{name}-{what}", comment, suite, [2, dtype, *attributes], floats(dtype, *attributes, count),
                         first * ref.WIDTH[dtype])


def make_integers():
    for width in (2, 4, 8):
        for flags in (0, 1):
            # the fewest free bits; a whole byte of them; some bytes and bits; all bits
            for number, b in enumerate((0, 7 + flags, 4 * width + 3, 8 * width - 1 + flags)):
                sign = "unsigned" if flags else "signed"
                case(f"{sign}-{8 * width}-bits-b-{b}", f"{b + 1 - flags} free bits of {8 * width}.", 1 + number % 2,
                     [3, width, b, flags], integers(width, b, flags, 11), 3 * width)


STRUCTS = (("one-float", "Structs that are one float: as layout finite.", [4, 4, [[0, 3, 97, 127, 1]]]),
           ("scale-and-packed", "18 bytes, a float16 and 16 bytes of packed integers.", [4, 18, [[0, 1, 5, 12, 1]]]),
           ("two-scales-behind", "84 bytes, packed integers and then two float16.", [4, 84, [[80, 1, 3, 12, 3], [82, 1, 1, 30, 0]]]),
           ("odd", "11 bytes: fields at odd offsets, of all three dtypes, with a byte between.",
            [4, 11, [[1, 3, 1, 254, 1], [6, 2, 120, 127, 2], [9, 1, 15, 15, 0]]]),
           ("touching", "Sixteen fields and no other byte.", [4, 32, [[2 * i, 2, 90 + i, 127, i % 4] for i in range(16)]]),
           ("zeros-only", "A field that is 0 in every struct.", [4, 7, [[5, 1, 0, 0, 3]]]))


def structs(layout, count):
    _, size, fields = layout
    raw = bytearray(b"".join(x.to_bytes(8, "little") for x in some(size * count // 8 + 1, "structs"))[:size * count])
    for f, (offset, dtype, *attributes) in enumerate(fields):
        width, values = ref.WIDTH[dtype], floats(dtype, *attributes, count, f"field {f}")
        for s in range(count):
            raw[s * size + offset:s * size + offset + width] = values[s * width:s * width + width]
    return bytes(raw)


def make_blocks():
    for number, (name, comment, layout) in enumerate(STRUCTS):
        case("block-" + name, comment, 1 + number % 2, layout, structs(layout, 9))
        case("block-" + name, comment, 2 - number % 2, layout, structs(layout, 5), 6 * layout[1])
    far = [4, 6, [[0, 1, 1, 30, 1], [2, 3, 97, 127, 0]]]
    for suite, block in ((1, 16), (2, 64)):
        case("block-aux-block-2-32", "Draws of two fields around block 2^32 of each field's part of the stream.", suite, far,
             structs(far, 9), ((2**32 * block // 8 - 1) * 4 - 1) * 6)
    last = [4, 4, [[0, 2, 120, 127, 0], [2, 2, 120, 127, 0]]]
    case("block-end-of-largest-file", "The last structs of the largest parameter.", 2, last, structs(last, 5), 2**60 - 20)


def refused(name, comment, suite, layout, plain):
    """The same bytes are no plain and no locked elements."""
    fields = dict(suite=suite, enc=ENC.hex(), aux=AUX.hex(), layout=layout, offset="0")
    add("numbers", f"unlock-{name}", comment, SPEC[layout[0]], "tampered", **fields, locked=plain.hex())
    add("numbers", f"lock-{name}", comment, SPEC[layout[0]], "bad-model", **fields, plain=plain.hex())


def make_refused():
    def one_float(name, comment, attributes, exponent, bits=0, at=18):
        good = floats(*attributes, 19)
        width = ref.WIDTH[attributes[0]]
        bad = float_of(attributes[0], exponent, bits, True)
        refused(name, comment, 1 + at % 2, [2, *attributes], good[:at * width] + bad + good[at * width + width:])
    one_float("below-lo", "The last element's exponent is lo - 1.", (1, 9, 15, 1), 8)
    one_float("above-hi", "The exponent in the middle is hi + 1.", (3, 97, 127, 1), 128, at=7)
    one_float("infinity", "An infinity.", (4, 1, 2046, 1), 2047, at=0)
    one_float("zero", "A zero, which is not on the ring.", (2, 100, 127, 0), 0, at=9)
    one_float("not-zero", "An exponent 1 where 0 alone is on the ring.", (3, 0, 0, 1), 1)
    one_float("negative", "A sign bit where signs are kept.", (1, 9, 15, 2), 12, 1 << 63, 5)
    one_float("minus-zero", "-0.0 where signs are kept.", (3, 97, 127, 3), 0, 1 << 63)
    for name, layout, value in (("above-range", [3, 4, 20, 0], 1 << 20), ("below-range", [3, 2, 9, 0], -(1 << 9) - 1),
                                ("above-unsigned-range", [3, 8, 40, 1], 1 << 40), ("negative-integer", [3, 4, 31, 1], -1)):
        width = layout[1]
        raw = integers(*layout[1:], 10) + (value % (1 << 8 * width)).to_bytes(width, "little")
        refused(name, f"The last element is {value}.", 1 + width // 4 % 2, layout, raw)
    layout = [4, 11, [[1, 3, 97, 127, 1], [6, 2, 120, 127, 2]]]
    raw = structs(layout, 9)
    refused("second-field", "The second field of the last struct is negative.", 2, layout, raw[:-4] + bytes([raw[-4] | 128]) + raw[-3:])


def make_numbers():
    make_floats()
    make_integers()
    make_blocks()
    make_refused()
