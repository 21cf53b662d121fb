# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind open: records that open, framing, CBOR and the head."""
import nnlock_ref as ref
from opens_base import AT, BASE, GOOD, HEAD, LOCKED, case, field, ok, sets
from records import PARAMS, PLAIN, Raw, encode, flip, seal
from scenarios import FAMILY, LOCK_ID, pattern


def make_that_open():
    ok("ok-suite1", "The locked file is a simple pattern; the plain one is what that unlocks to.", "lock-v1 8", PLAIN, PARAMS)
    ok("ok-suite2", "The same under ChaCha20.", "lock-v1 8", PLAIN, PARAMS, suite=2)
    ok("ok-slot-1", "Slot 1 is the filled one.", "record-v1 5", PLAIN, PARAMS, slot=1)
    ok("ok-hint", "A hint in the envelope; it need not be the fingerprint of the key.", "record-v1 5", PLAIN, PARAMS,
       envelope=encode([1, b"hinthint", []]))
    ok("ok-family", "The demanded family, exactly the least version.", "lock-v1 8", PLAIN, PARAMS, family=[FAMILY, 7],
       expect={"family": [FAMILY.hex(), 7]})
    ok("ok-family-newer", "A version of 2^64 - 1.", "lock-v1 8", PLAIN, PARAMS, family=[FAMILY, 2**64 - 1],
       expect={"family": [FAMILY.hex(), 7]})
    ok("ok-lock-id-demanded", "The demanded lock id.", "lock-v1 8", PLAIN, PARAMS, expect={"lock_id": LOCK_ID.hex()})
    ok("ok-plain-layout", "The second parameter is in layout plain.", "lock-v1 5", PLAIN, [[0, 16, 20, 0], [0, 40, 8, 1]])
    ok("ok-all-files", "One record over three files.", "record-v1 2",
       [(0, 0, pattern(20)), (1, 0, pattern(40)), (2, 0, pattern(30))], [[0, 4, 8, 0], [1, 0, 40, 0], [2, 7, 20, 0]])
    ok("ok-last-two-files", "Files 1 and 2 of three: parameter 0 belongs to no covered file.", "record-v1 2",
       [(0, 0, pattern(20)), (1, 0, pattern(40)), (2, 0, pattern(30))], [[0, 4, 8, 0], [1, 0, 40, 0], [2, 7, 20, 0]], m0=1)
    ok("ok-file-without-parameters", "The covered file has no parameter: an empty tag section.", "record-v1 2",
       [(0, 0, pattern(20)), (1, 0, pattern(40))], [[0, 4, 8, 0]], m0=1)
    ok("ok-two-chunks", "A second chunk of 5 bytes.", "lock-v1 4", [(0, 0, pattern(65560))], [[0, 10, 65541, 0]], suite=2)
    ok("ok-two-chunks-plain", "The same in layout plain.", "lock-v1 4", [(0, 0, pattern(65560))], [[0, 10, 65541, 1]])
    ok("ok-longest-slot", "Slots of 2^20 bytes.", "record-v1 2", PLAIN, PARAMS, slot_length=2**20)
    ok("ok-shortest-slot-full", "A hint makes the envelope 12 bytes; the slot is as short as is allowed.", "record-v1 5", PLAIN,
       [[0, 63, 1, 0]], envelope=encode([1, b"\0" * 8, []]))
    before_slots = 32 + len(encode([encode(BASE), bytes(64), None]))
    fill = {-(before_slots + 2 * n + 32) % 48: n for n in range(64, 112)}      # one slot length for each reachable fill
    ok("ok-smallest-fill", f"{min(fill)} fill bytes at the end of the record.", "record-v1 2", PLAIN, PARAMS,
       slot_length=fill[min(fill)])
    ok("ok-largest-fill", f"{max(fill)} fill bytes at the end of the record.", "record-v1 2", PLAIN, PARAMS,
       slot_length=fill[max(fill)])


def make_framing():
    good, at, end = GOOD, AT, AT["end"]
    case("magic", "Another first byte.", "record-v1 2", "bad-record", flip(good, 0))
    case("magic-version", "NNLOCKR2: a record of a later version.", "record-v1 2", "unsupported", good[:7] + b"2" + good[8:])
    case("empty", "No byte.", "record-v1 2", "bad-record", b"")
    case("seven-bytes", "NNLOCKR and no eighth byte.", "record-v1 2", "bad-record", b"NNLOCKR")
    case("framing-alone", "The 32 bytes of framing alone.", "record-v1 2", "bad-record", good[:32])
    case("framing-cut", "31 bytes.", "record-v1 2", "bad-record", good[:31])

    def framing(m0=0, mc=1, head=at["slot0"] - 32, slot=64, tags=32):
        return b"NNLOCKR1" + ref.be32(m0) + ref.be32(mc) + ref.be32(head) + ref.be32(slot) + ref.be64(tags)

    def framed(**fields):
        return seal(BASE, [LOCKED], framing=framing(**fields))
    assert framed() == good
    case("mc-0", "Covers no file.", "record-v1 2", "bad-record", seal(BASE, [LOCKED], mc=0))
    case("mc-2", "Covers two files where the core has one.", "record-v1 2", "bad-record", seal(BASE, [LOCKED], mc=2))
    case("m0-1", "Begins after the only file.", "record-v1 2", "bad-record", seal(BASE, [LOCKED], m0=1, mc=1))
    case("m0-plus-mc-overflow", "m0 + mc is 2^32.", "record-v1 2", "bad-record", framed(m0=2**32 - 1))
    case("head-length-short", "Head one byte shorter than it is.", "record-v1 2", "bad-record", framed(head=at["slot0"] - 33))
    case("head-length-long", "Head one byte longer than it is.", "record-v1 2", "bad-record", framed(head=at["slot0"] - 31))
    case("head-length-max", "Head of 2^32 - 1 bytes.", "record-v1 2", "bad-record", framed(head=2**32 - 1))
    case("head-length-0", "No head, the rest as it should be.", "record-v1 2", "bad-record", seal(BASE, [LOCKED], head=b""))
    case("slot-length-63", "Slots of 63 bytes.", "record-v1 2", "bad-record", seal(BASE, [LOCKED], slot_length=63))
    case("slot-length-max-plus-1", "Slots of 2^20 + 1 bytes.", "record-v1 2", "bad-record",
         seal(BASE, [LOCKED], slot_length=2**20 + 1))
    case("slot-length-wrong", "Slots one byte longer than they are.", "record-v1 2", "bad-record", framed(slot=65))
    case("tags-2-60-chunks", "A tag section of 16 * 2^60 - 16 bytes is claimed; nothing may be allocated for it.",
         "record-v1 2", "bad-record", framed(tags=2**64 - 16))
    wrapped = framed(tags=2**64 - 16)[:at["tags"] - 16]
    case("tags-wrap", "With 64-bit sums that wrap, the length of the record would be right.", "record-v1 2", "bad-record",
         wrapped + bytes(-len(wrapped) % 48))
    case("tags-one-chunk-less", "The tag section lacks the last tag; all lengths agree.", "record-v1 2", "bad-record",
         seal(BASE, [LOCKED], tags=good[at["tags"]:at["end"]][:16]))
    case("tags-one-chunk-more", "One tag too many; all lengths agree.", "record-v1 2", "bad-record",
         seal(BASE, [LOCKED], tags=good[at["tags"]:at["end"]] + bytes(16)))
    case("tags-no-multiple-of-16", "33 bytes of tags.", "record-v1 2", "bad-record",
         seal(BASE, [LOCKED], tags=good[at["tags"]:at["end"]] + b"\0"))
    case("truncated", "The last byte is missing.", "record-v1 2", "bad-record", good[:-1])
    case("truncated-48", "The last 48 bytes are missing.", "record-v1 2", "bad-record", good[:-48])
    case("extra-byte", "A zero byte more.", "record-v1 2", "bad-record", good + b"\0")
    case("extra-48", "48 zero bytes more.", "record-v1 2", "bad-record", good + bytes(48))
    assert len(good) > end, "this scenario needs fill"
    case("fill-missing", "Without the fill.", "record-v1 2", "bad-record", good[:end])
    case("fill-not-zero", "The last fill byte is 1.", "record-v1 2", "bad-record", good[:-1] + b"\1")
    case("doubled", "The record twice.", "record-v1 2", "bad-record", good + good)


def make_cbor():
    def cbor(name, comment, core, cls="bad-record", params=PARAMS):
        case("cbor-" + name, comment, "record-v1 1", cls, seal(encode(core), [LOCKED], params))
    cbor("int-not-shortest", "The version as 18 01.", sets(0, Raw(b"\x18\x01")))
    cbor("int-not-shortest-4", "The suite as 1a 00000001.", sets(1, Raw(b"\x1a\0\0\0\1")))
    cbor("bytes-length-not-shortest", "The length of the lock id as 58 10.", sets(2, Raw(b"\x58\x10" + LOCK_ID)))
    cbor("array-length-not-shortest", "The core's array head as 98 0b.", Raw(b"\x98\x0b" + encode(BASE)[1:]))
    cbor("array-indefinite", "The core as an array of indefinite length.", Raw(b"\x9f" + encode(BASE)[1:] + b"\xff"))
    cbor("bytes-indefinite", "The lock id in an indefinite-length string.", sets(2, Raw(b"\x5f\x50" + LOCK_ID + b"\xff")))
    cbor("map", "An empty map in place of the files.", sets(9, Raw(b"\xa0")))
    cbor("text", "The key check as text.", sets(3, Raw(b"\x68" + b"textkeys")))
    cbor("negative", "-1 as flags.", sets(5, Raw(b"\x20")))
    cbor("float", "1.0 as version.", sets(0, Raw(b"\xf9\x3c\x00")))
    cbor("false", "false as flags.", sets(5, Raw(b"\xf4")))
    cbor("undefined", "undefined as family.", sets(6, Raw(b"\xf7")))
    cbor("null-two-bytes", "null as f8 16.", sets(6, Raw(b"\xf8\x16")))
    cbor("tag", "A tagged version.", sets(0, Raw(b"\xc0\x01")))
    cbor("tag-bignum", "The suite as a bignum.", sets(1, Raw(b"\xc2\x41\x01")))
    cbor("reserved-28", "Additional information 28.", sets(5, Raw(b"\x1c")))
    cbor("trailing-byte", "A byte after the core.", Raw(encode(BASE) + b"\0"))
    cbor("cut", "The core without its last byte.", Raw(encode(BASE)[:-1]))
    cbor("empty-core", "A core of no bytes.", Raw(b""))
    cbor("array-claims-2-64", "A files array that claims 2^64 - 1 items.", sets(9, Raw(b"\x9b" + b"\xff" * 8)))
    cbor("bytes-claim-2-64", "A lock id that claims 2^64 - 1 bytes.", sets(2, Raw(b"\x5b" + b"\xff" * 8)))
    deep = [[0, 16, 20, 0], [0, 40, 8, [4, 8, [[0, 3, 1, 254, 0]]]]]
    ok("cbor-depth-6", "Layout block with its field list: arrays 6 deep are well-formed.", "record-v1 1", PLAIN, deep)
    cbor("depth-7", "Arrays 7 deep.", field(10, 1, 3, value=[4, 8, [[[0], 3, 1, 2, 0]]]))
    cbor("depth-5000", "5000 arrays in each other: the reader must not run out of stack.", sets(9, Raw(b"\x81" * 5000 + b"\0")))


def make_heads():
    for name, comment, raw, cls in (
            ("trailing-byte", "A byte after the head.", encode(HEAD) + b"\0", "bad-record"),
            ("two-items", "A head without its third item.", encode(HEAD[:2]), "bad-record"),
            ("four-items", "A head with a fourth item.", encode(HEAD + [None]), "bad-record"),
            ("core-as-array", "The core as an array in place of a byte string.", encode([BASE] + HEAD[1:]), "bad-record"),
            ("core-not-shortest", "The core's length in four bytes.",
             encode([Raw(b"\x5a" + ref.be32(len(HEAD[0])) + HEAD[0])] + HEAD[1:]), "bad-record"),
            ("digests-short", "Digests one byte short.", encode([HEAD[0], HEAD[1][:-1], None]), "bad-record"),
            ("digest-more", "A digest more than there are parameters.", encode([HEAD[0], HEAD[1] + bytes(32), None]), "bad-record"),
            ("digest-less", "A digest less than there are parameters.", encode([HEAD[0], HEAD[1][:32], None]), "bad-record"),
            ("digests-64-numbers", "The digests as an array of 64 numbers.", encode([HEAD[0], [0] * 64, None]), "bad-record"),
            ("digests-array", "The digests as an array.", encode([HEAD[0], [HEAD[1]], None]), "bad-record"),
            ("signature", "A signature of the reserved form.", encode(HEAD[:2] + [[bytes(64), bytes(32)]]), "unsupported"),
            ("signature-text", "A text string as signature: not in the subset.", encode(HEAD[:2] + [Raw(b"\x61x")]),
             "bad-record")):
        case("head-" + name, comment, "record-v1 3", cls, seal(BASE, [LOCKED], head=raw))
