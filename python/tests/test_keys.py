# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Key files, and keys that do not show what they hold."""

import copy
import multiprocessing
import os
import pickle
import re
import warnings

import nnlock
import pytest

SECRET = bytes(range(32))


def test_fingerprint_and_repr():
    key = nnlock.MasterKey.from_bytes(SECRET)
    assert re.fullmatch("([0-9a-f]{4}-){3}[0-9a-f]{4}", key.fingerprint)
    assert repr(key) == str(key) == f"{key}" == f"<nnlock.MasterKey {key.fingerprint}>"


def test_nothing_of_a_key_holds_the_secret(tmp_path):
    key = nnlock.MasterKey.from_bytes(SECRET)
    key.save(tmp_path / "k")
    line = (tmp_path / "k").read_text().splitlines()[-1]
    assert line.startswith("NNLOCK-MASTER-KEY-1")
    shown = []
    for name in dir(key):
        try:
            value = getattr(key, name)
            shown.append(value if isinstance(value, (str, bytes)) else repr(value))
        except Exception as error:
            shown.append(repr(error))
    for value in shown + [repr(key)]:
        data = value.encode() if isinstance(value, str) else value
        assert SECRET not in data and SECRET.hex().encode() not in data.lower() and line[19:].encode() not in data
    assert not hasattr(key, "__dict__")
    for convert in (bytes, memoryview, list, len, int, vars):
        with pytest.raises(TypeError):
            convert(key)


def test_generated_keys_differ():
    assert len({nnlock.MasterKey.generate().fingerprint for _ in range(20)}) == 20


def test_save_and_read(tmp_path, key):
    path = tmp_path / "my.key"
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nnlock.MasterKey.from_file(path).fingerprint == key.fingerprint
    assert nnlock.MasterKey.from_file(os.fsencode(path)).fingerprint == key.fingerprint
    assert nnlock.MasterKey.parse(path.read_text()).fingerprint == key.fingerprint
    assert re.search(r"^# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", path.read_text(), re.M)


def test_save_never_overwrites(tmp_path, key):
    key.save(tmp_path / "k", created="today")
    before = (tmp_path / "k").read_bytes()
    assert b"# created: today\n" in before
    with pytest.raises(nnlock.UsageError) as caught:
        nnlock.MasterKey.generate().save(tmp_path / "k")
    assert caught.value.file == str(tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == before


def test_warns_when_others_may_read(tmp_path, key):
    key.save(tmp_path / "k")
    os.chmod(tmp_path / "k", 0o644)
    with pytest.warns(nnlock.KeyFileWarning, match="others may read") as caught:
        nnlock.MasterKey.from_file(tmp_path / "k")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(nnlock.KeyFileWarning):
            nnlock.MasterKey.from_file(tmp_path / "k")


@pytest.mark.parametrize("refuse", [copy.copy, copy.deepcopy, pickle.dumps, lambda key: pickle.dumps(key, 0),
                                    lambda key: key.__reduce__(), lambda key: key.__getstate__()])
def test_no_copy_and_no_pickle(key, refuse):
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        refuse(key)


def test_no_way_to_another_process(key):
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        multiprocessing.reduction.ForkingPickler.dumps({"key": key})


@pytest.mark.filterwarnings("ignore:nanobind")
def test_made_by_its_functions_only():
    with pytest.raises(TypeError):
        nnlock.MasterKey()
    with pytest.raises(TypeError):
        type("Leak", (nnlock.MasterKey,), {})
    with pytest.raises(TypeError):
        nnlock.MasterKey.__new__(nnlock.MasterKey).fingerprint


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_from_bytes(kind):
    assert nnlock.MasterKey.from_bytes(kind(SECRET)).fingerprint == nnlock.MasterKey.from_bytes(SECRET).fingerprint
    for wrong in (b"", SECRET[:31], SECRET + b"x"):
        with pytest.raises(ValueError, match="32 bytes") as caught:
            nnlock.MasterKey.from_bytes(kind(wrong))
        assert SECRET.hex() not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, "text", 5])
def test_from_bytes_wants_bytes(wrong):
    with pytest.raises(TypeError):
        nnlock.MasterKey.from_bytes(wrong)
