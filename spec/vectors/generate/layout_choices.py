# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind choose: what a locker takes for given elements (lock-v1 section 5.4). The layouts are written by hand."""
import struct

from layout_numbers import some
from scenarios import add, data


def case(name, comment, dtype, plain, layout):
    add("choose", name, comment, "lock-v1 5.4", "ok", dtype=dtype, plain=data(plain), layout=layout)


def f32(*values):
    return struct.pack(f"<{len(values)}f", *values)


def bits32(*exponents):
    """Float32 with these exponent fields and some mantissa, all positive."""
    return struct.pack(f"<{len(exponents)}I", *(e << 23 | x >> 41 for e, x in zip(exponents, some(len(exponents), "choose"))))


def make_wide_floats():
    """16 elements and more: lo and hi as they are; with signs lo goes down to 2^-40."""
    usual = [100 + i % 20 for i in range(256)]
    case("f32-16", "16 elements, none negative: the ring is what occurs.", "f32", bits32(*usual[:16]), [2, 3, 100, 115, 2])
    case("f32-15", "15 elements: widened to 119 .. 127 above, kept below.", "f32", bits32(*usual[:15]), [2, 3, 100, 127, 2])
    case("f32-zeros", "A zero and a subnormal number among them.", "f32", bits32(0, *usual[2:]) + struct.pack("<I", 7),
         [2, 3, 100, 119, 3])
    case("f32-negative", "One negative element: lo goes down to the floor.", "f32", bits32(*usual[1:]) + f32(-2**-20), [2, 3, 87, 119, 0])
    case("f32-minus-zero", "One -0.0: its sign bit is set.", "f32", bits32(*usual[1:]) + f32(-0.0), [2, 3, 87, 119, 1])
    case("f32-all-zero", "256 zeros: 0 alone on the ring.", "f32", bytes(1024), [2, 3, 0, 0, 3])
    case("f32-all-minus-zero", "256 times -0.0.", "f32", f32(-0.0) * 256, [2, 3, 0, 0, 1])
    case("f32-all-subnormal", "256 subnormal numbers.", "f32", struct.pack("<256I", *range(1, 257)), [2, 3, 0, 0, 3])
    case("f32-least-and-greatest", "The least and the greatest finite exponent.", "f32", bits32(1, 254, *usual[2:]), [2, 3, 1, 254, 2])
    case("f32-one-exponent", "One exponent, a ring of one.", "f32", bits32(*[120] * 256), [2, 3, 120, 120, 2])
    case("f32-nan", "A NaN at the end.", "f32", bits32(*usual) + struct.pack("<I", 0x7FC00000), 0)
    case("f32-infinity", "Minus infinity in the middle.", "f32", bits32(*usual[:99]) + f32(float("-inf")) + bits32(*usual[100:]), 0)
    case("f32-below-the-floor", "A negative element, and one below 2^-40: lo stays.", "f32", bits32(80, *usual[1:]) + f32(-2**-20), [2, 3, 80, 119, 0])
    case("f32-all-below-the-floor", "All below 2^-40, one negative: hi stays as well.", "f32", bits32(*[60 + i % 9 for i in range(16)]) + f32(-2.0**-60),
         [2, 3, 60, 68, 0])
    case("f32-infinities", "No finite element: plain.", "f32", f32(float("-inf")) * 3, 1)
    case("f32-infinity-and-zero", "A zero is finite.", "f32", f32(float("-inf"), 0.0), 0)
    case("complex64-8", "8 complex numbers are 16 floats.", "complex64", bits32(*usual[:16]), [2, 3, 100, 115, 2])
    case("complex64-7", "7 are 14: widened.", "complex64", bits32(*usual[:14]), [2, 3, 100, 127, 2])
    case("f64-negative", "The floor of f64.", "f64", struct.pack("<17d", *(-(2.0 ** -(i % 9)) for i in range(17))), [2, 4, 983, 1023, 0])
    case("f16-negative", "The floor of f16.", "f16", struct.pack("<16e", *(0.5, -0.25) * 8), [2, 1, 1, 14, 0])
    case("f64-257", "257 elements, all powers of two.", "f64", struct.pack("<257d", *(2.0 ** -(i % 9) for i in range(257))),
         [2, 4, 1015, 1023, 2])
    case("f16-256", "256 elements from 2^-14 to below 2^16.", "f16",
         struct.pack("<256H", *((1 + i % 30) << 10 | i for i in range(256))), [2, 1, 1, 30, 2])
    case("bf16-256", "256 elements of one exponent, both signs: the floor of bf16.", "bf16",
         struct.pack("<256H", *(i % 2 << 15 | 121 << 7 | i // 2 for i in range(256))), [2, 2, 87, 121, 0])


def make_few_floats():
    """Fewer than 16: lo and hi widened by the window of the dtype."""
    case("f16-one", "1.0 alone.", "f16", struct.pack("<e", 1.0), [2, 1, 7, 15, 2])
    case("f16-greatest", "-65504 alone.", "f16", struct.pack("<e", -65504.0), [2, 1, 1, 30, 0])
    case("bf16-one", "1.0 alone.", "bf16", b"\x80\x3f", [2, 2, 119, 127, 2])
    case("f32-large", "2^100 alone: hi stays.", "f32", f32(2.0**100), [2, 3, 119, 227, 2])
    case("f32-small", "-2^-100 alone: lo stays.", "f32", f32(-2.0**-100), [2, 3, 27, 127, 0])
    case("f32-zero", "0.0 alone: no nonzero exponent, so the window.", "f32", bytes(4), [2, 3, 119, 127, 3])
    case("f64-zeros", "15 times 0.0.", "f64", bytes(120), [2, 4, 1015, 1023, 3])
    case("f64-one", "1.0 alone.", "f64", struct.pack("<d", 1.0), [2, 4, 1015, 1023, 2])
    case("complex128-nan", "A NaN as imaginary part.", "complex128", struct.pack("<2d", 1.0, float("nan")), 0)


def make_integers():
    def one(name, comment, dtype, code, values, layout):
        case(name, comment, dtype, struct.pack(f"<{len(values)}{code}", *values), layout)
    one("i32-small", "Small numbers, one negative: b is at least 7.", "i32", "i", [3, -1, 0], [3, 4, 7, 0])
    one("i32-no-negative", "No negative one: [0, 2^b), b at least 7.", "i32", "i", [3, 127, 0], [3, 4, 7, 1])
    one("i32-b-20", "-2^20 is in [-2^20, 2^20).", "i32", "i", [-2**20, 2**20 - 1], [3, 4, 20, 0])
    one("i32-b-21", "2^20 is not.", "i32", "i", [2**20, -5], [3, 4, 21, 0])
    one("i32-least", "-2^31.", "i32", "i", [-2**31], [3, 4, 31, 0])
    one("i16-greatest", "32767 and no negative one.", "i16", "h", [32767, 5], [3, 2, 15, 1])
    one("i64-all", "The whole width.", "i64", "q", [-2**63, 2**63 - 1], [3, 8, 63, 0])
    one("u16-all", "65535.", "u16", "H", [65535, 1], [3, 2, 16, 1])
    one("u64-all", "2^64 - 1.", "u64", "Q", [2**64 - 1, 0], [3, 8, 64, 1])


def make_bytes():
    for dtype, what in (("i8", "Integers of 8 bits"), ("u8", "Integers of 8 bits"), ("i4", "Packed integers"),
                        ("f8", "Floats of 8 bits"), ("boolean", "No number"), ("opaque", "No known type")):
        case(f"{dtype}-bytes", what + ": every byte on its own.", dtype, bytes(range(8)), 0)


def make_choices():
    make_wide_floats()
    make_few_floats()
    make_integers()
    make_bytes()
