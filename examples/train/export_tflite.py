# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the network as a fully int8 TFLite file."""

import numpy as np
import tensorflow as tf

from fashion import to_float
from network import CHANNELS


def forward(weights):
    """A TensorFlow function of one image, with the weights as constants."""
    const = {name: tf.constant(array) for name, array in weights.items()}

    @tf.function(input_signature=[tf.TensorSpec((1, 28, 28, 1), tf.float32, "image")])
    def logits(image):
        x = image
        for i in range(1, len(CHANNELS) + 1):
            x = tf.nn.conv2d(x, const[f"conv{i}.weight"], 1, "SAME", name=f"conv{i}")
            x = tf.nn.relu(tf.nn.bias_add(x, const[f"conv{i}.bias"]))
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, (1, const["fc1.weight"].shape[0]))
        x = tf.nn.relu(tf.matmul(x, const["fc1.weight"], name="fc1") + const["fc1.bias"])
        return tf.matmul(x, const["fc2.weight"], name="fc2") + const["fc2.bias"]

    return logits


def convert(weights, calibration):
    """The bytes of the int8 file: int8 in and out, int8 weights, int32 biases."""
    function = forward(weights)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: (
        [image[None, ..., None]] for image in to_float(calibration))
    return converter.convert()


def write(path, weights, calibration):
    path.write_bytes(convert(weights, calibration))


def stored_tensors(path):
    """(name, dtype, shape, bytes) of each tensor whose values are in the file."""
    from ai_edge_litert.interpreter import Interpreter
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    details = {d["index"]: d for d in
               Interpreter(model_path=str(path)).get_tensor_details()}
    rows = []
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            dtype = np.dtype(details[index]["dtype"]).name
            shape = [int(n) for n in details[index]["shape"]]
            rows.append((tensor.name.decode(), dtype, shape, len(data)))
    return rows
