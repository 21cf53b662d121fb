# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors of ../ with the reference. One file, one scenario; the fields stand in ../README.md.

    python3 spec/vectors/generate/generate.py            writes them
    python3 spec/vectors/generate/generate.py --check    fails if the files there differ from what would be written

The class of each scenario is written here by hand, from the text of the specification; the generator stops where the
reference (for models: the reference with model_files.py) does not agree. Nothing here is random.
"""
import copy
import hashlib
import json
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "reference")]
import model_files  # noqa: E402
import nnlock_ref as ref  # noqa: E402
import run_vectors  # noqa: E402

MK = ref.sha256(b"nnlock vectors: master key")
OTHER_MK = ref.sha256(b"nnlock vectors: another master key")
LOCK_ID = ref.sha256(b"nnlock vectors: lock id")[:16]
OTHER_LOCK_ID = ref.sha256(b"nnlock vectors: another lock id")[:16]
FAMILY = ref.sha256(b"nnlock vectors: family")[:16]
PATTERN = bytes((7 * i + 3) % 256 for i in range(256))
units = [b"\0", PATTERN]              # what long inputs repeat
vectors, counters = {}, {}
FIRST_NUMBER = {"schedule": 0, "stream": 10, "tag": 30, "keyfile": 100, "lock": 200, "open": 300, "decoy": 550, "model": 600}


# ---------------------------------------------------------------- writing fields
def pattern(length, start=0):
    """length bytes, byte i = (7 (start + i) + 3) mod 256."""
    return bytes((7 * (start + i) + 3) % 256 for i in range(length))


def data(raw):
    """Hex; long inputs as a repeated pattern with the pieces that differ."""
    raw = bytes(raw)
    if len(raw) <= 4096:
        return raw.hex()
    best = None
    for unit in units:
        base = (unit * (len(raw) // len(unit) + 1))[:len(raw)]
        pieces, at = [], 0
        while base[at:] != raw[at:]:
            at = next(i for i in range(at, len(raw)) if raw[i] != base[i])
            end = at + 1
            while base[end:end + 64] != raw[end:end + 64]:
                end += 1
            pieces.append([at, raw[at:end].hex()])
            at = end
            if len(pieces) > 50:
                break
        field = {"repeat": unit.hex(), "length": len(raw), "patch": pieces}
        if len(pieces) <= 50 and (best is None or len(json.dumps(field)) < len(json.dumps(best))):
            best = field
    assert run_vectors.data(best) == raw
    return best


def result(raw):
    return raw.hex() if len(raw) <= 4096 else {"sha256": hashlib.sha256(raw).hexdigest(), "length": len(raw)}


def add(kind, name, comment, spec, cls, **fields):
    number = counters.get(kind, FIRST_NUMBER[kind])
    counters[kind] = number + 1
    name = f"{number:03}-{kind}-{name}"
    assert re.fullmatch("[a-z0-9-]+", name) and number + 1 not in FIRST_NUMBER.values(), name
    vector = {"name": name, "comment": comment, "spec": spec, "kind": kind, "class": cls, **fields}
    try:
        wrong = run_vectors.run(vector)
    except run_vectors.Skip:
        wrong = run_model(vector)
    if wrong:
        sys.exit(f"{name}: {wrong}")
    vectors[name + ".json"] = vector


# ---------------------------------------------------------------- records, also ones that break rules
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
    lists = [ref.tag_list(suite, ref.parameter_key(prk, "mac", ref.sha256(core), t), chunk_log2,
                          locked[f][offset:offset + length] if f < len(locked) else b"")
             for t, (f, offset, length, *_) in enumerate(params)]
    digests = b"".join(map(ref.sha256, lists)) if digests is None else digests
    if tags is None:
        tags = b"".join(x for x, p in zip(lists, params) if m0 <= p[0] < m0 + mc)
    envelope = encode([1, None, []]) if envelope is None else envelope
    head = encode([core, digests, signature]) if head is None else head
    if framing is None:
        framing = (b"NNLOCKR1" + ref.be32(m0) + ref.be32(mc) + ref.be32(len(head)) + ref.be32(slot_length)
                   + ref.be64(len(tags)))
    mac = ref.record_mac(prk, core, framing, head, slot, envelope)
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


# ---------------------------------------------------------------- schedule, stream, tag
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


# ---------------------------------------------------------------- keyfile
def bech32(hrp, values, constant=0x2BC830A3):
    saved, ref.HRP = ref.HRP, hrp
    try:
        check = ref.bech32m_checksum(values)
    finally:
        ref.HRP = saved
    last = 0x2BC830A3 ^ constant
    check = [v ^ (last >> 5 * (5 - i) & 31) for i, v in enumerate(check)]
    return (hrp + "1" + "".join(ref.BECH32[v] for v in values + check)).upper()


def five_bits(raw, padding=0):
    bits = 8 * len(raw)
    width = -(-bits // 5)
    n = int.from_bytes(raw, "big") << (5 * width - bits) | padding
    return [n >> 5 * (width - 1 - i) & 31 for i in range(width)]


def make_key_files():
    line, usual = ref.key_line(MK), ref.write_key_file(MK, "2026-11-24T22:00:00Z").decode()
    mark = "# fingerprint: " + ref.fingerprint(MK)

    def good(name, comment, text, mk=MK, spec="key-file-v1 1"):
        add("keyfile", name, comment, spec, "ok", text=data(text.encode()), master=mk.hex(), fingerprint=ref.fingerprint(mk))

    def bad(name, comment, text, spec="key-file-v1 2"):
        raw = text if isinstance(text, bytes) else text.encode()
        assert raw != usual.encode()
        add("keyfile", name, comment, spec, "bad-key-file", text=data(raw))

    def with_line(key):
        return usual.replace(line, key)

    good("usual", "As written by a writer, with the three comments.", usual, spec="key-file-v1 3")
    good("line-alone", "Only the key line, without a line feed at the end.", line)
    good("empty-lines-and-comments", "Empty lines and comments before and after; a comment without a space.",
         "\n\n#\n#x\n" + line + "\n\n# the end\n\n")
    good("other-comments-mean-nothing", "Comments that only look like a fingerprint.",
         "#fingerprint: 0\n# Fingerprint: 0\n# fingerprint:\n#  fingerprint: 0\n" + line + "\n")
    good("fingerprint-twice", "Two fingerprint comments, both right.", mark + "\n" + line + "\n" + mark)
    good("4096-bytes", "The largest file.", line + "\n#" + "x" * (4096 - len(line) - 2))
    good("zero-key", "32 zero bytes are a key.", ref.write_key_file(bytes(32), "x").decode(), bytes(32))
    good("ones-key", "32 bytes 0xff.", ref.write_key_file(b"\xff" * 32, "x").decode(), b"\xff" * 32)
    bad("lower-case", "The key line in lower case.", with_line(line.lower()))
    bad("mixed-case", "One letter in lower case.", with_line(line[:-1] + line[-1].lower() if line[-1].isalpha()
                                                             else line.replace("NNLOCK", "nNLOCK")))
    bad("lower-case-prefix", "Prefix in lower case, data in upper case.", with_line(line[:19].lower() + line[19:]))
    other = next(x for x in "QPZ" if x != line[40])
    bad("data-character-changed", "One data character changed.", with_line(line[:40] + other + line[41:]))
    other = next(x for x in "QPZ" if x != line[-1])
    bad("checksum-character-changed", "The last checksum character changed.", with_line(line[:-1] + other))
    at = next(i for i in range(25, 60) if line[i] != line[i + 1])
    bad("characters-swapped", "Two neighbouring characters swapped.",
        with_line(line[:at] + line[at + 1] + line[at] + line[at + 2:]))
    bad("bech32-checksum", "Checksum of Bech32 (BIP 173) in place of Bech32m.",
        with_line(bech32(ref.HRP, five_bits(MK), constant=1)))
    bad("padding-bit", "The last of the four padding bits set, checksum right.", with_line(bech32(ref.HRP, five_bits(MK, 1))))
    bad("padding-bits", "All padding bits set, checksum right.", with_line(bech32(ref.HRP, five_bits(MK, 15))))
    bad("31-byte-key", "31 key bytes, checksum right.", bech32(ref.HRP, five_bits(MK[:31])) + "\n")
    bad("33-byte-key", "33 key bytes, checksum right.", bech32(ref.HRP, five_bits(MK + b"\0")) + "\n")
    bad("character-missing", "The last character missing.", line[:-1] + "\n")
    bad("character-more", "A Q inserted before the last character.", line[:-1] + "Q" + line[-1] + "\n")
    bad("character-outside", "A letter B, which Bech32 does not have.", with_line(line[:30] + "B" + line[31:]))
    bad("other-prefix", "Another human-readable part, checksum right for it.",
        bech32("nnlock-master-kex-", five_bits(MK)) + "\n")
    bad("version-2", "NNLOCK-MASTER-KEY-2: not the separator.", with_line(line.replace("KEY-1", "KEY-2")))
    bad("checksum-over-upper-case", "Checksum computed over the upper-case human-readable part.",
        with_line(bech32(ref.HRP.upper(), five_bits(MK))))
    bad("two-keys", "Two key lines.", line + "\n" + ref.key_line(OTHER_MK) + "\n", "key-file-v1 1")
    bad("same-key-twice", "The same key line twice.", line + "\n" + line + "\n", "key-file-v1 1")
    bad("no-key", "Comments only.", mark + "\n", "key-file-v1 1")
    bad("empty", "No byte.", "", "key-file-v1 1")
    bad("cr-lf", "Lines end with carriage return and line feed.", usual.replace("\n", "\r\n"), "key-file-v1 1")
    bad("tab-in-comment", "A tab inside a comment.", "#\t\n" + line + "\n", "key-file-v1 1")
    bad("nul-at-end", "A zero byte after the last line.", usual.encode() + b"\0", "key-file-v1 1")
    bad("byte-7f", "The byte 0x7f in a comment.", b"#\x7f\n" + line.encode(), "key-file-v1 1")
    bad("byte-above-7f", "UTF-8 in a comment.", b"# cl\xc3\xa9\n" + line.encode(), "key-file-v1 1")
    bad("byte-order-mark", "A byte order mark.", b"\xef\xbb\xbf" + usual.encode(), "key-file-v1 1")
    bad("4097-bytes", "One byte too long.", line + "\n#" + "x" * (4097 - len(line) - 2), "key-file-v1 1")
    bad("space-before", "A space before the key.", with_line(" " + line))
    bad("space-after", "A space after the key.", with_line(line + " "))
    bad("line-of-space", "A line that holds one space is neither empty nor a comment.", " \n" + usual, "key-file-v1 1")
    bad("fingerprint-of-another-key", "The fingerprint comment of another key.",
        usual.replace(mark, "# fingerprint: " + ref.fingerprint(OTHER_MK)), "key-file-v1 1")
    bad("fingerprint-upper-case", "The fingerprint in upper case.", usual.replace(mark, "# fingerprint: " + mark[15:].upper()),
        "key-file-v1 1")
    bad("fingerprint-with-space", "A space after the fingerprint.", usual.replace(mark, mark + " "), "key-file-v1 1")
    bad("fingerprint-empty", "A fingerprint comment without one.", usual.replace(mark, "# fingerprint: "), "key-file-v1 1")
    bad("second-fingerprint-wrong", "A right fingerprint comment, and a wrong one after the key.",
        usual + "# fingerprint: 0000-0000-0000-0000\n", "key-file-v1 1")


# ---------------------------------------------------------------- lock
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


# ---------------------------------------------------------------- open
PLAIN = [(0, 0, pattern(64))]
PARAMS = [[0, 16, 20, 0], [0, 40, 8, 0]]


def plain_of(core, locked, params, mk=MK, m0=0, mc=None):
    """What unlocking without any check gives, as for a decoy."""
    core = core if isinstance(core, bytes) else encode(core)
    lock_id, suite = ref.decode(core)[2], ref.decode(core)[1]
    prk, out = ref.hkdf_extract(lock_id, ref.file_key(mk, lock_id)), {}
    for f in range(m0, m0 + (len(locked) if mc is None else mc)):
        raw = bytearray(locked[f])
        for t, (g, offset, length, layout) in enumerate(params):
            if g == f and layout == 0:
                stream = ref.key_stream(suite, ref.parameter_key(prk, "enc", ref.sha256(core), t), 0, length)
                raw[offset:offset + length] = ref.unscramble(raw[offset:offset + length], stream)
        out[f] = bytes(raw)
    return out


def opened(kind, name, comment, spec, cls, record, files, plain=None, mk=MK, expect=None):
    fields = dict(master=mk.hex(), record=data(record), files={str(f): data(raw) for f, raw in files.items()})
    if expect:
        fields["expect"] = expect
    if cls == "ok":
        fields["plain"] = {str(f): result(raw) for f, raw in plain.items()}
    add(kind, name, comment, spec, cls, **fields)


def make_opens():
    def case(name, comment, spec, cls, record, files=None, plain=None, mk=MK, expect=None):
        opened("open", name, comment, spec, cls, record, {0: LOCKED} if files is None else files, plain, mk, expect)

    LOCKED = pattern(64)                               # any bytes are the locked form of some plain bytes
    BASE = core_of(PLAIN, PARAMS)

    def changed(change):
        core = copy.deepcopy(BASE)
        change(core)
        return core

    def sets(index, value):
        def change(core):
            core[index] = value
        return changed(change)

    def field(*path, value):
        def change(core):
            place = core
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        return changed(change)

    def bad_core(name, comment, spec, cls, core, params=None, **more):
        case("core-" + name, comment, spec, cls, seal(core, [LOCKED], params, **more))

    def ok(name, comment, spec, files, params, m0=0, mc=None, expect=None, suite=1, chunk_log2=16, family=None, **more):
        core, locked = core_of(files, params, suite=suite, chunk_log2=chunk_log2, family=family), [f[2] for f in files]
        mc = len(files) - m0 if mc is None else mc
        case(name, comment, spec, "ok", seal(core, locked, m0=m0, mc=mc, **more),
             {f: locked[f] for f in range(m0, m0 + mc)}, plain_of(core, locked, params, m0=m0, mc=mc), expect=expect)

    # --- that open
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

    # --- framing
    at = {}
    good = seal(BASE, [LOCKED], parts=at)
    end, body = at["end"], good[:at["end"]]
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
    case("fill-missing", "Without the fill.", "record-v1 2", "bad-record", body)
    case("fill-not-zero", "The last fill byte is 1.", "record-v1 2", "bad-record", good[:-1] + b"\1")
    case("doubled", "The record twice.", "record-v1 2", "bad-record", good + good)

    # --- CBOR
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
    cbor("depth-6", "Layout block with its field list: arrays 6 deep are well-formed.",
         field(10, 1, 3, value=[4, 8, [[0, 3, 1, 2, 0]]]), "unsupported")
    cbor("depth-7", "Arrays 7 deep.", field(10, 1, 3, value=[4, 8, [[[0], 3, 1, 2, 0]]]))
    cbor("depth-5000", "5000 arrays in each other: the reader must not run out of stack.", sets(9, Raw(b"\x81" * 5000 + b"\0")))
    head = [encode(BASE), good[at["digests"]:at["slot0"] - 1], None]
    assert encode(head) == good[32:at["slot0"]]
    for name, comment, raw, cls in (
            ("trailing-byte", "A byte after the head.", encode(head) + b"\0", "bad-record"),
            ("two-items", "A head without its third item.", encode(head[:2]), "bad-record"),
            ("four-items", "A head with a fourth item.", encode(head + [None]), "bad-record"),
            ("core-as-array", "The core as an array in place of a byte string.", encode([BASE] + head[1:]), "bad-record"),
            ("core-not-shortest", "The core's length in four bytes.",
             encode([Raw(b"\x5a" + ref.be32(len(head[0])) + head[0])] + head[1:]), "bad-record"),
            ("digests-short", "Digests one byte short.", encode([head[0], head[1][:-1], None]), "bad-record"),
            ("digest-more", "A digest more than there are parameters.", encode([head[0], head[1] + bytes(32), None]), "bad-record"),
            ("digest-less", "A digest less than there are parameters.", encode([head[0], head[1][:32], None]), "bad-record"),
            ("digests-64-numbers", "The digests as an array of 64 numbers.", encode([head[0], [0] * 64, None]), "bad-record"),
            ("digests-array", "The digests as an array.", encode([head[0], [head[1]], None]), "bad-record"),
            ("signature", "A signature of the reserved form.", encode(head[:2] + [[bytes(64), bytes(32)]]), "unsupported"),
            ("signature-text", "A text string as signature: not in the subset.", encode(head[:2] + [Raw(b"\x61x")]),
             "bad-record")):
        case("head-" + name, comment, "record-v1 3", cls, seal(BASE, [LOCKED], head=raw))

    # --- core
    bad_core("ten-items", "Ten items.", "record-v1 3", "bad-record", encode(BASE[:6] + BASE[7:]), PARAMS)
    bad_core("twelve-items", "Twelve items.", "record-v1 3", "bad-record", encode(BASE + [None]), PARAMS)
    three = "record-v1 3"
    for name, comment, cls, core in (
            ("version-2", "Version 2.", "unsupported", sets(0, 2)),
            ("version-0", "Version 0.", "unsupported", sets(0, 0)),
            ("version-bytes", "The version as bytes.", "bad-record", sets(0, b"\1")),
            ("suite-0", "Suite 0.", "unsupported", sets(1, 0)),
            ("suite-3", "Suite 3.", "unsupported", sets(1, 3)),
            ("suite-null", "No suite.", "bad-record", sets(1, None)),
            ("lock-id-15", "A lock id of 15 bytes.", "bad-record", sets(2, LOCK_ID[:15])),
            ("lock-id-17", "A lock id of 17 bytes.", "bad-record", sets(2, LOCK_ID + b"\0")),
            ("lock-id-int", "A number as lock id.", "bad-record", sets(2, 1)),
            ("key-check-7", "A key check of 7 bytes.", "bad-record", sets(3, BASE[3][:7])),
            ("key-check-null", "No key check.", "bad-record", sets(3, None)),
            ("chunk-log2-15", "Chunks of 2^15 bytes.", "bad-record", sets(4, 15)),
            ("chunk-log2-25", "Chunks of 2^25 bytes.", "bad-record", sets(4, 25)),
            ("chunk-log2-big", "A chunk log2 of 2^64 - 1: no shift may be done with it.", "bad-record", sets(4, 2**64 - 1)),
            ("chunk-log2-null", "No chunk log2.", "bad-record", sets(4, None)),
            ("flags-1", "A flag.", "unsupported", sets(5, 1)),
            ("flags-null", "No flags.", "bad-record", sets(5, None)),
            ("family-int", "A number as family.", "bad-record", sets(6, 1)),
            ("family-one-item", "A family without version.", "bad-record", sets(6, [FAMILY])),
            ("family-id-15", "A family id of 15 bytes.", "bad-record", sets(6, [FAMILY[:15], 1])),
            ("family-version-null", "A family version that is no number.", "bad-record", sets(6, [FAMILY, None])),
            ("publisher", "A publisher.", "unsupported", sets(7, bytes(32))),
            ("publisher-31", "A publisher of 31 bytes.", "bad-record", sets(7, bytes(31))),
            ("licence", "A licence is demanded.", "licence", sets(8, bytes(32))),
            ("licence-33", "A licence key of 33 bytes.", "bad-record", sets(8, bytes(33))),
            ("files-null", "No files array.", "bad-record", sets(9, None)),
            ("params-bytes", "Bytes as parameters.", "bad-record", sets(10, b"\0\1\2\3")),
            ("params-int", "A number as parameters.", "bad-record", sets(10, 1))):
        bad_core(name, comment, three, cls, core, PARAMS, chunk_log2=min(core[4] or 16, 25))
    bad_core("files-none", "An empty array of files.", three, "bad-record", sets(9, []))
    bad_core("params-none", "An empty array of parameters.", three, "bad-record", sets(10, []))
    many = sets(9, BASE[9] * 65537)
    unit, start = encode(BASE[9][0]), seal(many, [LOCKED], PARAMS).index(encode(BASE[9][0]))
    units.append(unit[-start % len(unit):] + unit[:-start % len(unit)])
    bad_core("files-65537", "65,537 files.", three, "bad-record", many)
    one = "record-v1 3.1"
    for name, comment, cls, core in (
            ("file-four-items", "A file of four items.", "bad-record", field(9, 0, value=BASE[9][0][:4])),
            ("file-six-items", "A file of six items.", "bad-record", field(9, 0, value=BASE[9][0] + [None])),
            ("file-int", "A number as file.", "bad-record", field(9, 0, value=0)),
            ("role-null", "A role that is no number.", "bad-record", field(9, 0, 0, value=None)),
            ("format-4", "Format 4.", "unsupported", field(9, 0, 1, value=4)),
            ("format-bytes", "Bytes as format.", "bad-record", field(9, 0, 1, value=b"\0")),
            ("restored-length-0", "A file of 0 bytes.", "bad-record", field(9, 0, 2, value=0)),
            ("restored-length-2-60-plus-1", "A file of 2^60 + 1 bytes.", "bad-record", field(9, 0, 2, value=2**60 + 1)),
            ("restored-length-null", "A length that is no number.", "bad-record", field(9, 0, 2, value=None)),
            ("skeleton-31", "A skeleton hash of 31 bytes.", "bad-record", field(9, 0, 3, value=bytes(31))),
            ("skeleton-null", "No skeleton hash.", "bad-record", field(9, 0, 3, value=None)),
            ("derived-field", "A derived field of the reserved form.", "unsupported", field(9, 0, 4, value=[[1, 0, 4]])),
            ("derived-null", "derived is no array.", "bad-record", field(9, 0, 4, value=None))):
        bad_core(name, comment, one, cls, core)
    role3 = copy.deepcopy(BASE)
    role3[9][0][:4] = [3, 0, 64, ref.skeleton_hash(3, LOCKED, 0, PARAMS)]
    bad_core("role-3", "Role 3, hashed into the skeleton.", one, "unsupported", role3)
    two = "record-v1 3.2"

    def spans(params):
        return core_of(PLAIN, params)
    for name, comment, params in (
            ("params-unsorted", "Parameters in falling order.", [[0, 40, 8, 0], [0, 16, 20, 0]]),
            ("params-overlap", "The second begins one byte before the first ends.", [[0, 16, 20, 0], [0, 35, 8, 0]]),
            ("params-same", "The same span twice.", [[0, 16, 20, 0], [0, 16, 20, 0]]),
            ("params-nested", "A span inside another.", [[0, 16, 20, 0], [0, 20, 4, 0]])):
        bad_core(name, comment, two, "bad-record", sets(10, params))
    bad_core("param-past-end", "A span that ends one byte after the file.", two, "bad-record", sets(10, [[0, 40, 25, 0]]))
    bad_core("param-wraps", "offset + length is 2^64 + 8.", two, "bad-record", sets(10, [[0, 2**64 - 8, 16, 0]]),
             [[0, 0, 16, 0]])
    bad_core("param-length-0", "A span of no bytes.", two, "bad-record", sets(10, [[0, 16, 20, 0], [0, 40, 0, 0]]))
    bad_core("param-file-1", "A span in a file that is not there.", two, "bad-record", sets(10, [[0, 16, 20, 0], [1, 0, 8, 0]]))
    bad_core("param-three-items", "A parameter without layout.", two, "bad-record", sets(10, [[0, 16, 20]]))
    bad_core("param-five-items", "A parameter of five items.", two, "bad-record", sets(10, [[0, 16, 20, 0, 0]]))
    bad_core("param-offset-null", "An offset that is no number.", two, "bad-record", sets(10, [[0, None, 20, 0]]),
             [[0, 16, 20, 0]])
    huge = core_of(PLAIN, PARAMS)
    huge[9][0][2], huge[10] = 2**60, [[0, 0, 2**60, 0]]
    bad_core("chunks-too-many", "2^44 chunks in a parameter of 2^60 bytes; one tag is there.", two, "bad-record", huge,
             [[0, 0, 64, 0]])
    edge = core_of(PLAIN, PARAMS)
    edge[9][0][2], edge[10] = 2**49, [[0, 0, 2**48 + 1, 0]]
    bad_core("chunks-2-32-plus-1", "2^32 + 1 chunks; one tag is there.", two, "bad-record", edge, [[0, 0, 64, 0]])
    claim = core_of(PLAIN, PARAMS)
    claim[9][0][2], claim[10] = 2**48, [[0, 0, 2**48, 0]]
    bad_core("chunks-claimed", "2^32 chunks are allowed, but the record holds one tag: nothing may be allocated for them.",
             "record-v1 2", "bad-record", claim, [[0, 0, 64, 0]])
    for name, comment, cls, extra in (
            ("2-32", "2^32 chunks in all, all but one in a file that this record does not cover.", "ok", 0),
            ("2-32-plus-1", "The same with one chunk more: the limit counts over the whole set.", "bad-record", 1)):
        set_params = [[0, 0, 2**48 - 65536 + extra, 0], [1, 16, 20, 0]]
        wide = core_of([(0, 0, b""), PLAIN[0]], set_params)
        wide[9][0][2:4] = [2**50, bytes(32)]
        record = seal(wide, [b"", LOCKED], m0=1, mc=1)
        plain = plain_of(wide, [b"", LOCKED], set_params, m0=1, mc=1) if cls == "ok" else None
        case("core-chunks-elsewhere-" + name, comment, two, cls, record, {1: LOCKED}, plain)
    four = "record-v1 3.4"
    for name, comment, cls, layout in (
            ("layout-2", "The number 2.", "unsupported", 2),
            ("layout-max", "The number 2^64 - 1.", "unsupported", 2**64 - 1),
            ("layout-finite", "finite, well-formed.", "unsupported", [2, 3, 1, 254, 1]),
            ("layout-range", "range, well-formed.", "unsupported", [3, 4, 20, 0]),
            ("layout-future", "An array that begins with 9.", "unsupported", [9, b"x", None, [1]]),
            ("layout-0-in-array", "bytes inside an array.", "bad-record", [0]),
            ("layout-1-in-array", "plain inside an array.", "bad-record", [1, 2]),
            ("layout-empty-array", "An empty array.", "bad-record", []),
            ("layout-null", "null.", "bad-record", None),
            ("layout-bytes", "Bytes.", "bad-record", b"\0"),
            ("layout-array-of-null", "An array that begins with null.", "bad-record", [None, 2])):
        bad_core(name, comment, four, cls, field(10, 1, 3, value=layout))

    # --- slots and envelope
    five = "record-v1 5"

    def slots(name, comment, change, cls="bad-record", **more):
        case("slots-" + name, comment, five, cls, seal(BASE, [LOCKED], slots=change, **more))
    slots("both-empty", "Both slots are zero.", lambda pair, full: [bytes(64), bytes(64)])
    slots("both-full", "Both slots hold the same.", lambda pair, full: [pair[0], pair[0]])
    second = ref.be32(4) + encode([1, None, []]) + ref.record_mac(
        ref.hkdf_extract(LOCK_ID, ref.file_key(MK, LOCK_ID)), encode(BASE), good[:32], encode(head), 1, encode([1, None, []]))
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

    # --- keyed
    def keyed(name, comment, spec, cls="tampered", record=good, files=None, mk=MK, expect=None):
        case(name, comment, spec, cls, record, files, mk=mk, expect=expect)
    eight, nine = "lock-v1 8", "record-v1 4"
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

    # --- sets
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

    # --- which check comes first
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


# ---------------------------------------------------------------- decoy
def make_decoys():
    def case(name, comment, cls, record, files, mk=OTHER_MK, core=None, params=None, expect=None):
        plain = plain_of(core, list(files.values()), params, mk) if cls == "ok" else None
        opened("decoy", name, comment, "lock-v1 9", cls, record, files, plain, mk, expect)
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


# ---------------------------------------------------------------- model
def open_model(v):
    file, mk = run_vectors.data(v["file"]), run_vectors.data(v["master"])
    found, restored = model_files.find(file, ref.Reject)
    sidecar = run_vectors.data(v["sidecar"]) if v["sidecar"] is not None else None
    ref.need(found is not None or sidecar is not None, "not-locked", "no record")
    ref.need(found is None or sidecar is None, "bad-record", "two records")

    def codec(kind, raw, recorded):
        ref.need(kind == 1, "unsupported", "not in this generator")
        tensors = model_files.spans(raw, ref.Reject)
        ref.need(all(span in tensors for span in recorded), "bad-model", "a recorded span is no tensor")
    return ref.open_(mk, found if found is not None else sidecar, {0: restored}, codec=codec)[0]


def lock_model(v):
    file, mk = run_vectors.data(v["file"]), run_vectors.data(v["master"])
    ref.need(model_files.find(file, ref.Reject)[0] is None, "already-locked", "a record is in it")
    params = [[0, offset, length, 0] for offset, length in model_files.spans(file, ref.Reject)]
    records, locked = ref.lock(mk, run_vectors.data(v["lock_id"]), v["suite"], v["chunk_log2"], [(0, 1, file)], params,
                               v["slot_length"])
    return (locked[0], records[0]) if v["sidecar_wanted"] else (model_files.embed(locked[0], records[0]), None)


def run_model(v):
    try:
        if v["operation"] == "open":
            if not run_vectors.same(v.get("plain", ""), open_model(v)) and v["class"] == "ok":
                return "plain"
        else:
            made, sidecar = lock_model(v)
            if v["class"] == "ok" and (made.hex(), sidecar and sidecar.hex()) != (v["locked"], v["sidecar"]):
                return "locked"
        got = "ok"
    except ref.Reject as refused:
        got = refused.cls
    return None if got == v["class"] else f"class {got}, not {v['class']}"


def make_models():
    floats = struct.pack("<8f", *(0.25 * i - 1 for i in range(8)))
    w = '"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}'
    b = '"b":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}'
    no_meta = model_files.build("{" + w + "," + b + "}", floats)
    meta = model_files.build('{"__metadata__":{"format":"pt"},' + w + "," + b + "}", floats)
    empty_meta = model_files.build('{"__metadata__":{},' + w + "," + b + "}", floats)
    meta_last = model_files.build("{" + w + "," + b + ',"__metadata__":{"format":"pt"}}', floats)

    def tensors(file):
        n = len(file) - 32
        return [[0, n, 24, 0], [0, n + 24, 8, 0]]

    def locked(file, params=None, kind=1, suite=1):
        records, files = ref.lock(MK, LOCK_ID, suite, 16, [(0, kind, file)], params or tensors(file), 64)
        return records[0], files[0]

    def case(name, comment, spec, cls, file, sidecar=None, plain=None, mk=MK):
        add("model", name, comment, spec, cls, operation="open", master=mk.hex(), file=data(file),
            sidecar=None if sidecar is None else data(sidecar), **({"plain": plain.hex()} if cls == "ok" else {}))

    def lock_case(name, comment, spec, cls, file, suite=1, sidecar=False):
        fields = dict(operation="lock", master=MK.hex(), lock_id=LOCK_ID.hex(), suite=suite, chunk_log2=16, slot_length=64,
                      file=data(file), sidecar_wanted=sidecar)
        if cls == "ok":
            made, record = lock_model(fields)
            fields.update(locked=made.hex(), sidecar=record and record.hex())
        add("model", name, comment, spec, cls, **fields)

    two = "record-v1 6.2"
    for name, form, file in (("form-a", "Form A: no __metadata__.", no_meta), ("form-b", "Form B: __metadata__ with an entry.", meta),
                             ("form-b-last", "Form B: __metadata__ after the tensors.", meta_last),
                             ("form-c", "Form C: an empty __metadata__.", empty_meta)):
        record, raw = locked(file)
        lock_case("lock-" + name, form + " Parameters w and b.", two, "ok", file)
        case("open-" + name, form, two, "ok", model_files.embed(raw, record), plain=file)
    lock_case("lock-sidecar", "The record goes into a sidecar; only parameter bytes differ.", "record-v1 6.1", "ok", no_meta, 2, True)
    record, raw = locked(no_meta)
    embedded = model_files.embed(raw, record)
    case("open-sidecar", "The record in a sidecar.", "record-v1 6.1", "ok", raw, record, no_meta)
    case("open-sidecar-form-b", "A sidecar beside a file with __metadata__.", "record-v1 6.1", "ok", locked(meta)[1], locked(meta)[0],
         meta)
    raw_record, raw_locked = locked(no_meta, kind=0)
    case("open-sidecar-raw", "A record of format raw over a safetensors file: no codec is asked.", "lock-v1 8", "ok", raw_locked,
         raw_record, no_meta)
    eight = "lock-v1 8"
    case("open-wrong-key", "Another master key.", eight, "wrong-key", embedded, mk=OTHER_MK)
    case("open-not-locked", "A file without record.", eight, "not-locked", no_meta)
    case("open-record-lost", "A locked file whose sidecar is missing.", eight, "not-locked", raw)
    case("open-record-and-sidecar", "The same record in the file and in a sidecar.", eight, "bad-record", embedded, record)
    case("open-sidecar-empty", "An empty sidecar.", "record-v1 2", "bad-record", raw, b"")
    case("open-sidecar-longer", "A byte after the record in the sidecar.", "record-v1 6.1", "bad-record", raw, record + b"\0")
    case("open-sidecar-of-other-file", "The sidecar of another file of the same size.", eight, "tampered", raw,
         locked(no_meta.replace(b'"w"', b'"v"'))[0])
    header, body = model_files.split(embedded)
    start = header.index('"nnlock"')
    value = header[start:header.index("}", start)]
    region = header[1:header.index('"w"')]
    assert region.startswith('"__metadata__":{' + value + "},")

    def again(name, comment, text, cls="bad-record", spec=two):
        case("open-" + name, comment, spec, cls, model_files.join(text, body))
    again("record-twice", "The entry twice in one __metadata__.", header.replace(value, value + "," + value), spec=eight)
    again("metadata-twice", "Two __metadata__, each with the record.", header[0] + region + header[1:], spec=eight)
    spaces = len(region) - len(region.rstrip(" "))
    assert spaces > 1
    again("one-space-less", "One space less than the codec writes.", header.replace(region, region[:-1]))
    again("64-spaces-more", "64 spaces more: the region ends where its length says, so the restored file is longer than recorded.",
          header.replace(region, region + " " * 64), "tampered")
    again("space-inside", "One of the spaces stands before the record's value.", header.replace('"nnlock":', '"nnlock": ')
          .replace(region[len(region) - spaces:] + '"w"', region[len(region) - spaces + 1:] + '"w"'))
    again("tab-for-space", "A tab in place of a space.", header.replace(' "w"', '\t"w"'))
    again("entry-at-end", "A foreign entry before the record.", header.replace(value, '"x":"y",' + value))
    again("metadata-at-end", "The __metadata__ with the record after the tensors.",
          "{" + header[1 + len(region):].rstrip("} ") + "}," + region.rstrip(" ,") + "}")
    again("base64-padding", "Padding after the base64.", header.replace(value, value[:-1] + '===="'))
    again("base64-escaped", "A character of the base64 as a JSON escape.", header.replace('"nnlock":"T', '"nnlock":"\\u0054'))
    again("base64-url", "A character outside the alphabet.", header.replace('"nnlock":"T', '"nnlock":"-'))
    again("record-cut", "The record lacks its last 48 bytes, the region is written as it should be.", model_files.split(
        model_files.embed(raw, record[:-48]))[0], spec="record-v1 2")
    case("open-data-flipped", "A bit of the last tensor.", eight, "tampered", flip(embedded, len(embedded) - 1))
    case("open-dtype-changed", "I32 in place of F32 in the header.", eight, "tampered", embedded.replace(b"F32", b"I32", 1))
    case("open-bytes-after", "A byte after the tensors, put there after locking.", eight, "tampered", embedded + b"\0")

    def bad_model(name, comment, file, params):
        record, raw = locked(file, params)
        case("open-" + name, comment, eight, "bad-model", raw, record)
    bad_model("trailing-bytes", "Locked over a file with bytes after the tensors.", no_meta + bytes(8),
              [[0, len(no_meta) - 32, 24, 0]])
    gap = model_files.build("{" + w + "," + b.replace("[24,32]", "[28,36]") + "}", floats + bytes(4))
    bad_model("gap", "Locked over a file with a hole between the tensors.", gap, [[0, len(gap) - 36, 24, 0]])
    overlap = model_files.build("{" + w + "," + b.replace("[24,32]", "[16,24]") + "}", floats[:24])
    bad_model("overlap", "Locked over a file whose tensors overlap.", overlap, [[0, len(overlap) - 24, 24, 0]])
    twice = model_files.build("{" + w + "," + b.replace('"b"', '"w"') + "}", floats)
    bad_model("duplicate-key", "Locked over a file with one tensor name twice.", twice, None)
    inner = model_files.build("{" + w.replace('"shape"', '"dtype":"F32","shape"') + "," + b + "}", floats)
    bad_model("duplicate-inner-key", "Locked over a file with dtype twice in one tensor.", inner, None)
    n = len(no_meta) - 32
    bad_model("span-no-tensor", "The recorded span begins 4 bytes inside a tensor.", no_meta, [[0, n + 4, 20, 0]])
    bad_model("span-two-tensors", "The recorded span covers two tensors.", no_meta, [[0, n, 32, 0]])
    bad_model("not-safetensors", "Format safetensors over bytes that are none.", pattern(64), [[0, 16, 20, 0]])
    one = [[0, n + 24, 8, 0]]
    case("open-fewer-parameters", "Only b is recorded; w stays in the skeleton. Opens: the choice of the locker counts.", eight, "ok",
         locked(no_meta, one)[1], locked(no_meta, one)[0], no_meta)
    seven = "lock-v1 7"
    lock_case("lock-already-locked", "A file that holds a record.", seven, "already-locked", embedded)
    lock_case("lock-no-tensor", "A file without tensors.", seven, "nothing-to-lock",
              model_files.build('{"__metadata__":{"format":"pt"}}', b""))
    lock_case("lock-trailing-bytes", "Bytes after the tensors.", seven, "bad-model", no_meta + bytes(8))
    lock_case("lock-duplicate-key", "One tensor name twice.", seven, "bad-model", twice)
    lock_case("lock-gap", "A hole between the tensors.", seven, "bad-model", gap)
    lock_case("lock-overlap", "Tensors overlap.", seven, "bad-model", overlap)


def main():
    for make in (make_streams, make_key_files, make_locks, make_opens, make_decoys, make_models):
        make()
    folder, wrong = HERE.parent, []
    written = {name: json.dumps(vector, indent=1) + "\n" for name, vector in vectors.items()}
    present = {path.name for path in folder.glob("*.json")}
    if "--check" in sys.argv[1:]:
        wrong = sorted(present - written.keys()) + [
            name for name, text in written.items() if name not in present or (folder / name).read_text("ascii") != text]
        for name in wrong:
            print("differs:", name)
    else:
        for name in present - written.keys():
            (folder / name).unlink()
        for name, text in written.items():
            (folder / name).write_text(text, "ascii")
    counts = {}
    for v in vectors.values():
        counts[v["kind"], v["class"]] = counts.get((v["kind"], v["class"]), 0) + 1
    print(len(written), "vectors:", ", ".join(f"{kind} {cls} {n}" for (kind, cls), n in counts.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
