# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind model: record-v1 sections 6.3 and 6.4, one TFLite or ONNX file. The parameters that a locker takes are written by hand."""
import struct

import models
import nnlock_ref as ref
import onnx_files
import run_vectors
import tflite_files
from records import flip
from scenarios import LOCK_ID, MK, OTHER_MK, add, data

SEVEN, EIGHT = "lock-v1 7", "lock-v1 8"


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


class Subject:
    """One format, one model of it, and the names of the tensors that are learned."""

    def __init__(self, word, files, section, learned):
        self.word, self.files, self.section, self.learned = word, files, section, learned

    def params(self, v, file):
        """lock-v1 7 and 5.4 for the learned tensors, in order."""
        found = self.files.tensors(file, ref.Reject)
        places = sorted((*found[name][:2], found[name][2], name) for name in self.learned if name in found)
        return [[0, offset, length, self.layout(v, name, dtype, file[offset:offset + length])] for offset, length, dtype, name in places]

    def layout(self, v, name, dtype, raw):
        if name in v.get("exclude", []):
            return 1
        return run_vectors.choose(dtype, raw) if v.get("layout") == "automatic" else 0

    def add(self, name, comment, spec, cls, **fields):
        add("model", f"{self.word}-{name}", comment, spec, cls, check=lambda v: models.run_model(v, self.files, self.params), **fields)

    def locked(self, file, params=None, suite=1, automatic=False, exclude=()):
        """(record, locked file) as opposed to lock(): over any file, with any parameters."""
        choice = dict(exclude=exclude, **({"layout": "automatic"} if automatic else {}))
        records, files = ref.lock(MK, LOCK_ID, suite, 16, [(0, self.files.FORMAT, file)], params or self.params(choice, file), 64)
        return records[0], files[0]

    def embedded(self, *given, **choice):
        record, raw = self.locked(*given, **choice)
        return self.files.embed(raw, record)

    def open(self, name, comment, cls, file, sidecar=None, plain=None, spec=EIGHT, mk=MK):
        self.add("open-" + name, comment, spec, cls, operation="open", master=mk.hex(), file=data(file),
                 sidecar=None if sidecar is None else data(sidecar), **({"plain": plain.hex()} if cls == "ok" else {}))

    def lock(self, name, comment, cls, file, suite=1, sidecar=False, spec=SEVEN, **choice):
        fields = dict(operation="lock", master=MK.hex(), lock_id=LOCK_ID.hex(), suite=suite, chunk_log2=16, slot_length=64,
                      file=data(file), sidecar_wanted=sidecar, **choice)
        if cls == "ok":
            made, record = models.lock_model(fields, self.files, self.params)
            fields.update(locked=made.hex(), sidecar=record and record.hex())
        self.add(name, comment, spec, cls, **fields)

    def usual(self, model, last):
        """What is the same for every format. last: the learned tensor that stays plain where one does."""
        self.lock("lock-bytes", "Everything in layout bytes.", "ok", model, spec=self.section)
        self.lock("lock-automatic", "Floats are finite, wide integers keep their range.", "ok", model, 2, spec="lock-v1 5.4",
                  layout="automatic")
        self.lock("lock-sidecar", f"The record in a sidecar; {last} is excluded.", "ok", model, sidecar=True, spec="record-v1 6.1",
                  layout="automatic", exclude=[last])
        self.open("bytes", "The record in the file, layout bytes.", "ok", self.embedded(model), plain=model, spec=self.section)
        self.open("automatic", "The record in the file, layouts finite, range and bytes.", "ok",
                  self.embedded(model, suite=2, automatic=True), plain=model, spec=self.section)
        record, raw = self.locked(model, automatic=True, exclude=[last])
        self.open("sidecar", f"The record in a sidecar; {last} is plain.", "ok", raw, record, model, spec="record-v1 6.1")
        self.open("wrong-key", "Another master key.", "wrong-key", self.embedded(model), mk=OTHER_MK)
        self.open("not-locked", "A file without record.", "not-locked", model)
        self.open("record-and-sidecar", "The same record in the file and in a sidecar.", "bad-record", self.files.embed(raw, record), record)
        name, (offset, length, _) = sorted(self.files.tensors(model, ref.Reject).items())[0]
        self.open("data-flipped", f"A bit of {name}.", "tampered", flip(self.embedded(model), offset))
        self.open("span-no-tensor", f"The recorded span begins 4 bytes inside {name}.", "bad-model",
                  self.embedded(model, [[0, offset + 4, length - 4, 0]]))
        self.lock("lock-already-locked", "A file that holds a record.", "already-locked", self.embedded(model))


def make_onnx():
    subject = Subject("onnx", onnx_files, "record-v1 6.4", ["w", "bias", "q"])
    x = onnx_files
    nodes = [x.node("MatMul", ["x", "w"], ["m"]), x.node("DequantizeLinear", ["bias", "scale"], ["b"]), x.node("Add", ["m", "b"], ["s"]),
             x.node("DequantizeLinear", ["q", "scale"], ["r"]), x.node("MatMul", ["s", "r"], ["t"]), x.node("Reshape", ["t", "shape"], ["y"])]
    weights = floats(0.5, -0.25, 1, 0.125, -1, 0.75)
    w, shape = x.tensor("w", 1, [2, 3], weights), x.tensor("shape", 7, [2], struct.pack("<2q", 1, 2))
    rest = [x.tensor("bias", 6, [3], struct.pack("<3i", -300, 20, 4)), x.tensor("scale", 1, [1], floats(0.01)),
            x.tensor("q", 3, [3, 2], bytes([1, 2, 3, 250, 5, 6])), shape]
    model = x.model(*nodes, w, *rest)
    subject.usual(model, "q")
    record, raw = subject.locked(model)
    embedded, entry = x.embed(raw, record), x.embed(b"", record)
    key, value = entry[3:11], entry[11:]      # the entry's tag and length of two bytes stand before them
    assert x.piece(14, key + value) == entry

    def bad(name, comment, file, spec=subject.section):
        subject.open(name, comment, "bad-record", file, spec=spec)
    bad("record-twice", "The entry twice.", embedded + entry, EIGHT)
    bad("record-not-last", "A foreign entry after the record.", embedded + x.entry("author", "somebody"))
    bad("value-before-key", "The value before the key.", raw + x.piece(14, value + key))
    bad("length-not-shortest", "The entry's length in three bytes.", raw + entry[:2] + bytes([entry[2] | 128, 0]) + entry[3:])
    bad("base64-padding", "Padding after the base64.", raw + x.entry("nnlock", value[3:] + b"===="))
    subject.open("operator-changed", "Sub in place of Add.", "tampered", embedded.replace(b"Add", b"Sub"))
    subject.open("entry-before-record", "A foreign entry before the record, put there after locking.", "tampered",
                 raw + x.entry("author", "somebody") + entry)

    def bad_model(name, comment, file):
        subject.open(name, comment, "bad-model", subject.embedded(file, [[0, file.index(weights), 24, 0]]))
    bad_model("values-too-long", "Locked over a file whose w has 4 elements by its shape and 6 by its values.",
              x.model(*nodes, x.tensor("w", 1, [2, 2], weights), *rest))
    bad_model("name-twice", "Locked over a file with two initializers of one name.", x.model(*nodes, w, *rest, rest[0]))
    subject.lock("lock-nothing", "A shape is the only tensor.", "nothing-to-lock", x.model(x.node("Reshape", ["x", "shape"], ["y"]), shape))


def make_tflite():
    subject = Subject("tflite", tflite_files, "record-v1 6.3", ["w", "b", "wq", "bq"])
    x = tflite_files
    tensors = [("x", 0, [1, 4], 0), ("w", 0, [3, 4], 1), ("b", 0, [3], 2), ("h", 0, [1, 3], 0), ("wq", 9, [2, 3], 3), ("bq", 2, [2], 4),
               ("y", 0, [1, 2], 0), ("shape", 2, [2], 5), ("z", 0, [2, 1], 0)]
    operators = [(9, [0, 1, 2], [3]), (9, [3, 4, 5], [6]), (22, [6, 7], [8])]      # FULLY_CONNECTED twice, RESHAPE
    values = [floats(*(0.25 * i - 1 for i in range(12))), floats(1, 2, 3), bytes(range(250, 256)), struct.pack("<2i", -5, 700),
              struct.pack("<2i", 2, 1)]
    model = x.model(tensors, operators, values)
    subject.usual(model, "wq")
    record, raw = subject.locked(model)
    embedded, trailer = x.embed(raw, record), struct.pack(">Q", len(record)) + x.MAGIC
    after = model + b"PK\x05\x06" + bytes(18)
    subject.open("bytes-after-flatbuffer", "Bytes after the flatbuffer, as metadata are: they were there when it was locked.", "ok",
                 subject.embedded(after), plain=after, spec=subject.section)
    subject.open("other-magic", "Another last byte: that is no record.", "not-locked", embedded[:-1] + b"2", spec=subject.section)
    subject.open("record-twice", "Record and trailer twice.", "bad-record", embedded + record + trailer, spec=subject.section)
    subject.open("length-past-start", "The trailer's length is one more than there are bytes before it.", "bad-record",
                 raw + record + struct.pack(">Q", len(raw + record) + 1) + x.MAGIC, spec=subject.section)
    subject.open("length-48-less", "The trailer's length is 48 less: what lies there is no record.", "bad-record",
                 raw + record + struct.pack(">Q", len(record) - 48) + x.MAGIC, spec=subject.section)
    subject.open("name-changed", "A letter of a tensor's name.", "tampered", embedded.replace(b"shape", b"shade"))
    subject.open("byte-before-record", "A zero byte before the record, put there after locking.", "tampered", raw + b"\0" + record + trailer)
    params = subject.params({}, model)

    def bad_model(name, comment, file):
        assert len(file) == len(model) and file != model
        subject.open(name, comment, "bad-model", subject.embedded(file, params))
    last = model.rindex(struct.pack("<I", 8) + values[4])
    bad_model("values-past-end", "Locked over a file whose last values end behind its end.",
              model[:last] + struct.pack("<I", 800) + model[last + 4:])
    bad_model("buffer-missing", "Locked over a file with a tensor that names a buffer which does not exist.",
              x.model([*tensors[:7], ("shape", 2, [2], 9), tensors[8]], operators, values))
    subject.lock("lock-nothing", "A shape is the only tensor with values.", "nothing-to-lock",
                 x.model([("x", 0, [2], 0), ("shape", 2, [2], 1), ("y", 0, [2, 1], 0)], [(22, [0, 1], [2])], values[4:]))

