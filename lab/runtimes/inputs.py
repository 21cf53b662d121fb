# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Inputs for models whose labelled data is not here: cuts from Coral's test images, sounds, files. In a fixed order."""
import functools
import json
import wave

import numpy as np
from PIL import Image

from stock_models import data_dir

PICTURES = ("bird.bmp", "cat.bmp", "grace_hopper.bmp", "hot_dog.jpg", "owl.jpg", "parrot.jpg", "pets.jpg", "resized_cat.bmp", "sunflower.bmp")
SHARES = (1.0, 0.7, 0.45)  # of the shorter side
PLACES = (0.0, 0.5, 1.0)   # of what is left of a side


def cuts_of(picture, side):
    """Square cuts at three sizes and nine places, as (row, column, channel)."""
    width, height = picture.size
    for share in SHARES:
        size = int(min(width, height) * share)
        boxes = {(int((width - size) * x), int((height - size) * y)) for y in PLACES for x in PLACES}
        for left, top in sorted(boxes):
            yield np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, (left, top, left + size, top + size)))


@functools.cache
def picture_cuts(side):
    """Pixels (N, side, side, 3): pictures by turns, so that the first cuts hold all of them; then the same mirrored."""
    folder = data_dir() / "edgetpu" / "images"
    rows = [list(cuts_of(Image.open(folder / name).convert("RGB"), side)) for name in PICTURES]
    turns = [row[turn] for turn in range(max(map(len, rows))) for row in rows if turn < len(row)]
    return np.array(turns + [cut[:, ::-1] for cut in turns])


@functools.cache
def whole_pictures(width, height):
    """Pixels (N, height, width, 3), both ways round."""
    folder = data_dir() / "edgetpu" / "images"
    found = [np.asarray(Image.open(folder / name).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)) for name in PICTURES]
    return np.array(found + [one[:, ::-1] for one in found])


def machine_sounds():
    """Windows of five spectra (N, 640) from the one recording of a normal machine that is here."""
    path = data_dir() / "datasets" / "mlperf_tiny" / "ad01" / "normal_id_01_00000000_hist_librosa.bin"
    spectra = np.fromfile(path, "<f4").reshape(-1, 128)
    return np.array([spectra[at:at + 5].reshape(-1) for at in range(len(spectra) - 4)])


def wake_words():
    """Spectra of the calibration set (N, 30, 1, 40) and whether each is the wake word, another word or silence."""
    saved = np.load(data_dir() / "datasets" / "mlperf_tiny" / "training" / "streaming_wakeword" / "calibration_samples.npz")
    return saved["specs"].astype(np.float32), saved["labels"].astype(int)


def speech():
    """Waves at 16 kHz, (N, samples) in -1 to 1."""
    paths = [*sorted((data_dir() / "datasets" / "tflm_testdata" / "micro_speech").glob("*.wav")),
             *sorted((data_dir() / "datasets" / "mlperf_tiny" / "sww01").glob("*.wav"))]
    sounds = []
    for path in paths:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())[:, 0]
        sounds.append(samples[:16000].astype(np.float32) / np.float32(32768))
    return np.array(sounds)


def flowers():
    """Measures of irises, drawn evenly from the ranges that Fisher's data has: sepal and petal, length and width in cm."""
    low, high = [4.3, 2.0, 1.0, 0.1], [7.9, 4.4, 6.9, 2.5]
    return np.random.default_rng(1).uniform(low, high, (3000, 4)).astype(np.float32)


def file_beginnings():
    """Files of the data folder as Magika takes them: 1,024 bytes of either end without the white space there, 256 where there are none."""
    config = json.loads((data_dir() / "onnx" / "magika_standard_v3_3" / "config.min.json").read_text())
    begin, end, block, padding = (config[name] for name in ("beg_size", "end_size", "block_size", "padding_token"))
    rows = []
    for path in sorted(path for path in data_dir().rglob("*") if path.is_file() and path.suffix != ".bin"):
        with open(path, "rb") as file:
            first = file.read(block).lstrip()[:begin]
            file.seek(max(0, path.stat().st_size - block))
            last = file.read(block).rstrip()[-end:]
        rows.append([*first, *[padding] * (begin - len(first)), *[padding] * (end - len(last)), *last])
    return np.array(rows, np.int32)
