# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Sharded safetensors models and folders: one lock, every shard read by the stock reader."""

import json
import shutil

import numpy as np
import pytest
import safetensors
from safetensors.numpy import load_file, save_file

from stock_models import data_dir

SHARDS = 3


def real_tensors():
    """A trained network where there is one, else numbers."""
    real = data_dir() / "safetensors" / "cifar10_resnet20.safetensors"
    if real.is_file():
        return load_file(real)
    random = np.random.default_rng(7)
    return {f"layer.{i}.weight": random.standard_normal((64, 64), dtype=np.float32) for i in range(12)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model folder as Hugging Face lays it out."""
    folder = tmp_path_factory.mktemp("sets") / "model"
    folder.mkdir()
    tensors, weight_map = real_tensors(), {}
    for number in range(SHARDS):
        name = f"model-{number + 1:05}-of-{SHARDS:05}.safetensors"
        part = {tensor: tensors[tensor] for tensor in list(tensors)[number::SHARDS]}
        save_file(part, folder / name, {"format": "pt"})
        weight_map |= dict.fromkeys(part, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": weight_map}))
    (folder / "config.json").write_text('{"model_type": "resnet"}')
    return folder


def shards(folder):
    return sorted(folder.glob("*.safetensors"))


def assert_same_folder(one, other):
    names = sorted(file.name for file in one.iterdir())
    assert names and names == sorted(file.name for file in other.iterdir())
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def assert_stock_reader_sees_the_same(plain, locked):
    """Names, shapes and dtypes; every tensor has other values, all of them finite."""
    for shard in shards(plain):
        with safetensors.safe_open(shard, "np") as before, safetensors.safe_open(locked / shard.name, "np") as after:
            assert list(before.keys()) == list(after.keys())
            for name in before.keys():
                a, b = before.get_tensor(name), after.get_tensor(name)
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                assert a.size < 2 or not np.array_equal(a, b)
                assert np.isfinite(b).all()


def test_an_index_and_its_shards(workshop, folder, tmp_path):
    index = "model.safetensors.index.json"
    workshop.must("lock", "-k", workshop.key, folder / index, "-o", tmp_path / "locked" / index)
    assert_stock_reader_sees_the_same(folder, tmp_path / "locked")
    workshop.must("verify", "-k", workshop.key, tmp_path / "locked" / index)
    workshop.must("unlock", "-k", workshop.key, tmp_path / "locked" / index, "-o", tmp_path / "plain" / index)
    (tmp_path / "plain" / "config.json").write_bytes((folder / "config.json").read_bytes())
    assert_same_folder(folder, tmp_path / "plain")
    for shard in shards(folder):  # each alone
        workshop.must("verify", "-k", workshop.key, tmp_path / "locked" / shard.name)
        workshop.must("unlock", "-k", workshop.key, tmp_path / "locked" / shard.name, "-o", tmp_path / shard.name)
        assert (tmp_path / shard.name).read_bytes() == shard.read_bytes()


def test_a_folder(workshop, folder, tmp_path):
    workshop.must("lock", "-k", workshop.key, folder, "-o", tmp_path / "locked")
    assert_stock_reader_sees_the_same(folder, tmp_path / "locked")
    assert (tmp_path / "locked" / "config.json").read_bytes() == (folder / "config.json").read_bytes()
    workshop.must("unlock", "-k", workshop.key, tmp_path / "locked", "-o", tmp_path / "plain")
    assert_same_folder(folder, tmp_path / "plain")


def test_what_is_missing_or_swapped_is_caught(workshop, folder, tmp_path):
    locked = tmp_path / "locked"
    workshop.must("lock", "-k", workshop.key, folder, "-o", locked)
    first, second, _ = shards(locked)

    def verdict(model):
        return workshop.call("verify", "-k", workshop.key, model)

    shutil.move(first, tmp_path / "kept")
    assert verdict(locked).returncode == 4
    missing = verdict(locked / "model.safetensors.index.json")
    assert missing.returncode == 6 and first.name in missing.stderr
    shutil.move(second, first)
    shutil.move(tmp_path / "kept", second)
    swapped = verdict(locked / "model.safetensors.index.json")
    assert swapped.returncode == 4 and "place in the set" in swapped.stderr
