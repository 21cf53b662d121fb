# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""nnlock version 1 for readers: ../lock-v1.md, ../record-v1.md and ../key-file-v1.md as a program, with their numbers.
It is the oracle of ../vectors. It is slow, not constant-time, and wipes no secrets: never protect a model with it.
Python 3.9, standard library only. Of the model formats it knows `raw` alone (see open_, step 6).
"""
import functools, hashlib, hmac, io, re, struct
from types import SimpleNamespace
class Reject(Exception):                                      # an input is refused: Reject(class of lock-v1 10, why)
    cls = property(lambda self: self.args[0])
def need(condition, cls, why):
    if not condition: raise Reject(cls, why)

# ==== lock-v1 1: notation
be32, be64, be128 = (lambda n, size=size: n.to_bytes(size, "big") for size in (4, 8, 16))
def le64(n): return n.to_bytes(8, "little")
def sha256(data): return hashlib.sha256(data).digest()
def hmac256(key, data): return hmac.new(key, data, hashlib.sha256).digest()
def xor(a, b): return bytes(x ^ y for x, y in zip(a, b))
def label(xyz): return b"nnlock/v1/" + xyz.encode() + b"\0"

# ==== AES-256 (FIPS 197), one block; the state is 16 bytes, column after column
def xtime(a): return (a << 1) ^ (0x11B if a & 0x80 else 0)    # times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1
def sbox():                                                   # 5.1.1: the inverse in GF(2^8), then an affine map
    power = [1]                                               # power[i] = 3^i; 3 generates all non-zero elements
    while len(power) < 255:
        power.append(power[-1] ^ xtime(power[-1]))
    inverse = [0] + [power[-power.index(a) % 255] for a in range(1, 256)]
    return bytes(0x63 ^ functools.reduce(lambda s, r: s ^ (b << r | b >> 8 - r) & 255, range(5), 0) for b in inverse)
S = sbox()
S_INVERSE = bytes(S.index(a) for a in range(256))
@functools.lru_cache(maxsize=64)
def aes256_round_keys(key):                                   # 5.2
    words, rcon = [key[i:i + 4] for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        w = words[-1]
        if i % 8 == 0:
            w, rcon = xor((w[1:] + w[:1]).translate(S), [rcon, 0, 0, 0]), xtime(rcon)
        elif i % 8 == 4:
            w = w.translate(S)
        words.append(xor(words[i - 8], w))
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
    start = struct.unpack("<16I", b"expand 32-byte k" + key + last16)
    s = list(start)
    for i in list(range(8)) * 10:                             # four quarter rounds on columns, four on diagonals
        turn = i // 4
        a, b, c, d = i % 4, 4 + (i + turn) % 4, 8 + (i + 2 * turn) % 4, 12 + (i + 3 * turn) % 4
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) % 2**32
            s[z] = ((s[z] ^ s[x]) << r | (s[z] ^ s[x]) >> 32 - r) % 2**32
    return struct.pack("<16I", *((a + b) % 2**32 for a, b in zip(s, start)))
def poly1305(key, data):
    r, total = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")
def hkdf_extract(salt, ikm): return hmac256(salt or bytes(32), ikm)
def hkdf_expand(prk, info, length): return hmac256(prk, info + b"\1")[:length]       # length <= 32 here: one block

# ==== lock-v1 2: key schedule
def file_key(mk, lock_id): return hkdf_expand(hkdf_extract(lock_id, mk), label("fil"), 32)
def key_check(prk): return hkdf_expand(prk, label("chk"), 8)
def record_key(prk, h): return hkdf_expand(prk, label("rec") + h, 32)
def parameter_key(prk, name, h, t): return hkdf_expand(prk, label(name) + h + be64(t), 32)     # name: enc, mac, aux
def fingerprint(mk): return "-".join(re.findall("....", hkdf_expand(hkdf_extract(b"", mk), label("fpr"), 8).hex()))

# ==== lock-v1 3: key stream and layout `bytes`; offset is the byte offset inside the parameter
def key_stream(suite, key, offset, length):
    size = {1: 16, 2: 64}[suite]
    def block(i): return aes256_block(key, be128(i)) if suite == 1 else chacha20_block(key, le64(i) + bytes(8))
    blocks = range(offset // size, (offset + length + size - 1) // size)
    return b"".join(block(i) for i in blocks)[offset % size:][:length]
def scramble(w, k): return xor(w, k).translate(S)
def unscramble(w, k): return xor(w.translate(S_INVERSE), k)

# ==== lock-v1 4: tags
def one_time_key(suite, k_mac, j): return key_stream(suite, k_mac, {1: 32, 2: 64}[suite] * j, 32)
def chunk_tag(suite, k_mac, j, chunk): return poly1305(one_time_key(suite, k_mac, j), chunk)
def chunk_count(length, chunk_log2): return (length + (1 << chunk_log2) - 1) >> chunk_log2
def tag_list(suite, k_mac, chunk_log2, locked):
    return b"".join(chunk_tag(suite, k_mac, j, locked[j << chunk_log2:(j + 1) << chunk_log2])
                    for j in range(chunk_count(len(locked), chunk_log2)))

# ==== lock-v1 6: skeleton hash of file f
def skeleton_hash(role, data, f, params):
    out, at = label("skl") + be32(role) + be64(len(data)), 0
    for start, length in [(p[1], p[2]) for p in params if p[0] == f] + [(len(data), 0)]:
        if start > at:
            out += be64(at) + be64(start - at) + data[at:start]
        at = start + length
    return sha256(out)

# ==== record-v1 1: the subset of CBOR
def encode(item):
    def head(major, n):
        k = next(k for k in range(4) if n < 1 << (8 << k))
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24 + k]) + n.to_bytes(1 << k, "big")
    if item is None:
        return b"\xf6"
    if isinstance(item, int):
        return head(0, item)
    return head(2, len(item)) + item if isinstance(item, bytes) else head(4, len(item)) + b"".join(map(encode, item))
def decode(data):
    rest = io.BytesIO(data)
    def take(n):
        need(n <= len(data) - rest.tell(), "bad-record", "CBOR ends early")
        return rest.read(n)
    def read(depth):
        first = take(1)[0]
        if first == 0xF6: return None
        major, n = first >> 5, first & 31
        need(major in (0, 2, 4) and n < 28, "bad-record", "CBOR outside the subset")
        n = n if n < 24 else int.from_bytes(take(1 << n - 24), "big")
        if major != 4: return n if major == 0 else take(n)
        need(depth < 6 and n <= len(data) - rest.tell(), "bad-record", "CBOR nests too deep, or claims too many items")
        return [read(depth + 1) for _ in range(n)]
    item = read(0)
    need(rest.read() == b"" and encode(item) == data, "bad-record", "CBOR: more than one item, or not shortest form")
    return item

# ==== record-v1 3: core; fields are judged in their order, each first for its form, then for a known value
def is_int(x): return isinstance(x, int)
def is_bytes(x, n): return isinstance(x, bytes) and len(x) == n
def is_array(x, n=None): return isinstance(x, list) and n in (None, len(x))
def check_core(core):
    def form(condition): need(condition, "bad-record", "a field of the core breaks its rule")
    def known(condition): need(condition, "unsupported", "a field of the core has a value that version 1 does not know")
    items, names = decode(core), "version suite lock_id check chunk_log2 flags family publisher licence files params"
    form(is_array(items, 11))
    c = SimpleNamespace(**dict(zip(names.split(), items)))
    form(is_int(c.version)), known(c.version == 1), form(is_int(c.suite)), known(c.suite in (1, 2))
    form(is_bytes(c.lock_id, 16) and is_bytes(c.check, 8) and is_int(c.chunk_log2) and 16 <= c.chunk_log2 <= 24)
    form(is_int(c.flags)), known(c.flags == 0)
    form(c.family is None or is_array(c.family, 2) and is_bytes(c.family[0], 16) and is_int(c.family[1]))
    form(c.publisher is None or is_bytes(c.publisher, 32)), known(c.publisher is None)
    form(c.licence is None or is_bytes(c.licence, 32)), need(c.licence is None, "licence", "a licence is demanded")
    form(is_array(c.files) and 1 <= len(c.files) <= 65536)
    for file in c.files:                                                            # record-v1 3.1
        form(is_array(file, 5))
        role, kind, length, skeleton, derived = file
        form(is_int(role)), known(role <= 2), form(is_int(kind)), known(kind <= 3)
        form(is_int(length) and 1 <= length <= 2**60 and is_bytes(skeleton, 32))
        form(is_array(derived)), known(derived == [])
    form(is_array(c.params) and 1 <= len(c.params) <= 2**24)
    end, chunks = (0, 0), 0
    for param in c.params:                                                          # record-v1 3.2, 3.4
        form(is_array(param, 4) and all(map(is_int, param[:3])))
        f, offset, length, layout = param
        form(length >= 1 and f < len(c.files) and offset + length <= c.files[f][2] and (f, offset) >= end)
        first = layout[0] if is_array(layout) and layout else layout
        form(is_int(first) and (is_int(layout) or first >= 2)), known(first < 2)
        end, chunks = (f, offset + length), chunks + chunk_count(length, c.chunk_log2)
    form(chunks <= 2**32)
    return c

# ==== record-v1 2, 4, 5: writing a record
def record_mac(prk, core, framing, head, slot, envelope):
    return hmac256(record_key(prk, sha256(core)), framing + head + be32(slot) + envelope)
def assemble(prk, core, digests, tags, m0, mc, envelope, slot_length, slot=0, signature=None):
    head = encode([core, digests, signature])
    framing = b"NNLOCKR1" + be32(m0) + be32(mc) + be32(len(head)) + be32(slot_length) + be64(len(tags))
    full = be32(len(envelope)) + envelope + record_mac(prk, core, framing, head, slot, envelope)
    slots = full.ljust(slot_length, b"\0").rjust((1 + slot) * slot_length, b"\0").ljust(2 * slot_length, b"\0")
    record = framing + head + slots + tags
    return record + bytes(-len(record) % 48)
def write_record(prk, core, locked, m0, mc, slot_length=1024, hint=None):
    c, lists, covered = check_core(core), [], b""
    for t, (f, offset, length, _) in enumerate(c.params):
        k_mac = parameter_key(prk, "mac", sha256(core), t)
        lists.append(tag_list(c.suite, k_mac, c.chunk_log2, locked[f][offset:offset + length]))
        covered += lists[t] if m0 <= f < m0 + mc else b""
    return assemble(prk, core, b"".join(map(sha256, lists)), covered, m0, mc, encode([1, hint, []]), slot_length)

# ==== record-v1 2 to 5: reading a record
def parse_record(record):
    def form(condition, why): need(condition, "bad-record", why)
    form(len(record) >= 8 and record[:7] == b"NNLOCKR", "no record")
    need(record[7:8] == b"1", "unsupported", "a record of another version")
    form(len(record) >= 32, "shorter than its framing")
    m0, mc, head_length, slot_length = (int.from_bytes(record[i:i + 4], "big") for i in (8, 12, 16, 20))
    slots_end = 32 + head_length + 2 * slot_length
    end = slots_end + int.from_bytes(record[24:32], "big")
    form(mc >= 1 and 64 <= slot_length <= 2**20, "number of files or slot length out of range")
    form(len(record) == end + -end % 48 and not any(record[end:]), "length or fill")
    head = record[32:32 + head_length]
    items = decode(head)
    form(is_array(items, 3) and isinstance(items[0], bytes) and isinstance(items[1], bytes), "head")
    need(items[2] is None, "unsupported", "signature")
    core, digests, c = items[0], items[1], check_core(items[0])
    form(len(digests) == 32 * len(c.params) and m0 + mc <= len(c.files), "digests or covered files")
    tags, at = {}, slots_end
    for t, (f, _, length, _) in enumerate(c.params):
        if m0 <= f < m0 + mc:
            size = 16 * chunk_count(length, c.chunk_log2)
            tags[t], at = record[at:at + size], at + size
    form(at == end, "length of the tag section")
    slots = [record[32 + head_length:][i * slot_length:][:slot_length] for i in (0, 1)]         # record-v1 5
    form(any(slots[0]) != any(slots[1]), "exactly one slot must be filled")
    slot, full = (0, slots[0]) if any(slots[0]) else (1, slots[1])
    n = int.from_bytes(full[:4], "big")
    form(1 <= n <= slot_length - 36 and not any(full[36 + n:]), "slot")
    envelope, mac = full[4:4 + n], full[4 + n:36 + n]
    e = decode(envelope)
    form(is_array(e, 3) and e[0] in (0, 1) and (e[1] is None or is_bytes(e[1], 8)) and is_array(e[2]), "envelope")
    need(e[2] == [], "unsupported", "stanzas")
    form(e[0] == 1, "no recipient")
    return SimpleNamespace(framing=record[:32], m0=m0, mc=mc, head=head, core=core, c=c, digests=digests, tags=tags,
                           slot=slot, envelope=envelope, mac=mac)

# ==== lock-v1 7: locking. files: [(role, format, bytes)]; params: [(file, offset, length, layout)]; hint: 8 bytes;
# family: [id, version]; cover: [(m0, mc)], by default one record for each file. Returns (records, locked files)
def lock(mk, lock_id, suite, chunk_log2, files, params, slot_length=1024, hint=None, family=None, cover=None):
    need(any(layout == 0 for _, _, _, layout in params), "nothing-to-lock", "no parameter is left to lock")
    prk = hkdf_extract(lock_id, file_key(mk, lock_id))
    entries = [[role, kind, len(data), skeleton_hash(role, data, f, params), []]
               for f, (role, kind, data) in enumerate(files)]
    core = encode([1, suite, lock_id, key_check(prk), chunk_log2, 0, family, None, None, entries, params])
    locked = [bytearray(data) for _, _, data in files]
    for t, (f, start, length, layout) in enumerate(params):
        if layout == 0:
            stream = key_stream(suite, parameter_key(prk, "enc", sha256(core), t), 0, length)
            locked[f][start:start + length] = scramble(locked[f][start:start + length], stream)
    cover = cover or [(f, 1) for f in range(len(files))]
    return [write_record(prk, core, locked, *part, slot_length, hint) for part in cover], [bytes(x) for x in locked]

# ==== lock-v1 8: opening, and 9: decoy. files: {index: restored bytes, locked}; expect_family: (id, least version);
# codec(format, bytes, spans) does step 6 for the formats that are not `raw`. Returns {index: plain bytes}
def open_(mk, record, files, decoy=False, expect_lock_id=None, expect_family=None, codec=None):
    r = parse_record(record)                                                        # step 2
    c, h, covered = r.c, sha256(r.core), range(r.m0, r.m0 + r.mc)
    for f in covered:                                                               # step 3
        need(len(files[f]) == c.files[f][2], "tampered", "length of a file")
    prk = hkdf_extract(c.lock_id, file_key(mk, c.lock_id))                          # step 4
    fits = hmac.compare_digest(key_check(prk), c.check)
    need(fits or decoy, "wrong-key", "key check")              # a decoy with a key that fits is an ordinary opening
    def keyed(computed, stored, why): need(not fits or hmac.compare_digest(computed, stored), "tampered", why)
    keyed(record_mac(prk, r.core, r.framing, r.head, r.slot, r.envelope), r.mac, "record MAC")
    for t, tags in r.tags.items():
        keyed(sha256(tags), r.digests[32 * t:32 * t + 32], "digest of a tag list")
    for f in covered:                                                               # step 5
        keyed(skeleton_hash(c.files[f][0], files[f], f, c.params), c.files[f][3], "skeleton")
    for f in covered:                                                               # step 6
        if c.files[f][1] != 0:
            codec(c.files[f][1], files[f], [(offset, length) for g, offset, length, _ in c.params if g == f])
    need(expect_lock_id in (None, c.lock_id), "tampered", "lock id")                # step 7
    need(expect_family is None or c.family and c.family[0] == expect_family[0] and c.family[1] >= expect_family[1],
         "tampered", "family or its version")
    plain = {f: bytearray(files[f]) for f in covered}
    for t, tags in r.tags.items():                                                  # step 8
        f, first, length, layout = c.params[t]
        k_mac, k_enc = parameter_key(prk, "mac", h, t), parameter_key(prk, "enc", h, t)
        for j in range(len(tags) // 16):
            offset = j << c.chunk_log2
            at, end = first + offset, first + min(offset + (1 << c.chunk_log2), length)
            chunk = bytes(files[f][at:end])
            keyed(chunk_tag(c.suite, k_mac, j, chunk), tags[16 * j:16 * j + 16], f"parameter {t}, offset {offset}")
            if layout == 0:
                plain[f][at:end] = unscramble(chunk, key_stream(c.suite, k_enc, offset, len(chunk)))
    return {f: bytes(data) for f, data in plain.items()}

# ==== key-file-v1: key line (2; Bech32m, BIP 350) and file (1, 3)
HRP, BECH32 = "nnlock-master-key-", "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
def bech32m_checksum(values):
    c = 1
    for v in [ord(x) >> 5 for x in HRP] + [0] + [ord(x) & 31 for x in HRP] + values + [0] * 6:
        top, c = c >> 25, (c & 0x1FFFFFF) << 5 ^ v
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            c ^= g if top >> i & 1 else 0
    return [(c ^ 0x2BC830A3) >> 5 * (5 - i) & 31 for i in range(6)]
def key_line(mk):
    values = [int.from_bytes(mk, "big") << 4 >> 5 * (51 - i) & 31 for i in range(52)]
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
