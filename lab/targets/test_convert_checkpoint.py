# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The reader of PyTorch's old checkpoint form, on files made here without PyTorch."""
import collections
import os
import pickle
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import convert_checkpoint as convert

DATA = Path(os.environ.get("NNLOCK_DATA_DIR") or HERE.parents[2] / "shared" / "data")


@pytest.fixture
def torch_names(monkeypatch):
    """Enough of torch for a pickle to name it."""
    torch, helpers = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    torch.LongStorage = type("LongStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2():
        """Only named."""
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    helpers._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", helpers)
    return torch, helpers


class Tensor:
    def __init__(self, key, kind, storage, offset, size, stride):
        self.key, self.kind, self.storage, self.offset, self.size, self.stride = key, kind, storage, offset, size, stride


def write(path, torch_names, tensors, extra=None):
    torch, helpers = torch_names

    class Storage:
        def __init__(self, tensor):
            self.tensor = tensor

    class Pickler(pickle.Pickler):
        def reducer_override(self, value):
            if not isinstance(value, Tensor):
                return NotImplemented
            return helpers._rebuild_tensor_v2, (Storage(value), value.offset, value.size, value.stride, False, collections.OrderedDict())

        def persistent_id(self, value):
            if isinstance(value, Storage):
                one = value.tensor
                return ("storage", getattr(torch, one.kind), one.key, "cpu", len(one.storage), None)
            return None

    with open(path, "wb") as file:
        for header in (convert.MAGIC, convert.PROTOCOL, {"little_endian": True}):
            pickle.dump(header, file, 2)
        Pickler(file, 2).dump({"state_dict": collections.OrderedDict(tensors), "best_prec1": 92.6, **(extra or {})})
        pickle.dump([one.key for one in tensors.values()], file, 2)
        for one in tensors.values():
            file.write(struct.pack("<q", len(one.storage)) + one.storage.tobytes())


def tensors():
    values = np.arange(12, dtype="<f4")
    return {"module.conv1.weight": Tensor("1", "FloatStorage", values, 0, (3, 4), (4, 1)),
            "module.turned": Tensor("2", "FloatStorage", values, 1, (4, 2), (1, 4)),
            "module.bn1.num_batches_tracked": Tensor("3", "LongStorage", np.array([7]), 0, (), ())}


def test_reads_tensors_under_their_own_names(tmp_path, torch_names):
    path = tmp_path / "resnet32-abc.th"
    write(path, torch_names, tensors())
    out = convert.convert(path, tmp_path)
    assert out == tmp_path / "cifar10_resnet32.safetensors" and sorted(tmp_path.iterdir()) == [out, path]
    found, values = load_file(out), np.arange(12, dtype=np.float32)
    assert set(found) == {"conv1.weight", "turned"}
    assert np.array_equal(found["conv1.weight"], values.reshape(3, 4))
    assert np.array_equal(found["turned"], [[1, 5], [2, 6], [3, 7], [4, 8]])


class Evil:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_a_pickle_that_asks_for_more_is_refused_and_runs_nothing(tmp_path, torch_names, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "resnet20-x.th", torch_names, tensors(), {"evil": Evil()})
    with pytest.raises(convert.Refused, match="mkdir"):
        convert.read_checkpoint(tmp_path / "resnet20-x.th")
    assert not (tmp_path / "made-by-a-pickle").exists()


@pytest.mark.parametrize("offset, size, stride", [(1, (3, 4), (4, 1)), (0, (3, 5), (4, 1)), (0, (13,), (1,)), (-1, (3,), (1,)), (0, (3,), (-1,))])
def test_a_tensor_outside_its_storage_is_refused(tmp_path, torch_names, offset, size, stride):
    path = tmp_path / "resnet20-x.th"
    write(path, torch_names, {"module.a": Tensor("1", "FloatStorage", np.arange(12, dtype="<f4"), offset, size, stride)})
    with pytest.raises(convert.Refused, match="beyond its storage"):
        convert.read_checkpoint(path)


@pytest.mark.parametrize("end", (-30, 20, 0))  # within the numbers, within a pickle, before all
def test_a_torn_file_is_said_to_be_one(tmp_path, torch_names, monkeypatch, capsys, end):
    path = tmp_path / "resnet20-x.th"
    write(path, torch_names, tensors())
    path.write_bytes(path.read_bytes()[:end])
    monkeypatch.setattr(sys, "argv", ["convert", "--from", str(tmp_path), "--cache", str(tmp_path / "cache")])
    assert convert.main() == 1
    assert "resnet20-x.th: cannot be read (" in capsys.readouterr().err and not list((tmp_path / "cache").iterdir())


def test_the_public_resnet20_is_the_one_that_others_converted():
    source = DATA / "pytorch" / "resnet20-12fca82f.th"
    if not source.is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{source}: not here; NNLOCK_DATA_DIR names the folder of public models")
    ours, theirs = convert.read_checkpoint(source), load_file(DATA / "safetensors" / "cifar10_resnet20.safetensors")
    assert set(ours) == set(theirs) and all(np.array_equal(ours[name], theirs[name]) for name in ours)
