# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The network: three convolutions and two dense layers, trained in Keras.

Each convolution is followed by batch normalisation while training. Afterwards
the normalisation is folded into the convolution, so that what is exported is a
plain list of weights and biases.
"""

import math

import keras
import numpy as np

from fashion import CLASSES, to_float

CHANNELS = (16, 32, 64)
HIDDEN = 64
EPSILON = 1e-3


def build():
    """The Keras model; it ends in logits, without softmax."""
    x = image = keras.Input((28, 28, 1))
    for i, channels in enumerate(CHANNELS, start=1):
        x = keras.layers.Conv2D(
            channels, 3, padding="same", use_bias=False, name=f"conv{i}")(x)
        x = keras.layers.BatchNormalization(
            epsilon=EPSILON, momentum=0.9, name=f"bn{i}")(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3)(x)
    x = keras.layers.Dense(HIDDEN, activation="relu", name="fc1")(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(image, keras.layers.Dense(CLASSES, name="fc2")(x))


def shuffle_and_flip(images, labels, rng):
    """One epoch's images: in a new order, about half of them mirrored."""
    order = rng.permutation(len(images))
    images, labels = images[order], labels[order]
    mirrored = rng.random(len(images)) < 0.5
    images[mirrored] = images[mirrored, :, ::-1]
    return images[..., None], labels


def train(images, labels, epochs, seed, batch=128):
    """Trains on all training images for a fixed number of epochs.

    Nothing is chosen by looking at the test images: the last epoch is kept.
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    steps = epochs * math.ceil(len(images) / batch)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(2e-3, steps, alpha=0.01)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"])
    pixels = to_float(images)
    for epoch in range(epochs):
        x, y = shuffle_and_flip(pixels, labels, rng)
        model.fit(x, y, batch_size=batch, shuffle=False, verbose=2,
                  initial_epoch=epoch, epochs=epoch + 1)
    return model


def folded_weights(model):
    """Weights by name, normalisation folded in, in the layouts Keras uses.

    Convolutions are (height, width, in, out), dense layers (in, out).
    """
    weights = {}
    for i in range(1, len(CHANNELS) + 1):
        (kernel,) = model.get_layer(f"conv{i}").get_weights()
        gamma, beta, mean, variance = model.get_layer(f"bn{i}").get_weights()
        factor = gamma / np.sqrt(variance + EPSILON)
        weights[f"conv{i}.weight"] = kernel * factor
        weights[f"conv{i}.bias"] = beta - mean * factor
    for name in ("fc1", "fc2"):
        kernel, bias = model.get_layer(name).get_weights()
        weights[f"{name}.weight"] = kernel
        weights[f"{name}.bias"] = bias
    return {name: array.astype(np.float32) for name, array in weights.items()}
