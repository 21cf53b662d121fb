# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file anew with its matrices in another type, quantised by llama.cpp's own code (in the wheel xllamacpp)."""

import argparse
import ctypes

import gguf
import numpy as np
import xllamacpp
from gguf import GGMLQuantizationType as Type

# Every type that llama.cpp quantises to. Q8_1 and Q8_K are for sums on the way, not for files; the plain ones need no quantising.
TYPES = [Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K,
         Type.Q6_K, Type.IQ1_S, Type.IQ1_M, Type.IQ2_XXS, Type.IQ2_XS, Type.IQ2_S, Type.IQ3_XXS, Type.IQ3_S, Type.IQ4_NL, Type.IQ4_XS,
         Type.TQ1_0, Type.TQ2_0, Type.MXFP4, Type.NVFP4, Type.Q1_0]


def ggml():
    """ggml-org/ggml: include/ggml.h, of the library inside the wheel."""
    library = ctypes.CDLL(xllamacpp.xllamacpp.__file__)
    floats = ctypes.POINTER(ctypes.c_float)
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, floats, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, floats]
    return library


def quantised(library, matrix, kind):
    """The rows as bytes. Some types ask how important each column is: all are equally so."""
    if kind == Type.F32:
        return matrix
    rows, columns = matrix.shape
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros((rows, columns // elements * size), np.uint8)
    pointer = ctypes.POINTER(ctypes.c_float)
    importance = np.ones(columns, np.float32)
    written = library.ggml_quantize_chunk(kind, matrix.ctypes.data_as(pointer), out.ctypes.data, 0, rows, columns, importance.ctypes.data_as(pointer))
    if written != out.nbytes:
        raise ValueError(f"{kind.name}: {written} bytes instead of {out.nbytes}")
    return out


def copy_fields(reader, writer):
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        array = field.types[0] == gguf.GGUFValueType.ARRAY
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=field.types[1] if array else None)


def quantise(source, target, kind):
    """Norms stay float32, as llama.cpp has them."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    copy_fields(reader, writer)
    library = ggml()
    for tensor in reader.tensors:
        values = np.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32)
        if values.ndim == 1:
            writer.add_tensor(tensor.name, values)
        else:
            writer.add_tensor(tensor.name, quantised(library, values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("type", type=str.upper, choices=[kind.name for kind in TYPES])
    args = parser.parse_args()
    quantise(args.source, args.target, Type[args.type])


if __name__ == "__main__":
    main()
