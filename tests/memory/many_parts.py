# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Small files that ask for much: for each format, models of many tiny tensors, and of what else costs more memory than bytes of the file."""
import io
import pathlib
import struct
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "spec" / "vectors" / "generate"))
import onnx_files as onnx  # noqa: E402
import tflite_files as tflite  # noqa: E402


# --- safetensors ---

def safetensors(header, data):
    text = header.encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def safetensors_tensors(n):
    entries = (f'"{i:x}":{{"dtype":"U8","shape":[1],"data_offsets":[{i},{i + 1}]}}' for i in range(n))
    return safetensors("{" + ",".join(entries) + "}", bytes(n))


ONE = '"w":{"dtype":"U8","shape":[%s],"data_offsets":[0,1]}'


def safetensors_metadata(n):
    return safetensors('{"__metadata__":{' + ",".join(f'"{i:x}":""' for i in range(n)) + "}," + ONE % 1 + "}", b"\0")


def safetensors_dimensions(n):
    return safetensors("{" + ONE % ",".join(["1"] * n) + "}", b"\0")


def safetensors_name(n):
    return safetensors('{"' + "w" * (100 * n) + '":' + (ONE % 1)[4:] + "}", b"\0")


# --- ONNX ---

WEIGHT = onnx.tensor("w", 1, [8], bytes(range(1, 33)))


def onnx_tensors(n):
    return onnx.model(*(onnx.tensor(f"{i:x}", 3, [1], b"\1") for i in range(n)), onnx.node("Add", ["x", "0"], ["y"]))


def onnx_nodes(n):
    return onnx.model(WEIGHT, *(onnx.node("Add", [f"{i:x}", "w"], [f"{i + 1:x}"]) for i in range(n)))


def onnx_inputs(n):
    return onnx.model(WEIGHT, onnx.node("Sum", ["w"] * 4 * n, ["y"]))


def onnx_constants(n):
    value = onnx.piece(5, onnx.piece(1, "value") + onnx.number(20, 4) + onnx.piece(5, onnx.number(1, 1) + onnx.number(2, 1) + onnx.piece(9, b"abcd")))
    return onnx.model(WEIGHT, *(onnx.piece(1, onnx.piece(2, f"{i:x}") + onnx.piece(4, "Constant") + value) for i in range(n)))


def onnx_name(n):
    return onnx.model(onnx.tensor("w" * 100 * n, 1, [8], bytes(32)))


# --- TFLite ---

def tflite_tensors(n):
    tensors = [("x", 0, [1, 16], 0)] + [(f"{i:x}", 9, [4], i + 1) for i in range(n)]
    return tflite.model(tensors, [(9, [0, 1], [1])], [b"abcd"] * n)


def tflite_name(n):
    return tflite.model([("x", 0, [1, 16], 0), ("w" * 100 * n, 9, [4], 1)], [(9, [0, 1], [1])], [b"abcd"])


# --- GGUF ---

def gguf(tensors, key_values=()):
    """tensors: (name, floats of 32 bytes of data each); key_values: (key, bytes of type and value)"""
    def text(words):
        return struct.pack("<Q", len(words)) + words.encode()
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(key_values)))
    for key, value in key_values:
        out += text(key) + value
    for i, name in enumerate(tensors):
        out += text(name) + struct.pack("<IQIQ", 1, 8, 0, 32 * i)
    out += bytes(-len(out) % 32)
    return bytes(out) + struct.pack("<8f", *range(1, 9)) * len(tensors)


def gguf_tensors(n):
    return gguf([f"{i:x}" for i in range(n)])


def gguf_keys(n):
    return gguf(["w"], [(f"{i:x}", struct.pack("<IB", 0, 1)) for i in range(n)])


def gguf_names(n):
    return gguf([f"{i:0>63x}" for i in range(n)])


# --- ncnn ---

def ncnn(*layers, weights):
    return {"model.param": ("\n".join(["7767517", f"{len(layers)} {len(layers)}", *layers]) + "\n").encode(), "model.bin": weights}


def ncnn_tensors(n):
    """Four tensors a layer."""
    layers = [f"BatchNorm l{i:x} 1 1 b{i:x} b{i + 1:x} 0=1" for i in range(n // 4)]
    return ncnn("Input in 0 1 b0", *layers, weights=struct.pack("<4f", 1, 2, 3, 4) * (n // 4))


def ncnn_names(n):
    layers = [f"BatchNorm {i:0>255x} 1 1 a b 0=1" for i in range(n // 4)]
    return ncnn(*layers, weights=struct.pack("<4f", 1, 2, 3, 4) * (n // 4))


# --- OpenVINO ---

def openvino(layers, edges, weights):
    text = f'<?xml version="1.0"?>\n<net name="m" version="11">\n<layers>{"".join(layers)}</layers>\n<edges>{"".join(edges)}</edges>\n</net>\n'
    return {"model.xml": text.encode(), "model.bin": weights}


def openvino_constant(i, name, offset):
    return (f'<layer id="{i}" name="{name}" type="Const" version="opset1"><data element_type="u8" shape="1" offset="{offset}" size="1"/>'
            '<output><port id="9"/></output></layer>')


def openvino_tensors(n):
    return openvino([openvino_constant(i, f"{i:x}", i) for i in range(n)], [], bytes(n))


def openvino_names(n):
    return openvino([openvino_constant(i, f"{i:0>400x}", i) for i in range(n // 8)], [], bytes(n // 8))


def openvino_layers(n):
    return openvino([openvino_constant(0, "w", 0)] + [f'<layer id="{i + 1}" type="a"/>' for i in range(n)], [], b"\1")


def openvino_edges(n):
    ports = "".join(f'<port id="{i}"/>' for i in range(n))
    edges = [f'<edge from-layer="0" from-port="9" to-layer="1" to-port="{i}"/>' for i in range(n)]
    return openvino([openvino_constant(0, "w", 0), f'<layer id="1" type="a"><input>{ports}</input></layer>'], edges, b"\1")


def openvino_attribute(n):
    return openvino([openvino_constant(0, "w", 0), f'<layer id="1" type="a" more="{"x" * 100 * n}"/>'], [], b"\1")


# --- PyTorch ---

def pytorch(state, storages=(), level=zipfile.ZIP_STORED):
    """state: opcodes of the object in data.pkl; storages: (key, data)"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\2" + state + b".", level)
        for key, data in storages:
            archive.writestr(f"m/data/{key}", data)
    return out.getvalue()


def pytorch_text(words):
    return b"X" + struct.pack("<I", len(words)) + words.encode()


def pytorch_storage(key, count):
    return b"(" + pytorch_text("storage") + b"ctorch\nByteStorage\n" + pytorch_text(key) + pytorch_text("cpu") + b"J" + struct.pack("<i", count) + b"tQ"


def pytorch_tensor(key, name=None):
    return pytorch_text(name or key) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + pytorch_storage(key, 1) + b"K\0K\1\x85K\1\x85\x89}tR"


def pytorch_tensors(n):
    keys = [f"{i:x}" for i in range(n)]
    return pytorch(b"}(" + b"".join(map(pytorch_tensor, keys)) + b"u", [(key, b"\1") for key in keys])


def pytorch_names(n):
    keys = [f"{i:x}" for i in range(n // 8)]
    return pytorch(b"}(" + b"".join(pytorch_tensor(key, f"{key:0>250}") for key in keys) + b"u", [(key, b"\1") for key in keys])


def pytorch_unnamed(n):
    return pytorch(b"}", [(f"{i:x}", b"\1") for i in range(n)])


def pytorch_entries(n):
    return pytorch(b"}" + pytorch_tensor("0") + b"s", [("0", b"\1"), *((f"{i:x}/", b"") for i in range(n))])


def pytorch_views(n):
    """Many tensors on one storage."""
    return pytorch(b"ctorch._utils\n_rebuild_tensor\nq\0" + pytorch_storage("0", 1) + b"q\1" + b"00](" + (b"h\0(h\1K\0K\1\x85K\1\x85tR" * n) + b"e", [("0", b"\1")])


def pytorch_values(n):
    return pytorch(b"(" + b"N" * 20 * n + b"t", [("0", b"\1")])


def pytorch_nested(n):
    return pytorch(pytorch_storage("0", 1) + b"\x85" * 10 * n, [("0", b"\1")])


def pytorch_memo(n):
    return pytorch(b"](" + b"".join(b"Nr" + struct.pack("<I", i) for i in range(n)) + b"e", [("0", b"\1")])


def pytorch_deflated(n):
    return pytorch(b"](" + b"}" * 20 * n + b"e", [("0", b"\1")], zipfile.ZIP_DEFLATED)


# --- ExecuTorch ---

def executorch(n, name=""):
    """n tensors of four bytes in one segment, in one method."""
    out = tflite.Flat(b"\0\0\0\0ET12eh00" + struct.pack("<IQQ", 24, 0, 0))
    program = out.table(f1=(4, 0), f4=(4, 0), f5=(4, 0))
    out.link(0, program)
    (slot,) = out.tables(program, 1, 1)
    plan = out.table(f0=(4, 0), f2=(4, 0))
    out.link(slot, plan)
    out.link(out.slot(plan, 0), out.text("forward"))
    slots, sizes, names = out.tables(plan, 2, n), [], []
    for i, slot in enumerate(slots):
        value = out.table(f0=(1, 5), f1=(4, 0))
        out.link(slot, value)
        tensor = out.table(f0=(1, 1), f2=(4, 0), f5=(4, i + 1), f9=(4, 0)) if name else out.table(f0=(1, 1), f2=(4, 0), f5=(4, i + 1))
        out.link(out.slot(value, 1), tensor)
        sizes.append(out.slot(tensor, 2))
        if name:
            extra = out.table(f1=(4, 0))
            out.link(out.slot(tensor, 9), extra)
            names.append(out.slot(extra, 1))
    shared = out.ints(4)
    for size in sizes:
        out.link(size, shared)
    if name:
        shared = out.text(name)
        for at in names:
            out.link(at, shared)
    constants = out.table(f0=(4, 0), f1=(4, 0))
    out.link(out.slot(program, 5), constants)
    out.link(out.slot(constants, 1), out.vector(n + 1, struct.pack(f"<{n + 1}Q", 0, *range(0, 4 * n, 4)), 8))
    (slot,) = out.tables(program, 4, 1)
    out.link(slot, out.table(f0=(8, 0), f1=(8, 4 * n)))
    out.align(16)
    out[16:32] = struct.pack("<QQ", len(out), len(out))
    return bytes(out) + b"abcd" * n


def executorch_tensors(n):
    return executorch(n)


def executorch_names(n):
    return executorch(n, "w" * 300)


# What asks for much, by format. The first of each is a model of n tensors that can be locked.
MANY = {
    "safetensors": [safetensors_tensors, safetensors_metadata, safetensors_dimensions, safetensors_name],
    "onnx": [onnx_tensors, onnx_nodes, onnx_inputs, onnx_constants, onnx_name],
    "tflite": [tflite_tensors, tflite_name],
    "executorch": [executorch_tensors, executorch_names],
    "gguf": [gguf_tensors, gguf_keys, gguf_names],
    "openvino": [openvino_tensors, openvino_names, openvino_layers, openvino_edges, openvino_attribute],
    "ncnn": [ncnn_tensors, ncnn_names],
    "pytorch": [pytorch_tensors, pytorch_names, pytorch_unnamed, pytorch_entries, pytorch_views, pytorch_values, pytorch_nested,
                pytorch_memo, pytorch_deflated],
}


def write(path, make, n):
    """Writes the model that make(n) gives: bytes, or {name: bytes} with the main file first. Gives the path of the main file and the size of all."""
    content = make(n)
    path.parent.mkdir(exist_ok=True)
    files = content if isinstance(content, dict) else {path.name: content}
    for name, data in files.items():
        path.with_name(name).write_bytes(data)
    return path.with_name(next(iter(files))), sum(map(len, files.values()))
