# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX models whose weights lie in data files: locked beside the model, read by ONNX Runtime like the plain ones."""

import shutil

import onnx
import pytest

from stock_models import COMPANIONS, Model, own_models, real_models

LEAST = 64  # bytes; smaller tensors of our own model stay in the main file


def split(model, folder):
    """The project's own model with its weights in two data files, one of them in a folder below."""
    whole = onnx.load(model.path)
    places = ("weights.bin", "more/others.bin")
    (folder / "more").mkdir(parents=True)
    offsets = dict.fromkeys(places, 3)  # no alignment is promised
    for number, tensor in enumerate(one for one in whole.graph.initializer if len(one.raw_data) >= LEAST):
        place = places[number % len(places)]
        with open(folder / place, "ab") as data:
            data.write(bytes(offsets[place] - data.tell()) + tensor.raw_data)
        entries = {"location": place, "offset": offsets[place], "length": len(tensor.raw_data)}
        offsets[place] += len(tensor.raw_data) + 5
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.extend(onnx.StringStringEntryProto(key=key, value=str(value)) for key, value in entries.items())
    onnx.save(whole, folder / model.name)
    return Model(model.name, folder, False)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(params=[m.name for m in own_models() if m.kind == "onnx"] + list(COMPANIONS))
def plain(request, tmp_path):
    if request.param in COMPANIONS:
        request.getfixturevalue("real_data")
        [model] = real_models([request.param])
        return model
    [own] = [m for m in own_models() if m.name == request.param]
    return split(own, tmp_path / "plain")


def test_external_data(workshop, plain, tmp_path):
    name = plain.path.name
    locked, unlocked = tmp_path / "locked", tmp_path / "unlocked"
    locked.mkdir(), unlocked.mkdir()
    workshop.must("lock", "-q", "-k", workshop.key, plain.path, "-o", locked / name)
    workshop.must("verify", "-q", "-k", workshop.key, locked / name)
    workshop.must("unlock", "-q", "-k", workshop.key, locked / name, "-o", unlocked / name)
    before, between, after = (files_of(folder) for folder in (plain.path.parent, locked, unlocked))
    assert after == before
    assert between.keys() == before.keys()
    for file in before.keys() - {name}:
        assert len(between[file]) == len(before[file]) and between[file] != before[file], file

    seen = workshop.child(plain, [plain.path, unlocked / name, locked / name])
    for one in seen[:2]:
        assert one.failure("run") == ""
    assert seen[1].digests == seen[0].digests
    assert seen[2].failure("load") == ""
    assert seen[2].skeleton == seen[0].skeleton
    assert seen[2].failure("run") or seen[2].digests != seen[0].digests


def test_a_damaged_or_missing_data_file_is_noticed(workshop, plain, tmp_path):
    name = plain.path.name
    workshop.must("lock", "-q", "-k", workshop.key, plain.path, "-o", tmp_path / name)
    data = next(path for path in sorted(tmp_path.rglob("*")) if path.is_file() and path.name != name and "plain" not in path.parts)
    content = data.read_bytes()
    for wrong in (content[:-1], content + b"\0", content[:50] + bytes([content[50] ^ 1]) + content[51:]):
        data.write_bytes(wrong)
        assert workshop.call("verify", "-q", "-k", workshop.key, tmp_path / name).returncode in (4, 5)
    data.unlink()
    done = workshop.call("verify", "-q", "-k", workshop.key, tmp_path / name)
    assert done.returncode != 0 and data.name in done.stderr


@pytest.mark.parametrize("as_link", [False, True], ids=["up", "link"])
def test_paths_that_lead_elsewhere_are_refused(workshop, tmp_path, as_link):
    [own] = [m for m in own_models() if m.name == "fashion_float32.onnx"]
    model = split(own, tmp_path / "plain")
    secret = tmp_path / "secret.bin"
    shutil.copy(model.folder / "weights.bin", secret)
    if as_link:
        (model.folder / "weights.bin").unlink()
        (model.folder / "weights.bin").symlink_to(secret)
    else:
        whole = onnx.load(model.path, load_external_data=False)
        for tensor in whole.graph.initializer:
            for entry in tensor.external_data:
                entry.value = entry.value.replace("weights.bin", "../secret.bin")
        onnx.save(whole, model.path)
    out = tmp_path / "out"
    out.mkdir()
    done = workshop.call("lock", "-q", "-k", workshop.key, model.path, "-o", out / model.name)
    assert done.returncode in (5, 6), done.stderr
    assert "hint:" in done.stderr
    assert list(out.iterdir()) == []
