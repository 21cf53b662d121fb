# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind model: record-v1 section 6.2, one safetensors file."""
import struct

import model_files
import nnlock_ref as ref
import run_vectors
from records import flip
from scenarios import LOCK_ID, MK, OTHER_MK, add, data, pattern


# files: the module that knows the format: model_files, onnx_files, tflite_files. params: of a lock, in order.
def open_model(v, files):
    file, mk = run_vectors.data(v["file"]), run_vectors.data(v["master"])
    found, restored = files.find(file, ref.Reject)
    sidecar = run_vectors.data(v["sidecar"]) if v["sidecar"] is not None else None
    ref.need(found is not None or sidecar is not None, "not-locked", "no record")
    ref.need(found is None or sidecar is None, "bad-record", "two records")

    def codec(kind, raw, recorded):
        ref.need(kind == files.FORMAT, "unsupported", "not in this generator")
        tensors = files.spans(raw, ref.Reject)
        ref.need(all(span in tensors for span in recorded), "bad-model", "a recorded span is no tensor")
    return ref.open_(mk, found if found is not None else sidecar, {0: restored}, codec=codec)[0]


def all_bytes(v, file):
    return [[0, offset, length, 0] for offset, length in model_files.spans(file, ref.Reject)]


def lock_model(v, files=model_files, params=all_bytes):
    file, mk = run_vectors.data(v["file"]), run_vectors.data(v["master"])
    ref.need(files.find(file, ref.Reject)[0] is None, "already-locked", "a record is in it")
    records, locked = ref.lock(mk, run_vectors.data(v["lock_id"]), v["suite"], v["chunk_log2"], [(0, files.FORMAT, file)], params(v, file),
                               v["slot_length"])
    return (locked[0], records[0]) if v["sidecar_wanted"] else (files.embed(locked[0], records[0]), None)


def run_model(v, files=model_files, params=all_bytes):
    try:
        if v["operation"] == "open":
            if not run_vectors.same(v.get("plain", ""), open_model(v, files)) and v["class"] == "ok":
                return "plain"
        else:
            made, sidecar = lock_model(v, files, params)
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
        add("model", name, comment, spec, cls, check=run_model, operation="open", master=mk.hex(), file=data(file),
            sidecar=None if sidecar is None else data(sidecar), **({"plain": plain.hex()} if cls == "ok" else {}))

    def lock_case(name, comment, spec, cls, file, suite=1, sidecar=False):
        fields = dict(operation="lock", master=MK.hex(), lock_id=LOCK_ID.hex(), suite=suite, chunk_log2=16, slot_length=64,
                      file=data(file), sidecar_wanted=sidecar)
        if cls == "ok":
            made, record = lock_model(fields)
            fields.update(locked=made.hex(), sidecar=record and record.hex())
        add("model", name, comment, spec, cls, check=run_model, **fields)

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
