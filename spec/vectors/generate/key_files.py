# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind keyfile: key-file-v1."""
import nnlock_ref as ref
from scenarios import MK, OTHER_MK, add, data


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
