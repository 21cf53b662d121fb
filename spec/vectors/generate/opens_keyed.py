# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind open: slots and envelope, everything that needs a key, sets, and which check comes first."""
import nnlock_ref as ref
from opens_base import AT, BASE, GOOD, HEAD, LOCKED, case, field, sets
from records import PARAMS, PLAIN, Raw, core_of, encode, flip, seal
from scenarios import FAMILY, LOCK_ID, MK, OTHER_LOCK_ID, OTHER_MK, pattern

good, at, end = GOOD, AT, AT["end"]
eight, nine = "lock-v1 8", "record-v1 4"


def make_slots():
    five = "record-v1 5"

    def slots(name, comment, change, cls="bad-record", **more):
        case("slots-" + name, comment, five, cls, seal(BASE, [LOCKED], slots=change, **more))
    slots("both-empty", "Both slots are zero.", lambda pair, full: [bytes(64), bytes(64)])
    slots("both-full", "Both slots hold the same.", lambda pair, full: [pair[0], pair[0]])
    second = ref.be32(4) + encode([1, None, []]) + ref.record_mac(
        ref.hkdf_extract(LOCK_ID, ref.file_key(MK, LOCK_ID)), encode(BASE), GOOD[:32], encode(HEAD), ref.be32(1), encode([1, None, []]))
    slots("both-full-and-right", "Both slots hold an envelope with its right MAC, as an interrupted rewrap leaves them.",
          lambda pair, full: [pair[0], second.ljust(64, b"\0")])
    slots("other-not-zero", "The last byte of the empty slot is 1.", lambda pair, full: [pair[0], bytes(63) + b"\1"])
    slots("stray-byte-after-mac", "A byte after the MAC.", lambda pair, full: [full + b"\1" + bytes(63 - len(full)), pair[1]])
    slots("stray-last-byte", "The last byte of the filled slot.", lambda pair, full: [pair[0][:-1] + b"\1", pair[1]])
    slots("n-0", "n is 0, the rest is there.", lambda pair, full: [bytes(4) + pair[0][4:], pair[1]])
    slots("n-0-mac", "n is 0 and the MAC follows, as for an empty envelope.",
          lambda pair, full: [(bytes(4) + full[8:]).ljust(64, b"\0"), pair[1]])
    slots("n-past-slot", "n leaves no room for the MAC.", lambda pair, full: [ref.be32(29) + pair[0][4:], pair[1]])
    slots("n-max", "n is 2^32 - 1.", lambda pair, full: [b"\xff" * 4 + pair[0][4:], pair[1]])
    slots("mac-of-slot-0-in-slot-1", "Slot 0's bytes moved to slot 1: the MAC covers the slot index.",
          lambda pair, full: [pair[1], pair[0]], "tampered")
    for name, comment, cls, raw in (
            ("two-items", "An envelope of two items.", "bad-record", encode([1, None])),
            ("four-items", "An envelope of four items.", "bad-record", encode([1, None, [], None])),
            ("no-array", "A number as envelope.", "bad-record", encode(1)),
            ("trailing-byte", "A byte after the envelope.", "bad-record", encode([1, None, []]) + b"\0"),
            ("not-shortest", "derived as 18 01.", "bad-record", encode([Raw(b"\x18\x01"), None, []])),
            ("derived-0-no-stanza", "derived 0 and no stanza: nobody could open it.", "bad-record", encode([0, None, []])),
            ("derived-2", "derived 2.", "bad-record", encode([2, None, []])),
            ("derived-null", "derived is no number.", "bad-record", encode([None, None, []])),
            ("hint-7", "A hint of 7 bytes.", "bad-record", encode([1, bytes(7), []])),
            ("hint-int", "A number as hint.", "bad-record", encode([1, 1, []])),
            ("stanzas-null", "No stanza array.", "bad-record", encode([1, None, None])),
            ("stanza", "A stanza of the reserved form.", "unsupported", encode([1, None, [[2, b"body", bytes(32)]]])),
            ("derived-0-stanza", "derived 0 and a stanza.", "unsupported", encode([0, None, [[1, b"body", bytes(32)]]]))):
        case("envelope-" + name, comment, five, cls, seal(BASE, [LOCKED], envelope=raw, slot_length=128))


def keyed(name, comment, spec, cls="tampered", record=GOOD, files=None, mk=MK, expect=None):
    case(name, comment, spec, cls, record, files, mk=mk, expect=expect)


def make_keyed():
    keyed("wrong-key", "Another master key.", eight, "wrong-key", mk=OTHER_MK)
    keyed("wrong-key-one-bit", "One bit of the master key differs.", eight, "wrong-key", mk=flip(MK, 31))
    keyed("key-check-flipped", "A bit of the key check.", "lock-v1 2", "wrong-key", flip(good, at["core"] + encode(BASE).find(BASE[3])))
    keyed("lock-id-flipped", "A bit of the lock id: other keys, so the key check does not fit.", "lock-v1 2", "wrong-key",
          flip(good, at["core"] + encode(BASE).find(LOCK_ID)))
    keyed("mac-flipped", "A bit of the MAC.", nine, record=flip(good, at["mac"]))
    keyed("mac-last-bit-flipped", "The last bit of the MAC.", nine, record=flip(good, at["mac"] + 31, 0x80))
    keyed("mac-zero", "A MAC of zeros.", nine, record=good[:at["mac"]] + bytes(32) + good[at["mac"] + 32:])
    keyed("digest-flipped", "A bit of the first digest.", nine, record=flip(good, at["digests"]))
    keyed("digest-remade-mac-not", "Digest and tag changed together, MAC as it was.", nine, record=(lambda tags: (
        good[:at["digests"]] + ref.sha256(tags) + good[at["digests"] + 32:at["tags"]] + tags + good[at["tags"] + 16:]))(bytes(16)))
    keyed("tag-flipped", "A bit of the first tag.", eight, record=flip(good, at["tags"]))
    keyed("tags-swapped", "The tags of two parameters swapped.", eight,
          record=good[:at["tags"]] + good[at["tags"] + 16:end] + good[at["tags"]:at["tags"] + 16] + good[end:])
    keyed("skeleton-hash-flipped", "A bit of the skeleton hash in the core: other keys, same key check.", "lock-v1 2",
          record=flip(good, at["core"] + encode(BASE).find(BASE[9][0][3])))
    keyed("suite-changed", "Suite 2 in a record of suite 1, MAC as it was.", "lock-v1 2",
          record=good.replace(encode(BASE), encode(sets(1, 2))))
    keyed("layout-changed", "Layout plain in place of bytes, MAC as it was.", "lock-v1 2",
          record=good.replace(encode(BASE), encode(field(10, 0, 3, value=1))))
    keyed("hint-added", "A hint put into the envelope, MAC as it was.", nine, record=seal(
        BASE, [LOCKED], slots=lambda p, full: [(ref.be32(12) + encode([1, bytes(8), []]) + full[8:]).ljust(64, b"\0"), p[1]]))
    keyed("slot-length-changed", "Slots of 88 bytes with the MAC of slots of 64: the MAC covers the framing.", nine,
          record=good[:20] + ref.be32(88) + good[24:at["slot0"]] + good[at["slot0"]:at["slot1"]].ljust(88, b"\0") + bytes(88)
          + good[at["tags"]:])
    keyed("parameter-byte-flipped", "A bit of the last byte of a parameter.", eight, files={0: flip(LOCKED, 47)})
    keyed("skeleton-byte-flipped", "A bit of the first byte of the file.", eight, files={0: flip(LOCKED, 0)})
    keyed("skeleton-byte-between", "A bit between two parameters.", eight, files={0: flip(LOCKED, 38)})
    keyed("file-longer", "The file is one byte longer.", eight, files={0: LOCKED + b"\0"})
    keyed("file-shorter", "The file is one byte shorter.", eight, files={0: LOCKED[:-1]})
    keyed("file-empty", "The file is empty.", eight, files={0: b""})
    keyed("lock-id-demanded", "Another lock id is demanded.", eight, expect={"lock_id": OTHER_LOCK_ID.hex()})
    keyed("family-demanded", "A family is demanded, the record has none.", eight, expect={"family": [FAMILY.hex(), 0]})
    family = seal(core_of(PLAIN, PARAMS, family=[FAMILY, 7]), [LOCKED])
    keyed("family-version", "Version 8 is demanded, the record has 7.", eight, record=family, expect={"family": [FAMILY.hex(), 8]})
    keyed("family-other", "Another family is demanded.", eight, record=family, expect={"family": [LOCK_ID.hex(), 7]})
    keyed("plain-layout-byte-flipped", "A bit of a parameter in layout plain.", "lock-v1 5",
          record=seal(core_of(PLAIN, [[0, 16, 20, 0], [0, 40, 8, 1]]), [LOCKED]), files={0: flip(LOCKED, 40)})
    big, big_params = pattern(65560), [[0, 10, 65541, 1]]
    keyed("second-chunk-byte-flipped", "A bit in the second chunk.", eight,
          record=seal(core_of([(0, 0, big)], big_params), [big]), files={0: flip(big, 10 + 65540)})
    pair, pair_params = [pattern(131072 + 8)], [[0, 4, 131072, 1]]
    moved = pair[0][:4] + pair[0][65540:131076] + pair[0][4:65540] + pair[0][131076:]
    moved = flip(moved, 4)
    keyed("chunks-swapped", "Two chunks of one parameter changed places.", eight, record=seal(
        core_of([(0, 0, moved)], pair_params), [flip(pair[0], 65540)], digests=None), files={0: moved})
    altered = field(10, 1, value=[0, 41, 7, 0])
    altered[9][0][3] = ref.skeleton_hash(0, LOCKED, 0, altered[10])
    old = [good[at["tags"]:at["tags"] + 16], good[at["tags"] + 16:end]]
    keyed("core-altered-and-maced", "Someone with the key moves a span and makes digests and MAC again, with the old bytes and tags: "
          "H changes every key.", "lock-v1 2",
          record=seal(altered, [LOCKED], tags=b"".join(old), digests=b"".join(map(ref.sha256, old))))
    altered = sets(6, [FAMILY, 9])
    keyed("family-altered-and-maced", "The same with a family put in.", "lock-v1 2",
          record=seal(altered, [LOCKED], tags=b"".join(old), digests=b"".join(map(ref.sha256, old))))
    keyed("forged-parameter-old-tags", "A changed parameter under a record that is right in all else.", eight,
          files={0: LOCKED[:16] + bytes(20) + LOCKED[36:]})

    forged = LOCKED[:16] + bytes(20) + LOCKED[36:]
    keyed("forged-parameter-right-tag", "Someone with the key changes a parameter and makes its tag again, but neither digest nor MAC.",
          eight, record=good[:at["tags"]] + seal(BASE, [forged])[at["tags"]:], files={0: forged})


def make_sets():
    shards = [(1, 0, pattern(48)), (1, 0, pattern(48))]
    shard_params = [[0, 8, 32, 0], [1, 8, 32, 0]]
    records, locked = ref.lock(MK, LOCK_ID, 1, 16, shards, shard_params, 64)
    both, _ = ref.lock(MK, LOCK_ID, 1, 16, shards, shard_params, 64, cover=[(0, 2)])
    other_records, other_locked = ref.lock(MK, OTHER_LOCK_ID, 1, 16, shards, shard_params, 64)
    keyed("shards-swapped", "Two shards with equal skeletons in each other's place.", eight, record=both[0],
          files={0: locked[1], 1: locked[0]})
    keyed("shard-doubled", "The first shard twice.", eight, record=both[0], files={0: locked[0], 1: locked[0]})
    keyed("shard-foreign", "The second shard of another lock under the same key.", eight, record=both[0],
          files={0: locked[0], 1: other_locked[1]})
    keyed("record-of-another-shard", "Shard 0 with the record of shard 1.", eight, record=records[1], files={1: locked[0]})
    keyed("record-of-another-lock", "A shard with its record of another lock, where the lock id of the set is demanded.", eight,
          record=other_records[1], files={1: other_locked[1]}, expect={"lock_id": LOCK_ID.hex()})
    keyed("record-m0-changed", "The record of shard 0 called that of shard 1, MAC as it was.", nine,
          record=records[0][:8] + ref.be32(1) + records[0][12:], files={1: locked[0]})


def make_order():
    keyed("order-wrong-key-before-mac", "Wrong key and a flipped MAC.", eight, "wrong-key", flip(good, at["mac"]), mk=OTHER_MK)
    keyed("order-wrong-key-before-digest", "Wrong key and a flipped tag.", eight, "wrong-key", flip(good, at["tags"]), mk=OTHER_MK)
    keyed("order-length-before-key", "Wrong key and a file that is too long.", eight, "tampered", files={0: LOCKED + b"\0"},
          mk=OTHER_MK)
    keyed("order-record-before-length", "A broken record and a file that is too long.", eight, "bad-record", good[:-1],
          {0: LOCKED + b"\0"}, mk=OTHER_MK)
    keyed("order-core-before-slots", "An unknown suite and two empty slots.", eight, "unsupported",
          seal(sets(1, 3), [LOCKED], slots=lambda p, full: [p[1], p[1]]))
    keyed("order-framing-before-core", "A byte too many and an unknown suite.", eight, "bad-record",
          seal(sets(1, 3), [LOCKED]) + b"\0")
    keyed("order-unsupported-before-key", "An unknown flag and a wrong key.", eight, "unsupported", seal(sets(5, 1), [LOCKED]),
          mk=OTHER_MK)


def make_later():
    """Scenarios that came after those of layouts: the numbers of the others stay."""
    case("magic-version-short", "NNLOCKR2 and 23 bytes more: too short for a record of any version.", "record-v1 2", "bad-record",
         GOOD[:7] + b"2" + GOOD[8:31])
