# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts finite, range and block of the reference: bijections counted, draws counted, and the arithmetic in other words.

    python3 spec/reference/test_reference.py          all tests of this folder
"""
import itertools
import math
import struct
import unittest

import nnlock_ref as ref

ENC, AUX = bytes(range(32)), bytes(range(0xA0, 0xC0))


def changed(back, layout, data, at=0, suite=2, keys=(ENC, AUX)):
    return ref.change(back, suite, *keys, layout, at, data)


def ring_of(lo, hi, flags):
    return [0] * (flags & 1) + list(range(lo, hi + 1)) * (lo > 0)


def patterns(dtype, lo, hi, flags):
    """All elements that the attributes allow, of a dtype of 16 bits."""
    m = ref.MANTISSA[dtype]
    return {s << 15 | e << m | x for s in range(1 if flags & 2 else 2) for e in ring_of(lo, hi, flags) for x in range(1 << m)}


def some_floats(dtype, lo, hi, flags, count):
    """Elements with all exponents of the ring in turn."""
    ring, width, m = ring_of(lo, hi, flags), ref.WIDTH[dtype], ref.MANTISSA[dtype]
    keep = (1 << m) - 1 | (0 if flags & 2 else 1 << 8 * width - 1)
    bits = [ref.le(ref.sha256(ref.be32(i))[:width]) & keep | ring[i * 7 % len(ring)] << m for i in range(count)]
    return b"".join(x.to_bytes(width, "little") for x in bits)


RINGS = {1: ((1, 30), (9, 15), (9, 9)), 2: ((1, 254), (120, 121)), 3: ((1, 254), (97, 97)), 4: ((1, 2046), (1000, 1023))}
FINITE = [[2, dtype, *ring, flags] for dtype, rings in RINGS.items() for ring in rings for flags in range(4)]


class Layouts(unittest.TestCase):
    def refused(self, cls, *call):
        with self.assertRaises(ref.Reject, msg=call) as caught:
            changed(*call)
        self.assertEqual(caught.exception.cls, cls)

    def test_one_float_moves_inside_its_whole_set(self):   # all patterns but NaN and infinity; small rings
        for dtype, *rule in ((1, 1, 30, 1), (2, 1, 254, 1), (1, 9, 11, 0), (1, 9, 11, 1), (1, 9, 9, 2), (1, 0, 0, 1),
                             (1, 0, 0, 3), (2, 126, 127, 3), (2, 3, 3, 0)):
            allowed, n = sorted(patterns(dtype, *rule)), len(ring_of(*rule))
            for r in {0, n // 2, n - 1}:
                move, k, digit = ref.change_float, b"\x5e\xb7", lambda n: r
                there = [move(x.to_bytes(2, "little"), k, digit, False, dtype, *rule) for x in allowed]
                back = [move(y.to_bytes(2, "little"), k, digit, True, dtype, *rule) for y in there]
                self.assertTrue(sorted(there) == allowed == back, (dtype, rule, r))     # no diff of 64,512 numbers

            for x in sorted(set(range(65536)) - set(allowed))[::331]:
                self.refused("bad-model", False, [2, dtype, *rule], x.to_bytes(2, "little"))
                self.refused("tampered", True, [2, dtype, *rule], x.to_bytes(2, "little"))

    def test_one_integer_moves_inside_its_range(self):
        for b, flags in ((0, 0), (0, 1), (6, 0), (7, 0), (7, 1), (8, 1), (11, 0), (15, 0), (16, 1)):
            layout, values = [3, 2, b, flags], range(0 if flags else -(1 << b), 1 << b)
            allowed = sorted((x % 65536).to_bytes(2, "little") for x in values)
            there = [changed(False, layout, x) for x in allowed]
            self.assertTrue(sorted(there) == allowed == [changed(True, layout, y) for y in there], layout)
            for x in sorted({bytes(x) for x in itertools.product(range(256), repeat=2)} - set(allowed))[::331]:
                self.refused("bad-model", False, layout, x)
                self.refused("tampered", True, layout, x)

    def test_round_trip_and_every_element_alone(self):
        cases = [(layout, some_floats(*layout[1:], 41)) for layout in FINITE + [[2, 3, 0, 0, 3], [2, 2, 1, 1, 1]]]
        cases += [([3, 4, 20, 0], struct.pack("<4i", -2**20, 2**20 - 1, 0, -77)), ([3, 8, 64, 1], b"\xff" * 8 + bytes(8)),
                  ([4, 11, [[1, 3, 97, 127, 1], [5, 1, 9, 15, 2], [9, 2, 0, 0, 1]]],
                   b"x" + some_floats(3, 97, 127, 1, 1) + some_floats(1, 9, 15, 2, 1) + b"yy" + bytes(2))]
        for layout, plain in cases:
            size = ref.unit(layout)
            for suite, at in ((1, 0), (2, 5 * size), (1, (2**36 + 3) * size)):
                locked = changed(False, layout, plain, at, suite)
                self.assertEqual(changed(True, layout, locked, at, suite), plain, layout)
                for i in range(0, len(plain), size):
                    self.assertEqual(changed(False, layout, plain[i:i + size], at + i, suite), locked[i:i + size], layout)

    def test_a_float_bit_by_bit(self):                     # lock-v1 5.1 once more, in other words
        for dtype, lo, hi, flags, d in ((1, 9, 15, 1, 4), (2, 100, 127, 0, 4), (3, 97, 127, 3, 4), (4, 1000, 1023, 1, 2)):
            width, m, ring = ref.WIDTH[dtype], ref.MANTISSA[dtype], ring_of(lo, hi, flags)
            plain, free = some_floats(dtype, lo, hi, flags, 9), [*range(m), *([] if flags & 2 else [8 * width - 1])]
            locked = changed(False, [2, dtype, lo, hi, flags], plain, 3 * width)
            for i in range(3, 12):
                x, y = (ref.le(raw[(i - 3) * width:(i - 2) * width]) for raw in (plain, locked))
                before, after = (z >> m & ref.all_ones(dtype) for z in (x, y))
                u = ref.le(ref.key_stream(2, AUX, i // d * 8, 8))
                turn = u * len(ring) ** (i % d + 1) // 2**64
                self.assertEqual(ring.index(after), (ring.index(before) + turn) % len(ring))
                k = ref.le(ref.key_stream(2, ENC, i * width, width))
                octets = list((x ^ sum(k & 1 << bit for bit in free)).to_bytes(width, "little"))
                for j in range(m // 8):
                    octets[j] = ref.S[octets[j]]
                self.assertEqual(y - (after << m), ref.le(bytes(octets)) - (before << m))

    def test_fields_of_a_struct_have_their_own_draws(self):
        fields = [[0, 2, 3, 200, 0], [2, 2, 3, 200, 0]]
        locked = [struct.unpack("<64H", changed(False, [4, 4, fields], bytes([128, 1] * 64)))[f::2] for f in (0, 1)]
        for f in (0, 1):                                   # lock-v1 5.3: words of field f begin at f * 2^60
            for s, y in enumerate(locked[f]):
                u = ref.le(ref.key_stream(2, AUX, f * 2**60 + s // 4 * 8, 8))
                self.assertEqual(ref.exponent_of(y, 2) - 3, u * 198 ** (s % 4 + 1) // 2**64 % 198)

    def test_draws_of_shortened_words(self):               # security.md 2: floor or ceil of 2^w / n^d words an outcome
        for bits, n, d in ((12, 3, 4), (12, 7, 4), (10, 31, 2), (9, 1, 4), (8, 16, 2), (11, 5, 3)):
            counts = dict.fromkeys(itertools.product(range(n), repeat=d), 0)
            for u in range(1 << bits):
                counts[tuple(ref.draw(u, j, n, bits) for j in range(d))] += 1
            least, more = divmod(1 << bits, n**d)
            self.assertEqual(sorted(counts.values()), [least] * (n**d - more) + [least + 1] * more)

    def test_zeros(self):
        for flags, zeros in ((1, bytes(64)), (3, bytes(64)), (1, struct.pack("<16f", *[-0.0] * 16))):
            locked = changed(False, [2, 3, 0, 0, flags], zeros)
            self.assertTrue(all(abs(x) < 2**-126 for x in struct.unpack("<16f", locked)) and len(set(locked)) > 20)
            self.assertEqual(changed(True, [2, 3, 0, 0, flags], locked), zeros)
        self.refused("bad-model", False, [2, 3, 0, 0, 3], struct.pack("<f", -0.0))
        locked = changed(False, [2, 3, 126, 127, 1], bytes(400))        # zeros, and a narrow range that does not occur
        self.assertEqual({ref.exponent_of(x, 3) for x in struct.unpack("<100I", locked)}, {0, 126, 127})

    def test_wrong_keys_give_numbers(self):
        for layout in (layout for layout in FINITE if layout[1] != 2):
            locked = changed(False, layout, some_floats(*layout[1:], 300))
            other = changed(True, layout, locked, keys=(AUX, ENC))
            numbers = struct.unpack("<300" + {1: "e", 3: "f", 4: "d"}[layout[1]], other)
            self.assertTrue(all(map(math.isfinite, numbers)) and other != locked)

    def test_hostile_attributes(self):
        for layout in ([2, 3, 0, 0, 0], [2, 3, 0, 0, 2], [2, 3, 0, 5, 1], [2, 3, 6, 5, 1], [2, 3, 1, 255, 1], [2, 1, 31, 31, 0],
                       [2, 4, 1, 2**64 - 1, 0], [2, 3, 2**64 - 1, 0, 1], [3, 4, 32, 0], [3, 4, 33, 1], [3, 8, 2**64 - 1, 1],
                       [4, 0, [[0, 1, 1, 2, 0]]], [4, 8, []], [4, 8, [[5, 3, 1, 2, 0]]]):
            with self.assertRaises(ref.Reject, msg=layout) as caught:
                ref.check_layout(layout, 8)
            self.assertEqual(caught.exception.cls, "bad-record")

    def test_what_is_chosen_holds_the_elements(self):
        for layout, count in itertools.product(FINITE, (1, 15, 16, 256)):
            raw, width = some_floats(*layout[1:], count), ref.WIDTH[layout[1]]
            chosen = ref.choose_finite(layout[1], [ref.le(raw[i:i + width]) for i in range(0, len(raw), width)])
            ref.check_layout(chosen, len(raw))             # its rules hold, and it holds the elements:
            self.assertEqual(changed(True, chosen, changed(False, chosen, raw)), raw)
        for x in (0, 1, -1, 127, 128, -128, -129, 2**31 - 1, -2**31):
            chosen, raw = ref.choose_range(4, [x]), struct.pack("<i", x)
            self.assertEqual(changed(True, chosen, changed(False, chosen, raw)), raw)


if __name__ == "__main__":
    unittest.main()
