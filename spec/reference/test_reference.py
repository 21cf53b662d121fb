# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The reference against published answers, against the openssl program where there is one, and against itself.

    python3 spec/reference/test_reference.py          all tests of this folder
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import nnlock_ref as ref

MK = bytes(range(32))
LOCK_ID = bytes(range(0xA0, 0xB0))


def small(suite=1, cover=None):
    """Two files of 60 and 50 bytes with four parameters."""
    files = [(0, 0, bytes(range(60))), (1, 0, bytes(range(100, 150)))]
    params = [[0, 8, 20, 0], [0, 30, 8, [2, 3, 60, 80, 0]], [0, 40, 10, 1], [1, 0, 33, 0]]
    return files, params, ref.lock(MK, LOCK_ID, suite, 16, files, params, slot_length=64, cover=cover)


class PublishedAnswers(unittest.TestCase):
    def test_aes_sbox(self):                               # FIPS 197, figure 7
        self.assertEqual(ref.S[:8].hex(), "637c777bf26b6fc5")
        self.assertEqual((ref.S[0x53], ref.S[0xFF]), (0xED, 0x16))
        self.assertEqual(sorted(ref.S), list(range(256)))
        self.assertEqual(bytes(range(256)).translate(ref.S).translate(ref.S_INVERSE), bytes(range(256)))

    def test_aes256_block(self):                           # FIPS 197, C.3; SP 800-38A, F.1.5
        block = ref.aes256_block(bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff"))
        self.assertEqual(block.hex(), "8ea2b7ca516745bfeafc49904b496089")
        key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
        block = ref.aes256_block(key, bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"))
        self.assertEqual(block.hex(), "f3eed1bdb5d2a03c064b5a7e3db181f8")

    def test_chacha20_block(self):                         # RFC 8439, 2.3.2
        counter_and_nonce = bytes.fromhex("01000000" "000000090000004a00000000")
        self.assertEqual(ref.chacha20_block(bytes(range(32)), counter_and_nonce).hex(),
                         "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                         "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")

    def test_poly1305(self):                               # RFC 8439, 2.5.2 and A.3 (7 to 10: carries)
        key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
        self.assertEqual(ref.poly1305(key, b"Cryptographic Forum Research Group").hex(),
                         "a8061dc1305136c6c22b8baf0c0127a9")
        one = "ff" * 16 + "f0" + "ff" * 15 + "11" + "00" * 15
        self.assertEqual(ref.poly1305(bytes([1]) + bytes(31), bytes.fromhex(one)).hex(), "05" + "00" * 15)
        two = "ff" * 16 + "fb" + "fe" * 15 + "01" * 16
        self.assertEqual(ref.poly1305(bytes([1]) + bytes(31), bytes.fromhex(two)).hex(), "00" * 16)
        self.assertEqual(ref.poly1305(bytes([2]) + bytes(31), bytes.fromhex("fd" + "ff" * 15)).hex(), "fa" + "ff" * 15)
        three = ("e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
                 "000000000000000000000000000000000100000000000000" "0000000000000000")
        self.assertEqual(ref.poly1305(bytes.fromhex("01" + "00" * 7 + "04" + "00" * 23), bytes.fromhex(three)).hex(),
                         "14" + "00" * 7 + "55" + "00" * 7)

    def test_hkdf(self):                                   # RFC 5869, A.1 and A.3; the first block of the output
        prk = ref.hkdf_extract(bytes(range(13)), b"\x0b" * 22)
        self.assertEqual(prk.hex(), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        self.assertEqual(ref.hkdf_expand(prk, bytes(range(0xF0, 0xFA)), 32).hex(),
                         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        prk = ref.hkdf_extract(b"", b"\x0b" * 22)
        self.assertEqual(prk.hex(), "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04")
        self.assertEqual(ref.hkdf_expand(prk, b"", 32).hex(),
                         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")

    def test_bech32m(self):                                # BIP 350, its test vectors, by changing the prefix
        for text in ("A1LQFN3A", "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
                     "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", "?1v759aa"):
            prefix, data = text.lower().rsplit("1", 1)
            values = [ref.BECH32.index(x) for x in data]
            saved, ref.HRP = ref.HRP, prefix
            try:
                self.assertEqual(ref.bech32m_checksum(values[:-6]), values[-6:])
            finally:
                ref.HRP = saved

    def test_cbor(self):                                   # RFC 8949, appendix A, inside the subset
        for item, form in ((0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"), (1000000, "1a000f4240"),
                           (2**32, "1b0000000100000000"), (2**64 - 1, "1bffffffffffffffff"), (None, "f6"), (b"", "40"),
                           (b"\1\2\3\4", "4401020304"), ([], "80"), ([1, [2, 3], [4, 5]], "8301820203820405"),
                           (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819")):
            self.assertEqual(ref.encode(item).hex(), form)
            self.assertEqual(ref.decode(bytes.fromhex(form)), item)
        for form in ("1800", "1817", "190018", "1a0000ffff", "1b00000000ffffffff", "1c", "1f", "20", "5f4100ff", "5801ff", "60",
                     "9fff", "9800", "a0", "c000", "f4", "f5", "f7", "f90000", "ff", "", "0000", "41", "81", "9bffffffffffffffff",
                     "5bffffffffffffffff", "81" * 7 + "00"):
            with self.assertRaises(ref.Reject, msg=form) as caught:
                ref.decode(bytes.fromhex(form))
            self.assertEqual(caught.exception.cls, "bad-record")
        self.assertEqual(ref.encode(ref.decode(bytes.fromhex("81" * 6 + "00"))).hex(), "81" * 6 + "00")


@unittest.skipUnless(shutil.which("openssl"), "no openssl program: the comparison with it is left out")
class Openssl(unittest.TestCase):
    def run_cipher(self, name, key, iv, data):
        done = subprocess.run(["openssl", "enc", "-" + name, "-K", key.hex(), "-iv", iv.hex(), "-nopad"], input=data,
                              capture_output=True)
        if done.returncode:
            self.skipTest("this openssl has no " + name)
        return done.stdout

    def test_key_streams_around_block_2_32(self):
        key = ref.sha256(b"some key")
        for first in (0, 1, 2**32 - 2, 2**32 - 1, 2**32, 2**33 + 5):
            with self.subTest(first=first):
                self.assertEqual(self.run_cipher("aes-256-ctr", key, first.to_bytes(16, "big"), bytes(80)),
                                 ref.key_stream(1, key, 16 * first, 80))
                self.assertEqual(self.run_cipher("chacha20", key, first.to_bytes(8, "little") + bytes(8), bytes(320)),
                                 ref.key_stream(2, key, 64 * first, 320))


class Itself(unittest.TestCase):
    def test_any_range_of_the_key_stream(self):
        for suite in (1, 2):
            whole = ref.key_stream(suite, MK, 0, 200)
            for start in range(0, 140, 7):
                for length in (0, 1, 15, 16, 17, 60):
                    self.assertEqual(ref.key_stream(suite, MK, start, length), whole[start:start + length])

    def test_lock_opens(self):
        for suite in (1, 2):
            files, params, (records, locked) = small(suite)
            self.assertEqual(len(records[0]) % 48, 0)
            for f, (_, _, plain) in enumerate(files):
                self.assertEqual(ref.open_(MK, records[f], {f: locked[f]}), {f: plain})
                covered = {i for p in params if p[0] == f and p[3] != 1 for i in range(p[1], p[1] + p[2])}
                same = {i for i in range(len(plain)) if plain[i] == locked[f][i]}
                self.assertLessEqual(set(range(len(plain))) - covered, same)

    def test_every_flipped_bit_is_refused(self):
        _, _, (records, locked) = small(1, cover=[(0, 2)])
        whole = records[0] + locked[0] + locked[1]
        ends = len(records[0]), len(records[0]) + len(locked[0])
        for bit in range(8 * len(whole)):
            data = bytearray(whole)
            data[bit // 8] ^= 1 << bit % 8
            data = bytes(data)
            with self.assertRaises(ref.Reject, msg=bit) as caught:
                ref.open_(MK, data[:ends[0]], {0: data[ends[0]:ends[1]], 1: data[ends[1]:]})
            if bit >= 8 * ends[0]:
                self.assertEqual(caught.exception.cls, "tampered")

    def test_every_truncation_is_refused(self):
        _, _, (records, locked) = small(1, cover=[(0, 2)])
        for n in range(len(records[0])):
            with self.assertRaises(ref.Reject) as caught:
                ref.parse_record(records[0][:n])
            self.assertEqual(caught.exception.cls, "bad-record")

    def test_key_file(self):
        text = ref.write_key_file(MK, "2026-11-24T22:00:00Z")
        self.assertEqual(ref.parse_key_file(text), MK)
        self.assertTrue(re.search(rb"\nNNLOCK-MASTER-KEY-1[0-9A-Z]{58}\n$", text))
        at = text.index(b"NNLOCK")
        for i in range(at, len(text) - 1):                 # no single changed character is accepted
            for b in range(256):
                changed = text[:i] + bytes([b]) + text[i + 1:]
                if changed != text:
                    with self.assertRaises(ref.Reject, msg=changed) as caught:
                        ref.parse_key_file(changed)
                    self.assertEqual(caught.exception.cls, "bad-key-file")


if __name__ == "__main__":                                 # with test_layouts.py beside it
    unittest.main(module=None, argv=[sys.argv[0], "discover", "-s", str(pathlib.Path(__file__).resolve().parent), *sys.argv[1:]])
