# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Each class of outcome as its exception, with the exit code of the program."""

import pickle
import shutil

import nnlock
import pytest
from conftest import MODELS, ROOT, import_or_skip
from nnlock import _errors

CODES = {"usage": 2, "wrong-key": 3, "bad-key-file": 3, "tampered": 4, "bad-record": 4, "bad-model": 5, "unsupported": 5,
         "nothing-to-lock": 5, "not-locked": 5, "already-locked": 5, "io": 6, "licence": 7}


def test_every_class_has_its_exit_code():
    assert {kind: cls.code for kind, cls in _errors._CLASSES.items()} == CODES
    for kind, cls in _errors._CLASSES.items():
        assert cls.kind == kind and getattr(nnlock, cls.__name__) is cls and cls.__doc__


def expect(kind, call, *arguments, **options):
    with pytest.raises(nnlock.Error) as caught:
        call(*arguments, **options)
    error = caught.value
    assert (error.kind, error.code) == (kind, CODES[kind]), error
    assert type(error) is _errors._CLASSES[kind]
    assert error.message and error.message in str(error)
    return error


def test_wrong_key(locked):
    error = expect("wrong-key", nnlock.unlock, nnlock.MasterKey.generate(), locked)
    assert error.file == str(locked)


@pytest.mark.parametrize("text", ["", "hello", "# only a comment\n", "NNLOCK-MASTER-KEY-1QQQ", "é", "x" * 5000])
def test_bad_key_file(text, tmp_path):
    expect("bad-key-file", nnlock.MasterKey.parse, text)
    (tmp_path / "k").write_text(text)
    (tmp_path / "k").chmod(0o600)
    assert expect("bad-key-file", nnlock.MasterKey.from_file, tmp_path / "k").file == str(tmp_path / "k")


@pytest.mark.parametrize("call", [nnlock.unlock, nnlock.verify])
def test_tampered_names_tensor_and_offset(key, locked, call):
    weight = next(p for p in nnlock.inspect(locked).params if p.name == "layer.weight")
    data = bytearray(locked.read_bytes())
    data[-weight.nbytes // 2] ^= 1
    for model in (locked, bytes(data)):
        locked.write_bytes(data)
        error = expect("tampered", call, key, model)
        assert error.tensor == "layer.weight" and error.offset is not None and error.hint
        assert error.file == (str(locked) if model is locked else None)
        assert "tensor layer.weight" in str(error) and f"byte {error.offset}" in str(error)


def test_tampered_when_demands_are_not_met(key, tensors, tmp_path):
    out, family, other = tmp_path / "l", "ab" * 16, "cd" * 16
    report = nnlock.lock(key, tensors, out, family=family, family_version=7)
    nnlock.verify(key, out, family=family, least_version=7, expect_lock_id=report.lock_id)
    nnlock.verify(key, out, family=bytes.fromhex(family))
    expect("tampered", nnlock.verify, key, out, family=family, least_version=8)
    expect("tampered", nnlock.verify, key, out, family=other)
    expect("tampered", nnlock.unlock, key, out, expect_lock_id=other)
    expect("tampered", nnlock.unlock_to, key, out, tmp_path / "p", expect_lock_id=other)
    assert not (tmp_path / "p").exists()


def test_bad_record(key, tensors, tmp_path):
    out = tmp_path / "l"
    report = nnlock.lock(key, tensors, out, sidecar=True)
    with open(report.sidecar_path, "r+b") as file:
        file.truncate(100)
    expect("bad-record", nnlock.unlock, key, out)
    expect("bad-record", nnlock.inspect, out)
    expect("bad-record", nnlock.unlock, key, out.read_bytes(), sidecar=b"")


def test_bad_model(key, tensors, tmp_path):
    (tmp_path / "broken").write_bytes(tensors.read_bytes()[:-1])
    error = expect("bad-model", nnlock.lock, key, tmp_path / "broken", tmp_path / "out")
    assert error.file == str(tmp_path / "broken") and not (tmp_path / "out").exists()
    expect("bad-model", nnlock.inspect, tmp_path / "broken")


def onnx_with_typed_data(path):
    """A model one of whose weights stands in int32_data: varints, which cannot be locked in place."""
    onnx = import_or_skip("onnx")
    weight = onnx.helper.make_tensor("weight", onnx.TensorProto.FLOAT16, [2, 2], [1.0, 2.0, 3.0, 4.0])
    raw = onnx.helper.make_tensor("raw", onnx.TensorProto.FLOAT16, [2, 2], b"\1\2" * 4, raw=True)
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT16, [2, 2]) for name in ("x", "y")]
    nodes = [onnx.helper.make_node("MatMul", ["x", "weight"], ["h"]), onnx.helper.make_node("MatMul", ["h", "raw"], ["y"])]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight, raw])), path)
    return path


def test_unsupported_and_allow_plain(key, tmp_path):
    model = onnx_with_typed_data(tmp_path / "typed.onnx")
    assert expect("unsupported", nnlock.lock, key, model, tmp_path / "out").tensor == "weight"
    assert nnlock.lock(key, model, tmp_path / "out", allow_plain=True).params == 1
    with nnlock.unlock(key, tmp_path / "out") as unlocked:
        assert bytes(unlocked) == model.read_bytes()


def test_nothing_to_lock(key, tensors, tmp_path):
    expect("nothing-to-lock", nnlock.lock, key, tensors, tmp_path / "out", exclude=["*"])
    assert not (tmp_path / "out").exists()


def test_not_locked(key, tensors):
    for call in (nnlock.unlock, nnlock.verify):
        expect("not-locked", call, key, tensors)
        expect("not-locked", call, key, tensors.read_bytes())


def test_already_locked(key, locked, tmp_path):
    expect("already-locked", nnlock.lock, key, locked, tmp_path / "out")


def test_io_is_an_os_error(key, locked, tmp_path):
    error = expect("io", nnlock.unlock, key, tmp_path / "missing")
    assert isinstance(error, OSError) and error.file == str(tmp_path / "missing")
    expect("io", nnlock.lock, key, tmp_path / "missing", tmp_path / "out")
    expect("io", nnlock.inspect, tmp_path / "missing")
    expect("io", nnlock.MasterKey.from_file, tmp_path / "missing")
    expect("io", nnlock.unlock_to, key, locked, tmp_path / "no" / "folder")
    expect("io", nnlock.unlock, key, locked.read_bytes(), sidecar=tmp_path / "missing")


def test_licence(key):
    # The vectors hold records that demand a licence: test_vectors.py opens them. Here: the class itself.
    error = _errors.from_native("licence", "a licence is demanded", "", "", "", None)
    assert isinstance(error, nnlock.LicenceError) and error.code == 7 and error.hint is None and error.file is None
    assert list((ROOT / "spec" / "vectors").glob("*licence*.json"))


@pytest.mark.parametrize("options", [
    dict(suite="des"), dict(suite=None), dict(layout="finite"), dict(layout=None), dict(layout=b"bytes"), dict(chunk=0), dict(chunk=-65536), dict(chunk=65537), dict(chunk=1 << 25), dict(room=63),
    dict(room=1 << 21), dict(threads=-1), dict(threads=1 << 40), dict(family="ab" * 16), dict(family_version=1),
    dict(family="xy" * 16, family_version=1), dict(family="ab", family_version=1), dict(family=b"ab", family_version=1),
    dict(family="ab" * 16, family_version=-1), dict(family="ab" * 16, family_version=1 << 64), dict(sidecar="")])
def test_usage_of_lock(key, tensors, tmp_path, options):
    error = expect("usage", nnlock.lock, key, tensors, tmp_path / "out", **options)
    assert isinstance(error, ValueError) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [dict(expect_lock_id="ab"), dict(expect_lock_id=b""), dict(family="q" * 32),
                                     dict(least_version=1), dict(family="ab" * 16, least_version=-1), dict(threads=-1)])
@pytest.mark.parametrize("call", [nnlock.unlock, nnlock.verify])
def test_usage_of_reading(key, locked, call, options):
    expect("usage", call, key, locked, **options)


def test_usage_from_the_library(key, locked, monkeypatch):
    monkeypatch.setenv("NNLOCK_KERNEL", "no_such_kernel")
    expect("usage", nnlock.verify, key, locked)
    monkeypatch.setenv("NNLOCK_KERNEL", "aes_ctr_portable,")
    expect("usage", nnlock.verify, key, locked)


def test_output_is_input(key, tensors, locked):
    before = tensors.read_bytes(), locked.read_bytes()
    for force in (False, True):
        with pytest.raises(nnlock.Error):
            nnlock.lock(key, tensors, tensors, force=force)
        with pytest.raises(nnlock.Error):
            nnlock.unlock_to(key, locked, locked, force=force)
    assert before == (tensors.read_bytes(), locked.read_bytes())


def test_existing_output_needs_force(key, tensors, tmp_path):
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(nnlock.Error):
        nnlock.lock(key, tensors, out)
    assert out.read_text() == "mine"
    nnlock.lock(key, tensors, out, force=True)
    with pytest.raises(nnlock.Error):
        nnlock.unlock_to(key, out, tensors)
    nnlock.unlock_to(key, out, tensors, force=True)


@pytest.mark.parametrize("path", ["a\0b", ""])
def test_odd_paths_are_usage(key, path):
    expect("usage", nnlock.inspect, path)
    expect("usage", nnlock.unlock, key, path)
    expect("usage", nnlock.lock, key, MODELS / "fashion_int8.onnx", path)


def test_wrong_types(key, tensors, locked, tmp_path):
    for wrong in (None, "path/to.key", b"x" * 32):
        with pytest.raises(TypeError, match="MasterKey"):
            nnlock.lock(wrong, tensors, tmp_path / "out")
        for call in (nnlock.unlock, nnlock.verify):
            with pytest.raises(TypeError, match="MasterKey"):
                call(wrong, locked)
    for wrong in (None, 5, 1.5, object()):
        with pytest.raises(TypeError):
            nnlock.unlock(key, wrong)
        with pytest.raises(TypeError):
            nnlock.inspect(wrong)
    for options in (dict(threads="2"), dict(chunk=1.5), dict(progress=5), dict(include=[1])):
        with pytest.raises(TypeError):
            nnlock.lock(key, tensors, tmp_path / "out", **options)
    with pytest.raises(TypeError):
        nnlock.unlock(key, locked, sidecar=b"bytes beside a path")
    with pytest.raises(TypeError):
        nnlock.unlock_to(key, locked, None)


def test_errors_can_be_pickled(key, locked):
    error = expect("wrong-key", nnlock.unlock, nnlock.MasterKey.generate(), locked)
    for cls in _errors._CLASSES.values():
        one = cls("message", hint="hint", file="file", tensor="tensor", offset=7)
        two = pickle.loads(pickle.dumps(one))
        assert type(two) is cls and two.__dict__ == one.__dict__ and str(two) == str(one)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_file_names_that_are_no_utf8(key, tensors, tmp_path):
    odd = tmp_path / "l\udcff\udcfe"
    nnlock.lock(key, tensors, odd)
    shutil.copy(tensors, tmp_path / "p\udcff")
    assert expect("not-locked", nnlock.unlock, key, tmp_path / "p\udcff").file == str(tmp_path / "p\udcff")
    with nnlock.unlock(key, odd) as unlocked:
        assert bytes(unlocked) == tensors.read_bytes()
