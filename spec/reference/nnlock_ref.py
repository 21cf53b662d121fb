# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""nnlock version 1 for readers: ../lock-v1.md, ../record-v1.md and ../key-file-v1.md as a program, with their numbers.
It is the oracle of ../vectors. It is slow, not constant-time, and wipes no secrets: never protect a model with it.
Python 3.9, standard library only. Of the model formats it knows `raw` alone (see open_, step 6)."""
import functools, hashlib, hmac, io, itertools, re, struct, types
class Reject(Exception): cls = property(lambda self: self.args[0])                  # Reject(class of lock-v1 10, why)
def need(condition, cls, why):
    if not condition: raise Reject(cls, why)
# ==== lock-v1 1: notation
be32, be64, be128 = (lambda n, size=size: n.to_bytes(size, "big") for size in (4, 8, 16))
le, be = (lambda data, order=order: int.from_bytes(data, order) for order in ("little", "big"))
def sha256(data): return hashlib.sha256(data).digest()
def hmac256(key, data): return hmac.new(key, data, hashlib.sha256).digest()
def xor(a, b): return bytes(x ^ y for x, y in zip(a, b))
def label(xyz): return b"nnlock/v1/" + xyz.encode() + b"\0"
# ==== AES-256 (FIPS 197), one block; the state is 16 bytes, column after column
def xtime(a): return (a << 1) ^ (0x11B if a & 0x80 else 0)    # times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1
def sbox():                                                   # 5.1.1: the inverse in GF(2^8), then an affine map
    power = list(itertools.accumulate([1] * 255, lambda a, _: a ^ xtime(a)))        # of 3, which generates all of them
    inverse = [0] + [power[-power.index(a) % 255] for a in range(1, 256)]
    return bytes(0x63 ^ functools.reduce(lambda s, r: s ^ (b << r | b >> 8 - r) & 255, range(5), 0) for b in inverse)
S = sbox()
S_INVERSE = bytes(S.index(a) for a in range(256))
@functools.lru_cache(maxsize=64)
def aes256_round_keys(key):                                   # 5.2
    words = [key[i:i + 4] for i in range(0, 32, 4)]
    for i in range(8, 60):
        w = words[-1] if i % 4 else words[-1].translate(S)
        words.append(xor(words[i - 8], w if i % 8 else xor(w[1:] + w[:1], [1 << i // 8 - 1, 0, 0, 0])))
    return [b"".join(words[i:i + 4]) for i in range(0, 60, 4)]
def aes256_block(key, block):                                 # 5.1
    keys = aes256_round_keys(key)
    s = xor(block, keys[0])
    for number in range(1, 15):
        s = [S[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]                       # SubBytes, ShiftRows
        if number < 14:                                                             # MixColumns: 2a ^ 3b ^ c ^ d
            a, b, c, d = ([s[i // 4 * 4 + (i + j) % 4] for i in range(16)] for j in range(4))
            s = [xtime(a[i]) ^ xtime(b[i]) ^ b[i] ^ c[i] ^ d[i] for i in range(16)]
        s = xor(s, keys[number])                                                    # AddRoundKey
    return s
# ==== ChaCha20 block (RFC 8439 2.3), Poly1305 (RFC 8439 2.5), HKDF (RFC 5869)
def chacha20_block(key, last16):                              # last16: words 12 to 15, the counter and the nonce
    s = list(start := struct.unpack("<16I", b"expand 32-byte k" + key + last16))
    for i in list(range(8)) * 10:                             # four quarter rounds on columns, four on diagonals
        turn = i // 4
        a, b, c, d = i % 4, 4 + (i + turn) % 4, 8 + (i + 2 * turn) % 4, 12 + (i + 3 * turn) % 4
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) % 2**32
            s[z] = ((s[z] ^ s[x]) << r | (s[z] ^ s[x]) >> 32 - r) % 2**32
    return struct.pack("<16I", *((a + b) % 2**32 for a, b in zip(s, start)))
def poly1305(key, data):
    r, total = le(key[:16]) & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, 0
    for i in range(0, len(data), 16): total = (total + le(data[i:i + 16] + b"\1")) * r % (2**130 - 5)
    return ((total + le(key[16:])) % 2**128).to_bytes(16, "little")
def hkdf_extract(salt, ikm): return hmac256(salt or bytes(32), ikm)
def hkdf_expand(prk, info, length): return hmac256(prk, info + b"\1")[:length]       # length <= 32 here: one block
# ==== lock-v1 2: key schedule
def file_key(mk, lock_id): return hkdf_expand(hkdf_extract(lock_id, mk), label("fil"), 32)
def key_check(prk): return hkdf_expand(prk, label("chk"), 8)
def record_key(prk, h): return hkdf_expand(prk, label("rec") + h, 32)
def parameter_key(prk, name, h, t): return hkdf_expand(prk, label(name) + h + be64(t), 32)     # name: enc, mac, aux
def fingerprint(mk): return "-".join(re.findall("....", hkdf_expand(hkdf_extract(b"", mk), label("fpr"), 8).hex()))
# ==== lock-v1 3: key stream, and S; offset is the byte offset inside the parameter; back: unlock
@functools.lru_cache(maxsize=1 << 14)
def stream_block(suite, key, i):
    return aes256_block(key, be128(i)) if suite == 1 else chacha20_block(key, i.to_bytes(16, "little"))
def key_stream(suite, key, offset, length):
    size = {1: 16, 2: 64}[suite]
    blocks = range(offset // size, (offset + length + size - 1) // size)
    return b"".join(stream_block(suite, key, i) for i in blocks)[offset % size:][:length]
def mix(w, k, free, back):                                    # XOR on free bits (here all), S on wholly free bytes
    if back: return bytes((S_INVERSE[a] if f == 255 else a) ^ b & f for a, b, f in zip(w, k, free))
    return bytes(S[a ^ b] if f == 255 else a ^ b & f for a, b, f in zip(w, k, free))
# ==== lock-v1 4: tags
def one_time_key(suite, k_mac, j): return key_stream(suite, k_mac, {1: 32, 2: 64}[suite] * j, 32)
def chunk_tag(suite, k_mac, j, chunk): return poly1305(one_time_key(suite, k_mac, j), chunk)
def chunk_size(chunk_log2, layout): return (1 << chunk_log2) // unit(layout) * unit(layout)    # 5.3: less for `block`
def chunk_count(chunk_log2, layout, length): return -(-length // chunk_size(chunk_log2, layout))
def tag_list(suite, k_mac, size, locked):
    return b"".join(chunk_tag(suite, k_mac, at // size, locked[at:at + size]) for at in range(0, len(locked), size))
# ==== lock-v1 5: layouts, in the form that records hold (record-v1 3.4)
WIDTH, MANTISSA = {1: 2, 2: 2, 3: 4, 4: 8}, {1: 10, 2: 7, 3: 23, 4: 52}             # of dtypes: bytes, bits
def all_ones(dtype): return (1 << 8 * WIDTH[dtype] - 1 - MANTISSA[dtype]) - 1       # the exponent field of NaN
def exponent_of(x, dtype): return x >> MANTISSA[dtype] & all_ones(dtype)
def fields_of(layout): return layout[2] if layout[0] == 4 else [[0] + layout[1:]]   # elements: structs of one field
def unit(layout): return 1 if is_int(layout) else WIDTH[layout[1]] if layout[0] == 2 else layout[1]     # their size
def draw(u, j, n, bits=64):                                   # 5.1: the fraction u / 2^64 in base n, its digit j
    for _ in range(j + 1): r, u = divmod(u * n, 1 << bits)
    return r
def change_float(x, k, digit, back, dtype, lo, hi, flags):    # 5.1; digit(n): the draw r
    ring, sign = [0] * (flags & 1) + list(range(max(lo, 1), hi + 1)), 1 << 8 * WIDTH[dtype] - 1
    e, r = exponent_of(le(x), dtype), digit(len(ring))
    need(e in ring and not (flags & 2 and le(x) & sign), "tampered" if back else "bad-model", "off its ring, or signed")
    moved = ring[(ring.index(e) + (-r if back else r)) % len(ring)]
    free = (1 << MANTISSA[dtype]) - 1 | (0 if flags & 2 else sign)
    return le(mix(x, k, free.to_bytes(len(x), "little"), back)) ^ (e ^ moved) << MANTISSA[dtype]
def change_integer(x, k, back, width, b, flags):              # 5.2; without flags bit 0, bit b is the sign
    free = (1 << b + 1 - flags) - 1
    def extended(y): return y & free | (0 if flags or not y >> b & 1 else (1 << 8 * width) - 1 - free)
    need(le(x) == extended(le(x)), "tampered" if back else "bad-model", "an integer outside its range")
    return extended(le(mix(x, k, free.to_bytes(width, "little"), back)))
def change(back, suite, k_enc, k_aux, layout, at, data):      # lock, or unlock (back), what stands at byte `at`
    if layout == 1: return data
    k = key_stream(suite, k_enc, at, len(data))
    out = bytearray(mix(data, k, b"\xff" * len(data), back))                        # `bytes`, and the rest of a struct
    for start in range(0, len(data), unit(layout)) if layout else []:
        for f, (offset, *attrs) in enumerate(fields_of(layout)):                    # 5.3, and 5.1 and 5.2 with f = 0
            size = layout[1] if layout[0] == 3 else WIDTH[attrs[0]]
            x, k_i = (whole[start + offset:start + offset + size] for whole in (data, k))
            q, j = divmod((at + start) // unit(layout), 2 if size == 8 else 4)
            def digit(n): return draw(le(key_stream(suite, k_aux, f * 2**60 + 8 * q, 8)), j, n)
            new = change_float(x, k_i, digit, back, *attrs) if layout[0] != 3 else change_integer(x, k_i, back, *attrs)
            out[start + offset:start + offset + size] = new.to_bytes(size, "little")
    return bytes(out)
def choose_finite(dtype, elements):                           # 5.4; elements: x of section 5
    found, middle = {exponent_of(x, dtype) for x in elements}, all_ones(dtype) // 2
    flags = (0 in found) + 2 * all(x >> 8 * WIDTH[dtype] - 1 == 0 for x in elements)
    ends = [*found - {0}, *([middle - 8, middle] if len(elements) < 16 else [])] or [0]
    lo = min([max(1, middle - 40)] * (ends != [0] and flags < 2) + ends)
    return [2, dtype, lo, max(ends), flags] if all_ones(dtype) not in found else int(len(found) == 1)
def choose_range(width, values):                              # 5.4; values: with their signs
    return [3, width, max(7, *(max(x, ~x).bit_length() for x in values)), int(min(values) >= 0)]
# ==== lock-v1 6: skeleton hash of file f
def skeleton_hash(role, data, f, params):
    out, at = label("skl") + be32(role) + be64(len(data)), 0
    for start, length in [(p[1], p[2]) for p in params if p[0] == f] + [(len(data), 0)]:
        if start > at: out += be64(at) + be64(start - at) + data[at:start]
        at = start + length
    return sha256(out)
# ==== record-v1 1: the subset of CBOR
def encode(item):
    def head(major, n):
        k = next(k for k in range(4) if n < 1 << (8 << k))
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24 + k]) + n.to_bytes(1 << k, "big")
    if item is None: return b"\xf6"
    if is_int(item): return head(0, item)
    return head(2, len(item)) + item if isinstance(item, bytes) else head(4, len(item)) + b"".join(map(encode, item))
def decode(data):
    rest = io.BytesIO(data)
    def take(n): return form(n <= len(data) - rest.tell(), "CBOR ends early") or rest.read(n)
    def read(depth):
        major, n = divmod(take(1)[0], 32)
        if (major, n) == (7, 22): return None
        form(major in ((0, 2, 4) if depth < 6 else (0, 2)) and n < 28, "CBOR outside the subset, or too deep")
        n = n if n < 24 else be(take(1 << n - 24))
        return n if major == 0 else take(n) if major == 2 else [read(depth + 1) for _ in range(n)]
    item = read(0)
    form(rest.read() == b"" and encode(item) == data, "CBOR: more than one item, or not shortest form")
    return item
# ==== record-v1 3: core; fields are judged in their order, each first for its form, then for a known value
def is_int(x): return isinstance(x, int)
def is_bytes(x, n): return isinstance(x, bytes) and len(x) == n
def is_array(x, n=None): return isinstance(x, list) and n in (None, len(x))
def form(condition, why="a field of the core breaks its rule"): need(condition, "bad-record", why)
def known(condition): need(condition, "unsupported", "a field of the core has a value that version 1 does not know")
def number(x, *values): form(is_int(x)), known(x in values)
def check_layout(layout, length):                                                   # record-v1 3.4
    kind = layout[0] if is_array(layout) and layout else layout
    form(is_int(kind) and (is_int(layout) or kind >= 2)), known(kind < (2 if is_int(layout) else 5))
    form(is_int(layout) or len(layout) == {2: 5, 3: 4, 4: 3}[kind])
    if kind == 3:
        _, width, b, flags = layout
        number(width, 2, 4, 8), form(is_int(b)), number(flags, 0, 1), form(b <= 8 * width - 1 + flags)
    form(kind != 4 or is_int(layout[1]) and 0 < layout[1] < 65536 and is_array(layout[2]) and 0 < len(layout[2]) <= 16)
    end = 0
    for field in fields_of(layout) if kind in (2, 4) else []:
        form(is_array(field, 5) and is_int(field[0]))
        offset, dtype, lo, hi, flags = field
        number(dtype, 1, 2, 3, *[4] * (kind == 2)), form(is_int(lo) and is_int(hi)), number(flags, 0, 1, 2, 3)
        form(1 <= lo <= hi < all_ones(dtype) or lo == hi == 0 and flags & 1)
        form(end <= offset <= unit(layout) - WIDTH[dtype])
        end = offset + WIDTH[dtype]
    form(length % unit(layout) == 0)
def check_core(core):
    items, names = decode(core), "version suite lock_id check chunk_log2 flags family publisher licence files params"
    form(is_array(items, 11))
    c = types.SimpleNamespace(**dict(zip(names.split(), items)))
    number(c.version, 1), number(c.suite, 1, 2)
    form(is_bytes(c.lock_id, 16) and is_bytes(c.check, 8) and is_int(c.chunk_log2) and 16 <= c.chunk_log2 <= 24)
    number(c.flags, 0)
    form(c.family is None or is_array(c.family, 2) and is_bytes(c.family[0], 16) and is_int(c.family[1]))
    form(c.publisher is None or is_bytes(c.publisher, 32)), known(c.publisher is None)
    form(c.licence is None or is_bytes(c.licence, 32)), need(c.licence is None, "licence", "a licence is demanded")
    form(is_array(c.files) and 1 <= len(c.files) <= 65536)
    for file in c.files:                                                            # record-v1 3.1
        form(is_array(file, 5))
        role, kind, length, skeleton, derived = file
        number(role, 0, 1, 2), number(kind, *range(9)), form(is_int(length) and 1 <= length <= 2**60)
        form(is_bytes(skeleton, 32) and is_array(derived)), known(derived == [])
    form(is_array(c.params) and 1 <= len(c.params) <= 2**24)
    end = 0, 0
    for param in c.params:                                                          # record-v1 3.2
        form(is_array(param, 4) and all(map(is_int, param[:3])))
        f, offset, length, layout = param
        form(length >= 1 and f < len(c.files) and offset + length <= c.files[f][2] and (f, offset) >= end)
        check_layout(layout, length)
        end = f, offset + length
    form(sum(chunk_count(c.chunk_log2, layout, length) for _, _, length, layout in c.params) <= 2**32)
    return c
# ==== record-v1 2 to 5: reading a record
def record_mac(prk, core, *covered): return hmac256(record_key(prk, sha256(core)), b"".join(covered))
def cut(data, *lengths):                                      # consecutive pieces of these lengths
    return [data[end - n:end] for n, end in zip(lengths, itertools.accumulate(lengths))]
def parse_record(record):
    form(len(record) >= 32 and record[:7] == b"NNLOCKR", "no record")
    need(record[7:8] == b"1", "unsupported", "a record of another version")
    m0, mc, head_length, slot_length, tags_length = struct.unpack(">4IQ", record[8:32])
    end = 32 + head_length + 2 * slot_length + tags_length
    form(mc >= 1 and 64 <= slot_length <= 2**20 and len(record) == end + -end % 48, "number of files, or a length")
    framing, head, *slots, tags, fill = cut(record, 32, head_length, slot_length, slot_length, tags_length, -end % 48)
    items = decode(head)
    form(not any(fill) and is_array(items, 3) and isinstance(items[0], bytes) and isinstance(items[1], bytes), "head")
    need(items[2] is None, "unsupported", "signature")
    core, digests, _ = items
    c = check_core(core)
    covered = [t for t, (f, *_) in enumerate(c.params) if m0 <= f < m0 + mc]
    sizes = [16 * chunk_count(c.chunk_log2, c.params[t][3], c.params[t][2]) for t in covered]
    form(len(digests) == 32 * len(c.params) and m0 + mc <= len(c.files) and sum(sizes) == tags_length, "digests, tags")
    form(any(slots[0]) != any(slots[1]), "exactly one slot must be filled")                     # record-v1 5
    slot = int(any(slots[1]))
    n = be(slots[slot][:4])
    form(1 <= n <= slot_length - 36 and not any(slots[slot][36 + n:]), "slot")
    _, envelope, mac = cut(slots[slot], 4, n, 32)
    e = decode(envelope)
    form(is_array(e, 3) and e[0] in (0, 1) and (e[1] is None or is_bytes(e[1], 8)) and is_array(e[2]), "envelope")
    need(e[2] == [], "unsupported", "stanzas")
    form(e[0] == 1, "no recipient")
    return (core, c, range(m0, m0 + mc), [framing, head, be32(slot), envelope], mac,
            cut(digests, *[32] * len(c.params)), dict(zip(covered, cut(tags, *sizes))))
# ==== lock-v1 7: locking. files: [(role, format, bytes)]; params: [(file, offset, length, layout)]; hint: 8 bytes;
# family: [id, version]; cover: [(m0, mc)], by default one record for each file. Returns (records, locked files)
def lock(mk, lock_id, suite, chunk_log2, files, params, slot_length=1024, hint=None, family=None, cover=None):
    need(any(layout != 1 for _, _, _, layout in params), "nothing-to-lock", "no parameter is left to lock")
    prk = hkdf_extract(lock_id, file_key(mk, lock_id))
    entries = [[*x[:2], len(x[2]), skeleton_hash(x[0], x[2], f, params), []] for f, x in enumerate(files)]
    check_core(core := encode([1, suite, lock_id, key_check(prk), chunk_log2, 0, family, None, None, entries, params]))
    locked, lists, records = [bytearray(data) for _, _, data in files], [], []
    for t, (f, first, length, layout) in enumerate(params):
        k_enc, k_aux, k_mac = (parameter_key(prk, name, sha256(core), t) for name in ("enc", "aux", "mac"))
        chunks = change(False, suite, k_enc, k_aux, layout, 0, files[f][2][first:first + length])
        lists.append(tag_list(suite, k_mac, chunk_size(chunk_log2, layout), chunks))
        locked[f][first:first + length] = chunks
    head, envelope = encode([core, b"".join(map(sha256, lists)), None]), encode([1, hint, []])
    for m0, mc in cover or [(f, 1) for f in range(len(files))]:                     # record-v1 2, 4, 5
        tags = b"".join(tags for tags, p in zip(lists, params) if m0 <= p[0] < m0 + mc)
        framing = b"NNLOCKR1" + struct.pack(">4IQ", m0, mc, len(head), slot_length, len(tags))
        slot = be32(len(envelope)) + envelope + record_mac(prk, core, framing, head, be32(0), envelope)
        record = framing + head + slot.ljust(2 * slot_length, b"\0") + tags
        records.append(record + bytes(-len(record) % 48))
    return records, [bytes(x) for x in locked]
# ==== lock-v1 8: opening, and 9: decoy. files: {index: restored bytes, locked}; lock_id, family: (id, least version):
# demanded; codec(format, bytes, spans) does step 6 for the formats that are not `raw`. Returns {index: plain bytes}
def open_(mk, record, files, decoy=False, lock_id=None, family=None, codec=None):
    core, c, covered, maced, mac, digests, tag_lists = parse_record(record)         # step 2
    for f in covered: need(len(files[f]) == c.files[f][2], "tampered", "length of a file")      # step 3
    prk = hkdf_extract(c.lock_id, file_key(mk, c.lock_id))                          # step 4
    fits = hmac.compare_digest(key_check(prk), c.check)
    need(fits or decoy, "wrong-key", "key check")              # a decoy with a key that fits is an ordinary opening
    def keyed(computed, stored, why): need(not fits or hmac.compare_digest(computed, stored), "tampered", why)
    keyed(record_mac(prk, core, *maced), mac, "record MAC")
    for t, tags in tag_lists.items(): keyed(sha256(tags), digests[t], "digest of a tag list")
    for f in covered: keyed(skeleton_hash(c.files[f][0], files[f], f, c.params), c.files[f][3], "skeleton")     # step 5
    for f in covered:                                                               # step 6
        if c.files[f][1] != 0: codec(c.files[f][1], files[f], [(p[1], p[2]) for p in c.params if p[0] == f])
    need(lock_id in (None, c.lock_id), "tampered", "lock id")                       # step 7
    need(not family or c.family and c.family[0] == family[0] and c.family[1] >= family[1], "tampered", "family")
    plain = {f: bytearray(files[f]) for f in covered}
    for t, tags in tag_lists.items():                                               # step 8, the chunks of t together
        f, first, length, layout = c.params[t]
        k_enc, k_aux, k_mac = (parameter_key(prk, name, sha256(core), t) for name in ("enc", "aux", "mac"))
        chunks = files[f][first:first + length]
        keyed(tag_list(c.suite, k_mac, chunk_size(c.chunk_log2, layout), chunks), tags, f"a tag of parameter {t}")
        plain[f][first:first + length] = change(True, c.suite, k_enc, k_aux, layout, 0, chunks)
    return {f: bytes(data) for f, data in plain.items()}
# ==== key-file-v1: key line (2; Bech32m, BIP 350) and file (1, 3)
HRP, BECH32 = "nnlock-master-key-", "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M = 0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3                # BIP 173
def bech32m_checksum(values):
    c = 1
    for v in [ord(x) >> 5 for x in HRP] + [0] + [ord(x) & 31 for x in HRP] + values + [0] * 6:
        c = functools.reduce(lambda a, i: a ^ BECH32M[i] * (c >> 25 + i & 1), range(5), (c & 0x1FFFFFF) << 5 ^ v)
    return [(c ^ 0x2BC830A3) >> 5 * (5 - i) & 31 for i in range(6)]
def key_line(mk):
    values = [be(mk) << 4 >> 5 * (51 - i) & 31 for i in range(52)]
    return (HRP + "1" + "".join(BECH32[v] for v in values + bech32m_checksum(values))).upper()
def write_key_file(mk, created):
    return (f"# nnlock master key. Keep it secret, keep a backup.\n# created: {created}\n"
            f"# fingerprint: {fingerprint(mk)}\n{key_line(mk)}\n").encode()
def parse_key_file(text):
    def form(condition, why): need(condition, "bad-key-file", why)
    form(len(text) <= 4096 and all(b == 10 or 32 <= b <= 126 for b in text), "too long, or a byte that is not allowed")
    lines = text.decode("ascii").split("\n")
    keys = [line for line in lines if line and line[0] != "#"]
    form(len(keys) == 1 and re.fullmatch(f"{HRP}1[{BECH32}]{{58}}".upper(), keys[0]), "not exactly one key line")
    mk = (functools.reduce(lambda a, x: a << 5 | BECH32.index(x), keys[0][19:71].lower(), 0) >> 4).to_bytes(32, "big")
    form(key_line(mk) == keys[0], "padding bits or checksum")  # written again, it must be the same line
    form(all(line[15:] == fingerprint(mk) for line in lines if line.startswith("# fingerprint: ")), "fingerprint")
    return mk
