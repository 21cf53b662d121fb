# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Loads and runs model files in their stock runtime, in a process that may crash.

Usage: stock_child.py KIND STAGES INPUTS FILE...
KIND is onnx, tflite, safetensors, openvino or ncnn. STAGES, joined by commas, are open (parse, read the
skeleton), load (make ready), run (one inference on random input), inside (the same, but
the outputs of all operators are compared; LiteRT only) and many (several inferences, whose
output values that are no finite numbers are counted). INPUTS is a JSON list of pairs: an
input's name, and its shape where the file leaves that open, or its one value.
Prints one JSON line for each file and stage: {"file": n, "stage": ..., "ok": ...,
"error": ..., and what was seen}.
"""

import hashlib
import json
import os
import sys

import numpy as np

SEED = 20260101
MANY = 4                  # inferences of the stage many
SMALL_INTEGERS = 8        # int32 and int64 inputs are often indices: 0..7
ORT_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16,
              "tensor(double)": np.float64, "tensor(int64)": np.int64,
              "tensor(int32)": np.int32, "tensor(uint8)": np.uint8,
              "tensor(int8)": np.int8, "tensor(bool)": np.bool_}


def random_array(shape, dtype, source):
    """Random values: floats in [-1, 1), bytes and int16 over their whole range."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return source.uniform(-1, 1, shape).astype(dtype)
    if dtype.kind == "b":
        return source.integers(0, 2, shape).astype(dtype)
    if dtype.itemsize > 2:
        return source.integers(0, SMALL_INTEGERS, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return source.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def input_array(name, shape, dtype, inputs, source):
    """What to feed to one input: the given value, else random values; open sizes are 1."""
    wanted = inputs.get(name, shape)
    if isinstance(wanted, int):
        return np.array(wanted, dtype)
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in wanted]
    return random_array(shape, dtype, source)


def described(details):
    """A LiteRT detail dictionary as plain JSON values."""
    numbers = details["quantization_parameters"]
    return [details["name"], details["index"], details["shape"].tolist(),
            details["shape_signature"].tolist(), np.dtype(details["dtype"]).name,
            numbers["scales"].tolist(), numbers["zero_points"].tolist(),
            numbers["quantized_dimension"]]


class LiteRt:
    """Unmodified LiteRT, one thread, default delegates."""

    def __init__(self, path, **options):
        from ai_edge_litert.interpreter import Interpreter
        self.path = path
        self.net = Interpreter(model_path=path, num_threads=1, **options)

    def skeleton(self):
        return {"tensors": [described(one) for one in self.net.get_tensor_details()],
                "inputs": [described(one) for one in self.net.get_input_details()],
                "outputs": [described(one) for one in self.net.get_output_details()],
                "signatures": self.net.get_signature_list()}

    def load(self):
        self.net.allocate_tensors()

    def invoke(self, inputs, source):
        for one in self.net.get_input_details():
            values = input_array(one["name"], one["shape"].tolist(), one["dtype"],
                                 inputs, source)
            self.net.set_tensor(one["index"], values)
        self.net.invoke()

    def run(self, inputs, source):
        self.invoke(inputs, source)
        return [self.net.get_tensor(one["index"]) for one in self.net.get_output_details()]

    def run_inside(self, inputs, source):
        """Outputs of every operator, from an interpreter that keeps them all."""
        from ai_edge_litert.interpreter import OpResolverType
        whole = LiteRt(self.path, experimental_preserve_all_tensors=True,
                       experimental_op_resolver_type=
                       OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        whole.load()
        whole.invoke(inputs, source)
        return [whole.net.get_tensor(index) for operator in whole.net._get_ops_details()
                for index in operator["outputs"]]


class OnnxRuntime:
    """Unmodified ONNX Runtime, one thread, all graph optimisations."""

    def __init__(self, path):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"])

    def skeleton(self):
        return {"inputs": [[one.name, one.type, one.shape]
                           for one in self.session.get_inputs()],
                "outputs": [[one.name, one.type, one.shape]
                            for one in self.session.get_outputs()],
                "overridable": [[one.name, one.type, one.shape]
                                for one in self.session.get_overridable_initializers()]}

    def load(self):
        pass  # the session is ready once it exists

    def run(self, inputs, source):
        feeds = {one.name: input_array(one.name, one.shape, ORT_DTYPES[one.type],
                                       inputs, source)
                 for one in self.session.get_inputs()}
        return self.session.run(None, feeds)


class Safetensors:
    """The unmodified safetensors reader; to run is to read every tensor."""

    def __init__(self, path):
        from safetensors import safe_open
        self.reader = safe_open(path, framework="numpy").__enter__()

    def skeleton(self):
        slices = {name: self.reader.get_slice(name) for name in self.reader.keys()}
        return {"tensors": [[name, one.get_shape(), one.get_dtype()]
                            for name, one in slices.items()]}

    def load(self):
        pass

    def run(self, inputs, source):
        return [self.reader.get_tensor(name) for name in sorted(self.reader.keys())]


class OpenVino:
    """Unmodified OpenVINO on the CPU, one thread, floats as the model has them."""

    def __init__(self, path):
        import openvino
        self.core = openvino.Core()
        self.model = self.core.read_model(path)

    def skeleton(self):
        return {"operators": [[one.get_friendly_name(), one.get_type_name(),
                               [str(out.get_partial_shape()) for out in one.outputs()],
                               [str(out.get_element_type()) for out in one.outputs()]]
                              for one in self.model.get_ops()]}

    def load(self):
        self.net = self.core.compile_model(self.model, "CPU", {
            "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})

    def run(self, inputs, source):
        feeds = [input_array(one.any_name, list(one.shape), one.element_type.to_dtype(), inputs, source)
                 for one in self.net.inputs]
        found = self.net(feeds)
        return [found[one] for one in self.net.outputs]


class Ncnn:
    """Unmodified ncnn on the CPU, one thread; the weights file lies beside the graph."""

    def __init__(self, path):
        import ncnn
        self.ncnn, self.net = ncnn, ncnn.Net()
        self.net.opt.num_threads = 1
        self.net.opt.use_vulkan_compute = False
        binary = path.endswith(".param.bin")
        self.weights = path.removesuffix(".param.bin" if binary else ".param") + ".bin"
        result = (self.net.load_param_bin if binary else self.net.load_param)(path)
        if result != 0:
            raise ValueError(f"load_param gives {result}")

    def skeleton(self):
        return {"layers": [[one.name, one.type, list(one.bottoms), list(one.tops)]
                           for one in self.net.layers()],
                "blobs": [[one.name, one.producer, one.consumer] for one in self.net.blobs()]}

    def load(self):
        result = self.net.load_model(self.weights)
        if result != 0:
            raise ValueError(f"load_model gives {result}")

    def run(self, inputs, source):
        extractor = self.net.create_extractor()
        for index in self.net.input_indexes():
            shape = inputs[str(index)]
            extractor.input(index, self.ncnn.Mat(random_array(shape, np.float32, source)).clone())
        return [np.array(extractor.extract(index)[1]) for index in self.net.output_indexes()]


RUNTIMES = {"tflite": LiteRt, "onnx": OnnxRuntime, "safetensors": Safetensors,
            "openvino": OpenVino, "ncnn": Ncnn}


def digest(arrays):
    """SHA-256 over dtype, shape and bytes of all outputs, in order."""
    total = hashlib.sha256()
    for array in map(np.asarray, arrays):
        total.update(f"{array.dtype} {array.shape};".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def counts(arrays):
    """How many floating-point output values there are, how many are NaN, and how many infinite."""
    floats = [array for array in map(np.asarray, arrays) if array.dtype.kind == "f"]
    return np.array([sum(array.size for array in floats),
                     sum(int(np.isnan(array).sum()) for array in floats),
                     sum(int(np.isinf(array).sum()) for array in floats)])


def nan_share(arrays):
    """Share of NaN or infinite values among all floating-point output values."""
    values, nan, infinite = counts(arrays).tolist()
    return (nan + infinite) / values if values else 0.0


def attempt(number, stage, work):
    """Runs one stage and prints its line; False if the stage failed."""
    line = {"file": number, "stage": stage, "ok": True, "error": ""}
    try:
        line.update(work() or {})
    except Exception as error:  # whatever a runtime raises is what we report
        line.update(ok=False, error=" ".join(str(error).split()))
    print(json.dumps(line), flush=True)
    return line["ok"]


class Visit:
    """One file in its runtime, stage by stage."""

    def __init__(self, kind, path, inputs):
        self.kind, self.path, self.inputs = kind, path, inputs

    def open(self):
        self.net = RUNTIMES[self.kind](self.path)
        return {"skeleton": self.net.skeleton()}

    def load(self):
        self.net.load()

    def run(self):
        outputs = self.net.run(self.inputs, np.random.default_rng(SEED))
        return {"digest": digest(outputs), "nan_share": nan_share(outputs)}

    def many(self):
        total = sum(counts(self.net.run(self.inputs, np.random.default_rng(SEED + number)))
                    for number in range(MANY))
        return dict(zip(("values", "nan", "infinite"), total.tolist(), strict=True))

    def inside(self):
        return {"digest": digest(self.net.run_inside(self.inputs, np.random.default_rng(SEED)))}


def main(kind, stages, inputs, *paths):
    visits = [Visit(kind, path, dict(json.loads(inputs))) for path in paths]
    for number, visit in enumerate(visits):
        all(attempt(number, stage, getattr(visit, stage)) for stage in stages.split(","))
    os._exit(0)  # without taking the runtimes apart: LiteRT may crash while it does that


if __name__ == "__main__":
    main(*sys.argv[1:])
