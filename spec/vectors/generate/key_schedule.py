# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kinds schedule, stream and tag: lock-v1 sections 2 to 4."""
import nnlock_ref as ref
from records import core_of, encode
from scenarios import LOCK_ID, MK, OTHER_LOCK_ID, add, data, pattern


def make_streams():
    core = encode(core_of([(0, 0, pattern(64))], [[0, 16, 20, 0], [0, 40, 8, 1]]))
    for name, mk, lock_id in (("usual", MK, LOCK_ID), ("zero-master", bytes(32), LOCK_ID),
                              ("other-lock-id", MK, OTHER_LOCK_ID)):
        fk = ref.file_key(mk, lock_id)
        prk, h = ref.hkdf_extract(lock_id, fk), ref.sha256(core)
        add("schedule", name, "All keys of one lock, for parameters 0, 1, 2^24 - 1 and 2^32. Three labels, three keys: "
            "tag keys and key streams never meet.", "lock-v1 2", "ok", master=mk.hex(), lock_id=lock_id.hex(),
            core=core.hex(), core_hash=h.hex(), fingerprint=ref.fingerprint(mk), file_key=fk.hex(), prk=prk.hex(),
            key_check=ref.key_check(prk).hex(), record_key=ref.record_key(prk, h).hex(),
            parameter_keys=[{"t": str(t), **{n: ref.parameter_key(prk, n, h, t).hex() for n in ("enc", "mac", "aux")}}
                            for t in (0, 1, 2**24 - 1, 2**32)])
    key = ref.sha256(b"nnlock vectors: stream key")
    for suite, size in ((1, 16), (2, 64)):
        for name, offset, length, comment in (
                ("start", 0, 200, "From the start, over several blocks."),
                ("inside-a-block", 5, size + 9, "Begins and ends inside a block."),
                ("one-byte", 3 * size - 1, 1, "The last byte of a block alone."),
                ("block-2-32", (2**32 - 1) * size, 3 * size,
                 "Blocks 2^32 - 1 to 2^32 + 1: the counter must carry past 32 bits."),
                ("unaligned-at-2-32", 2**32 * size - 7, 20, "Around the start of block 2^32."),
                ("byte-2-53", 2**53 + 1, 40, "Offset above 2^53: not exact as a double."),
                ("end-of-largest-file", 2**60 - 70, 70, "The last bytes of the largest parameter, 2^60 bytes.")):
            add("stream", f"suite{suite}-{name}", comment, "lock-v1 3", "ok", suite=suite, key=key.hex(), offset=str(offset),
                length=length, bytes=ref.key_stream(suite, key, offset, length).hex())
        for name, j, raw, comment in (
                ("chunk-0", 0, pattern(34), "Two whole Poly1305 blocks and two bytes."),
                ("one-byte", 1, b"\xff", "A chunk of one byte."),
                ("whole-chunk", 2, pattern(65536), "A whole chunk of 2^16 bytes."),
                ("ones", 3, b"\xff" * 64, "All bits set: carries in Poly1305."),
                ("chunk-2-31", 2**31, pattern(16), "Suite 1: AES blocks 2^32 and 2^32 + 1."),
                ("last-chunk", 2**32 - 1, pattern(15), "The last possible chunk.")):
            add("tag", f"suite{suite}-{name}", comment, "lock-v1 4", "ok", suite=suite, key=key.hex(), chunk=str(j),
                data=data(raw), one_time_key=ref.one_time_key(suite, key, j).hex(),
                tag=ref.chunk_tag(suite, key, j, raw).hex())
