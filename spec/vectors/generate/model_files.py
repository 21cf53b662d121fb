# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Just enough of safetensors for the vectors of kind "model": build, embed a record (record-v1 6.2), find it, check spans."""
import base64
import json
import struct

FORMAT = 1


def build(header, data):
    """header: text. The header is padded with spaces to a multiple of 8 bytes, as stock writers do."""
    text = header.encode() + b" " * (-len(header.encode()) % 8)
    return struct.pack("<Q", len(text)) + text + data


def split(file):
    n = struct.unpack("<Q", file[:8])[0]
    return file[8:8 + n].decode(), file[8 + n:]


def join(header, data):
    return struct.pack("<Q", len(header.encode())) + header.encode() + data


def region(header, record):
    """Where the restored header takes the record, and the text that goes there."""
    value = '"nnlock":"' + base64.b64encode(record).decode() + '"'
    at = header.find('"__metadata__":{')
    if at < 0:
        at, text = header.index("{") + 1, '"__metadata__":{' + value + "},"
        spaces = -len(text) % 64
    elif header[at + 16:].lstrip()[0] != "}":
        at, text = at + 16, value + ","
        spaces = -len(text) % 64
    else:
        at, text = at + 16, value
        spaces = 64 - len(text) % 64
    return at, text + " " * spaces


def embed(restored, record):
    header, data = split(restored)
    at, text = region(header, record)
    return join(header[:at] + text + header[at:], data)


def find(file, reject):
    """(record or None, restored file)"""
    try:
        header, data = split(file)
        header.index("{")
    except (struct.error, UnicodeDecodeError, ValueError):
        return None, file
    if header.count('"nnlock"') == 0:
        return None, file
    if header.count('"nnlock"') > 1:
        raise reject("bad-record", "two records")
    start = header.index('"nnlock":"') if '"nnlock":"' in header else -1
    if start < 0:
        raise reject("bad-record", "not as it is written")
    value = header[start + 10:header.index('"', start + 10)]
    try:
        record = base64.b64decode(value, validate=True)
    except ValueError:
        raise reject("bad-record", "base64") from None
    for prefix, suffix in (('"__metadata__":{', "},"), ("", ","), ("", "")):  # forms A, B, C: the one that embed() repeats
        at, length = start - len(prefix), len(prefix) + 11 + len(value) + len(suffix)
        length += -length % 64 if suffix else 64 - length % 64
        if at > 0 and header[at:start] == prefix:
            restored = join(header[:at] + header[at + length:], data)
            try:
                if embed(restored, record) == file:
                    return record, restored
            except (ValueError, IndexError):
                pass
    raise reject("bad-record", "not where or not as the codec writes it")


def spans(restored, reject):
    """[(offset, length)] of all tensors, in order; or bad-model."""
    def once(pairs):
        if len({key for key, _ in pairs}) != len(pairs):
            raise reject("bad-model", "a key twice")
        return dict(pairs)
    try:
        header, data = split(restored)
        tensors = json.loads(header, object_pairs_hook=once)
        ends = sorted(t["data_offsets"] for name, t in tensors.items() if name != "__metadata__")
    except (struct.error, ValueError, KeyError, TypeError, AttributeError):
        raise reject("bad-model", "no safetensors header") from None
    at = 0
    for begin, end in ends:
        if begin != at or end < begin:
            raise reject("bad-model", "a hole or an overlap")
        at = end
    if at != len(data):
        raise reject("bad-model", "bytes after the tensors, or too few")
    first = len(restored) - len(data)
    return [(first + begin, end - begin) for begin, end in ends]
