# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind lock: lock-v1 section 7."""
import nnlock_ref as ref
from scenarios import FAMILY, LOCK_ID, MK, add, data, pattern, result


def add_lock(name, comment, spec, files, params, cls="ok", suite=1, chunk_log2=16, slot_length=64, hint=None, family=None,
             cover=None):
    cover = cover or [(f, 1) for f in range(len(files))]
    fields = dict(master=MK.hex(), lock_id=LOCK_ID.hex(), suite=suite, chunk_log2=chunk_log2, slot_length=slot_length,
                  hint=hint.hex() if hint else None, family=[family[0].hex(), family[1]] if family else None,
                  files=[{"role": role, "format": kind, "data": data(raw)} for role, kind, raw in files], params=params,
                  cover=[list(c) for c in cover])
    if cls == "ok":
        records, locked = ref.lock(MK, LOCK_ID, suite, chunk_log2, files, params, slot_length, hint, family, cover)
        fields.update(records=[result(r) for r in records], locked=[result(x) for x in locked])
    add("lock", name, comment, spec, cls, **fields)


def make_locks():
    one = [(0, 0, pattern(64))]
    two = [[0, 16, 20, 0], [0, 40, 8, 0]]
    add_lock("suite1", "One file of 64 bytes, two parameters.", "lock-v1 7", one, two)
    add_lock("suite2", "The same under ChaCha20.", "lock-v1 7", one, two, suite=2)
    add_lock("default-slot-length", "Slots of 1024 bytes.", "record-v1 2", one, two, slot_length=1024)
    add_lock("hint", "The envelope holds the fingerprint of the key.", "record-v1 5", one, two,
             hint=bytes.fromhex(ref.fingerprint(MK).replace("-", "")))
    add_lock("family", "Version 300 of a family.", "record-v1 3", one, two, family=[FAMILY, 300])
    add_lock("chunk-log2-24", "The largest chunks.", "lock-v1 4", one, two, chunk_log2=24)
    add_lock("plain-layout", "The second parameter is not scrambled, but tagged.", "lock-v1 5", one,
             [[0, 16, 20, 0], [0, 40, 8, 1]])
    add_lock("whole-file", "One parameter covers the file: the skeleton is empty.", "lock-v1 6", one, [[0, 0, 64, 0]], suite=2)
    add_lock("touching", "Parameters that touch, at both ends of the file.", "lock-v1 6", one,
             [[0, 0, 30, 0], [0, 30, 4, 0], [0, 34, 30, 0]])
    add_lock("one-byte", "A parameter of one byte.", "lock-v1 3", one, [[0, 63, 1, 0]])
    for suite in (1, 2):
        add_lock(f"block-lengths-suite{suite}", "Lengths around the blocks: 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129.",
                 "lock-v1 3", [(0, 0, pattern(640))],
                 [[0, 2 + sum((15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129)[:i]) + i, n, 0]
                  for i, n in enumerate((15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129))], suite=suite)
        add_lock(f"two-chunks-suite{suite}", "65541 bytes: a chunk of 65536 and one of 5. The key stream runs on, each chunk has "
                 "its own tag.", "lock-v1 4", [(0, 0, pattern(65560))], [[0, 10, 65541, 0]], suite=suite)
    add_lock("exact-chunk", "65536 bytes: one chunk, not two.", "lock-v1 4", [(0, 0, pattern(65536))], [[0, 0, 65536, 0]])
    add_lock("many-parameters", "300 parameters of 3 bytes: longer CBOR heads.", "record-v1 1", [(0, 0, pattern(1200))],
             [[0, 4 * t + 1, 3, 0] for t in range(300)], suite=2)
    shards = [(1, 0, pattern(48)), (1, 0, pattern(48))]
    add_lock("equal-shards", "Two files with the same bytes and spans: their key streams differ, for parameters count over the "
             "whole set.", "lock-v1 1", shards, [[0, 8, 32, 0], [1, 8, 32, 0]])
    add_lock("equal-shards-one-record", "The same set in one record that covers both files.", "record-v1 2", shards,
             [[0, 8, 32, 0], [1, 8, 32, 0]], cover=[(0, 2)])
    three = [(0, 0, pattern(20)), (1, 0, pattern(40, 5)), (2, 0, pattern(30, 9))]
    add_lock("three-files-two-records", "Records over files 0 and over files 1 and 2; roles 0, 1, 2.", "record-v1 2", three,
             [[0, 4, 8, 0], [1, 0, 40, 0], [2, 1, 5, 1], [2, 7, 20, 0]], suite=2, cover=[(0, 1), (1, 2)])
    add_lock("file-without-parameters", "File 1 has no parameter: its record has no tag.", "record-v1 2", three,
             [[0, 4, 8, 0], [2, 7, 20, 0]])
    add_lock("nothing-all-plain", "All parameters are excluded.", "lock-v1 7", one, [[0, 16, 20, 1]], cls="nothing-to-lock")
    add_lock("nothing-no-parameter", "No parameter.", "lock-v1 7", one, [], cls="nothing-to-lock")
