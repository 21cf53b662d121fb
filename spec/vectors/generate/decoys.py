# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind decoy: lock-v1 section 9."""
import copy

from records import PARAMS, PLAIN, core_of, encode, flip, opened, plain_of, seal
from scenarios import MK, OTHER_LOCK_ID, OTHER_MK, pattern


def case(name, comment, cls, record, files, mk=OTHER_MK, core=None, params=None, expect=None):
    plain = plain_of(core, list(files.values()), params, mk) if cls == "ok" else None
    opened("decoy", name, comment, "lock-v1 9", cls, record, files, plain, mk, expect)


def make_decoys():
    raw, at = pattern(64), {}
    for suite in (1, 2):
        core = core_of(PLAIN, PARAMS, suite=suite)
        case(f"wrong-key-suite{suite}", "A wrong key gives unrelated bytes, always the same.", "ok", seal(core, [raw]), {0: raw},
             core=core, params=PARAMS)
    core = core_of(PLAIN, PARAMS)
    good = seal(core, [raw], parts=at)
    mixed = [[0, 16, 20, 0], [0, 40, 8, 1]]
    case("right-key", "A key that fits: an ordinary opening.", "ok", good, {0: raw}, MK, core, PARAMS)
    case("right-key-altered-parameter", "A key that fits and an altered byte.", "tampered", good, {0: flip(raw, 20)}, MK)
    case("right-key-altered-skeleton", "The same in the skeleton.", "tampered", good, {0: flip(raw, 1)}, MK)
    case("right-key-mac-flipped", "A key that fits and a flipped MAC.", "tampered", flip(good, at["mac"]), {0: raw}, MK)
    case("right-key-span-moved", "A key that fits and a core with a moved span, MAC as it was.", "tampered",
         good.replace(encode(core), encode(core[:10] + [[[0, 16, 20, 0], [0, 41, 7, 0]]])), {0: raw}, MK)
    case("one-bit-key", "A key that differs in one bit.", "ok", good, {0: raw}, flip(MK, 0), core, PARAMS)
    case("plain-layout", "Layout plain is handed out as it is.", "ok", seal(core_of(PLAIN, mixed), [raw]), {0: raw},
         core=core_of(PLAIN, mixed), params=mixed)
    big, big_params = pattern(65560), [[0, 10, 65541, 0]]
    case("two-chunks", "More than a chunk.", "ok", seal(core_of([(0, 0, big)], big_params), [big]), {0: big},
         core=core_of([(0, 0, big)], big_params), params=big_params)
    case("altered-parameter", "Wrong key: tags are not compared.", "ok", good, {0: flip(raw, 20)}, core=core, params=PARAMS)
    case("altered-skeleton", "Wrong key: the skeleton hash is not compared.", "ok", good, {0: flip(raw, 1)}, core=core,
         params=PARAMS)
    case("mac-digest-tag-flipped", "Wrong key: MAC, digests and tags are not compared.", "ok",
         flip(flip(flip(good, at["mac"]), at["digests"]), at["tags"]), {0: raw}, core=core, params=PARAMS)
    check = copy.deepcopy(core)
    check[3] = flip(core[3], 0)
    case("key-check-flipped", "The right key against a record with a flipped key check is a key that does not fit; the altered "
         "core makes it unrelated, so the plain bytes do not come out.", "ok", good.replace(encode(core), encode(check)),
         {0: raw}, MK, check, PARAMS)
    case("record-broken", "Wrong key and a record that is cut.", "bad-record", good[:-1], {0: raw})
    overlap = copy.deepcopy(core)
    overlap[10] = [[0, 16, 20, 0], [0, 35, 8, 0]]
    case("spans-overlap", "Wrong key and overlapping spans: never read.", "bad-record", seal(overlap, [raw]), {0: raw})
    past = copy.deepcopy(core)
    past[10] = [[0, 16, 20, 0], [0, 60, 5, 0]]
    case("span-past-end", "Wrong key and a span past the end.", "bad-record", seal(past, [raw]), {0: raw})
    layout = copy.deepcopy(core)
    layout[10][1][3] = 2
    case("layout-unknown", "Wrong key and an unknown layout.", "unsupported", seal(layout, [raw]), {0: raw})
    case("file-longer", "Wrong key and a file of another length.", "tampered", good, {0: raw + b"\0"})
    case("lock-id-demanded", "Wrong key and another lock id demanded.", "tampered", good, {0: raw},
         expect={"lock_id": OTHER_LOCK_ID.hex()})
    case("slots-both-full", "Wrong key and two full slots.", "bad-record",
         seal(core, [raw], slots=lambda pair, full: [pair[0], pair[0]]), {0: raw})
