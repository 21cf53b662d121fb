# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Reads Fashion-MNIST from its Debian package and cuts the 1,000-image subset."""

import gzip
import subprocess
from pathlib import Path

import numpy as np

PACKAGE = "dataset-fashion-mnist"
CLASSES = 10
SUBSET_IMAGES = "fashion-1000-images-idx3-ubyte"
SUBSET_LABELS = "fashion-1000-labels-idx1-ubyte"


def find_data():
    """The folder into which the Debian package put its files."""
    listed = subprocess.run(
        ["dpkg", "-L", PACKAGE], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    for line in listed:
        if line.endswith("train-images-idx3-ubyte.gz"):
            return Path(line).parent
    raise SystemExit(f"{PACKAGE} lists no training images: is it installed?")


def parse_idx(data):
    """An array of bytes from the text of an IDX file."""
    if data[:3] != b"\x00\x00\x08":
        raise ValueError("not an IDX file of unsigned bytes")
    rank = data[3]
    shape = np.frombuffer(data, ">u4", count=rank, offset=4).astype(int)
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * rank)
    return body.reshape(shape)


def pack_idx(array):
    """The text of an IDX file from an array of bytes."""
    head = bytes([0, 0, 8, array.ndim])
    shape = np.asarray(array.shape, ">u4").tobytes()
    return head + shape + np.ascontiguousarray(array, np.uint8).tobytes()


def read_split(folder, split):
    """Images (N, 28, 28) and labels (N) of "train" or "t10k", as bytes."""
    images = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())
    return parse_idx(images), parse_idx(labels)


def subset_places(labels, per_class=100):
    """The first `per_class` places of each class, kept in file order."""
    places = [np.flatnonzero(labels == c)[:per_class] for c in range(CLASSES)]
    return np.sort(np.concatenate(places))


def write_subset(folder, images, labels):
    """Writes the balanced subset as two uncompressed IDX files."""
    places = subset_places(labels)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUBSET_IMAGES).write_bytes(pack_idx(images[places]))
    (folder / SUBSET_LABELS).write_bytes(pack_idx(labels[places]))


def read_subset(folder):
    """The subset's images and labels, read back from the files written above."""
    images = parse_idx((folder / SUBSET_IMAGES).read_bytes())
    labels = parse_idx((folder / SUBSET_LABELS).read_bytes())
    return images, labels


def to_float(images):
    """Pixels from 0 to 1, as the networks take them, without a channel axis."""
    return images.astype(np.float32) / np.float32(255)
