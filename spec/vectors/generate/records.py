# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Records, also ones that break rules, and the fields of the kinds that open them."""
import nnlock_ref as ref
from scenarios import LOCK_ID, MK, add, data, pattern, result

PLAIN = [(0, 0, pattern(64))]
PARAMS = [[0, 16, 20, 0], [0, 40, 8, 0]]


class Raw(bytes):
    """Bytes that encode() puts into CBOR as they are."""


def encode(item):
    if isinstance(item, Raw):
        return bytes(item)
    if isinstance(item, (list, tuple)):
        return ref.encode([0] * len(item))[:-len(item) or None] + b"".join(map(encode, item))
    return ref.encode(item)


def core_of(files, params, mk=MK, lock_id=LOCK_ID, suite=1, chunk_log2=16, family=None):
    """The items of a core, to be changed by the caller."""
    prk = ref.hkdf_extract(lock_id, ref.file_key(mk, lock_id))
    entries = [[role, kind, len(raw), ref.skeleton_hash(role, raw, f, params), []]
               for f, (role, kind, raw) in enumerate(files)]
    return [1, suite, lock_id, ref.key_check(prk), chunk_log2, 0, family, None, None, entries, [list(p) for p in params]]


def chunk_bytes(chunk_log2, layout=0, *_):
    """lock-v1 5.3, for any layout, also one that breaks rules."""
    block = isinstance(layout, list) and len(layout) == 3 and layout[0] == 4 and isinstance(layout[1], int)
    size = layout[1] if block and 1 <= layout[1] <= 1 << chunk_log2 else 1
    return (1 << chunk_log2) // size * size


def seal(core, locked, params=None, mk=MK, lock_id=LOCK_ID, m0=0, mc=None, slot_length=64, slot=0, envelope=None,
         signature=None, head=None, framing=None, slots=None, tags=None, digests=None, suite=None, chunk_log2=None,
         parts=None):
    """A record over given locked bytes with the right tags, digests and MAC, whatever rule the core breaks: a reader
    that forgets the rule goes on and may even open. core: items or bytes. params: what to tag, by default the core's."""
    params = core[10] if params is None else params
    suite = suite or (core[1] if isinstance(core, list) and core[1] in (1, 2) else 1)
    chunk_log2 = chunk_log2 or (core[4] if isinstance(core, list) and isinstance(core[4], int) else 16)
    core = core if isinstance(core, bytes) else encode(core)
    prk = ref.hkdf_extract(lock_id, ref.file_key(mk, lock_id))
    mc = len(locked) if mc is None else mc
    lists = [ref.tag_list(suite, ref.parameter_key(prk, "mac", ref.sha256(core), t), chunk_bytes(chunk_log2, *layout),
                          locked[f][offset:offset + length] if f < len(locked) else b"")
             for t, (f, offset, length, *layout) in enumerate(params)]
    digests = b"".join(map(ref.sha256, lists)) if digests is None else digests
    if tags is None:
        tags = b"".join(x for x, p in zip(lists, params) if m0 <= p[0] < m0 + mc)
    envelope = encode([1, None, []]) if envelope is None else envelope
    head = encode([core, digests, signature]) if head is None else head
    if framing is None:
        framing = (b"NNLOCKR1" + ref.be32(m0) + ref.be32(mc) + ref.be32(len(head)) + ref.be32(slot_length)
                   + ref.be64(len(tags)))
    mac = ref.record_mac(prk, core, framing, head, ref.be32(slot), envelope)
    full = ref.be32(len(envelope)) + envelope + mac
    pair = [bytes(slot_length), bytes(slot_length)]
    pair[slot] = full.ljust(slot_length, b"\0")
    if slots:
        pair = slots(pair, full)
    if parts is not None:
        parts.update(head=32, slot0=32 + len(head), slot1=32 + len(head) + slot_length,
                     tags=32 + len(head) + 2 * slot_length, end=32 + len(head) + 2 * slot_length + len(tags),
                     core=32 + head.find(core), digests=32 + head.find(digests), mac=36 + len(head) + len(envelope))
    record = framing + head + b"".join(pair) + tags
    return record + bytes(-len(record) % 48)


def flip(raw, at, mask=1):
    out = bytearray(raw)
    out[at] ^= mask
    return bytes(out)


def plain_of(core, locked, params, mk=MK, m0=0, mc=None):
    """What unlocking without any check gives, as for a decoy."""
    core = core if isinstance(core, bytes) else encode(core)
    lock_id, suite = ref.decode(core)[2], ref.decode(core)[1]
    prk, out = ref.hkdf_extract(lock_id, ref.file_key(mk, lock_id)), {}
    for f in range(m0, m0 + (len(locked) if mc is None else mc)):
        raw = bytearray(locked[f])
        for t, (g, offset, length, layout) in enumerate(params):
            if g == f:
                keys = [ref.parameter_key(prk, name, ref.sha256(core), t) for name in ("enc", "aux")]
                raw[offset:offset + length] = ref.change(True, suite, *keys, layout, 0, raw[offset:offset + length])
        out[f] = bytes(raw)
    return out


def opened(kind, name, comment, spec, cls, record, files, plain=None, mk=MK, expect=None, series=None):
    fields = dict(master=mk.hex(), record=data(record), files={str(f): data(raw) for f, raw in files.items()})
    if expect:
        fields["expect"] = expect
    if cls == "ok":
        fields["plain"] = {str(f): result(raw) for f, raw in plain.items()}
    add(kind, name, comment, spec, cls, series, **fields)
