# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""lock, unlock, verify, inspect on each format; sidecars, decoys, choice of tensors, progress, threads."""

import json
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import nnlock
import pytest
from conftest import import_or_skip, small_safetensors


def test_version():
    assert nnlock.__version__ == metadata.version("nnlock") == nnlock.doctor()["version"]


@pytest.mark.parametrize("suite", ["aes256", "chacha20"])
def test_round_trip(key, model, tmp_path, suite):
    plain, out = model.read_bytes(), tmp_path / "locked"
    report = nnlock.lock(key, model, out, suite=suite)
    assert report.params > 0 and report.locked_bytes > 0 and report.plain_bytes == 0 and report.chunks >= report.params
    assert len(report.lock_id) == 32 and report.sidecar_path is None and suite[:3] in report.kernel
    locked = out.read_bytes()
    assert locked != plain and len(locked) >= len(plain) + report.record_bytes

    with nnlock.unlock(key, str(out)) as unlocked:
        assert bytes(unlocked) == plain and len(unlocked) == len(plain)
        found = unlocked.report
    assert (found.lock_id, found.params, found.nbytes, found.key_fits) == (report.lock_id, report.params, report.locked_bytes, True)
    for data in (locked, bytearray(locked), memoryview(locked)):
        with nnlock.unlock(key, data) as unlocked:
            assert bytes(unlocked) == plain
    assert nnlock.verify(key, out) == nnlock.verify(key, locked) == found
    assert nnlock.unlock_to(key, out, tmp_path / "plain") == found
    assert (tmp_path / "plain").read_bytes() == plain
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o600


def test_inspect(key, model, tmp_path):
    before = nnlock.inspect(model)
    assert not before.locked and before.record is None and before.params
    assert before.format == {"onnx": "onnx", "tflite": "tflite", "safetensors": "safetensors"}[model.suffix[1:]]
    report = nnlock.lock(key, model, tmp_path / "l", hint=True, family="0f" * 16, family_version=2**64 - 1, chunk=65536, room=64)
    after = nnlock.inspect(tmp_path / "l")
    assert after.locked and after.locked_share == 1.0 and after.locked_bytes == report.locked_bytes
    assert after.restored_bytes == before.file_bytes == model.stat().st_size
    assert after.file_bytes == (tmp_path / "l").stat().st_size
    record = after.record
    assert (record.lock_id, record.suite, record.chunk_bytes, record.slot_bytes) == (report.lock_id, "aes256", 65536, 64)
    assert record.chunks == report.chunks and record.record_bytes == report.record_bytes and not record.in_sidecar
    assert record.family == nnlock.Family("0f" * 16, 2**64 - 1) and record.fingerprint_hint == key.fingerprint
    assert [(p.name, p.shape, p.offset, p.nbytes) for p in after.params] == [(p.name, p.shape, p.offset, p.nbytes) for p in before.params]
    assert sum(p.nbytes for p in after.params) == report.locked_bytes and "plain" not in {p.layout for p in after.params}
    assert [(p.layout, p.ring, p.range) for p in after.params] == [(p.layout, p.ring, p.range) for p in before.params]
    assert all(constant.reason for constant in after.constants)


def test_tensor_bytes_stand_where_inspect_says(key, tensors):
    safetensors = import_or_skip("safetensors.numpy")
    arrays, plain = safetensors.load_file(tensors), tensors.read_bytes()
    params = nnlock.inspect(tensors).params
    assert {p.name: plain[p.offset:p.offset + p.nbytes] for p in params} == {k: v.tobytes() for k, v in arrays.items()}
    assert {p.name: p.shape for p in params} == {k: v.shape for k, v in arrays.items()} and {p.dtype for p in params} == {"f32"}


@pytest.mark.parametrize("options", [dict(include=["layer.*"]), dict(include="layer.*"), dict(exclude=["head.*"]),
                                     dict(include=("layer.weight", "layer.bias"), exclude=iter(["nothing"]))])
def test_include_and_exclude(key, tensors, tmp_path, options):
    report = nnlock.lock(key, tensors, tmp_path / "l", **options)
    info = nnlock.inspect(tmp_path / "l")
    assert {p.name: p.layout for p in info.params} == {"layer.weight": "finite", "layer.bias": "finite", "head.weight": "plain"}
    assert report.plain_bytes == 2560 and 0 < info.locked_share < 1
    with nnlock.unlock(key, tmp_path / "l") as unlocked:
        assert bytes(unlocked) == tensors.read_bytes()


@pytest.mark.parametrize("named", [False, True])
def test_sidecar(key, model, tmp_path, named):
    out, side = tmp_path / "l", tmp_path / ("record" if named else "l.nnlock")
    report = nnlock.lock(key, model, out, sidecar=side if named else True)
    assert report.sidecar_path == str(side) and side.stat().st_size == report.record_bytes
    assert out.stat().st_size == model.stat().st_size
    where = side if named else None
    assert nnlock.inspect(out, where).record.in_sidecar
    assert nnlock.verify(key, out, sidecar=where).lock_id == report.lock_id
    for source, record in ((out, where), (out.read_bytes(), side), (out.read_bytes(), side.read_bytes())):
        with nnlock.unlock(key, source, sidecar=record) as unlocked:
            assert bytes(unlocked) == model.read_bytes()
    assert nnlock.verify(key, out.read_bytes(), sidecar=bytearray(side.read_bytes())).params == report.params
    nnlock.unlock_to(key, out, tmp_path / "p", sidecar=where)
    assert (tmp_path / "p").read_bytes() == model.read_bytes()
    with pytest.raises(nnlock.NotLockedError):
        nnlock.unlock(key, out.read_bytes())


def test_sidecar_false_is_none(key, tensors, tmp_path):
    assert nnlock.lock(key, tensors, tmp_path / "l", sidecar=False).sidecar_path is None
    assert os.listdir(tmp_path / "..") and not (tmp_path / "l.nnlock").exists()


def test_decoy(key, model, tmp_path):
    plain, other = model.read_bytes(), nnlock.MasterKey.generate()
    nnlock.lock(key, model, tmp_path / "l")
    with pytest.raises(nnlock.WrongKeyError):
        nnlock.unlock(other, tmp_path / "l")
    with nnlock.unlock(key, tmp_path / "l", decoy=True) as unlocked:
        assert unlocked.report.key_fits and bytes(unlocked) == plain
    with nnlock.unlock(other, tmp_path / "l", decoy=True) as unlocked:
        assert not unlocked.report.key_fits
        decoy = bytes(unlocked)
    assert len(decoy) == len(plain)
    touched = bytearray(plain)
    for p in nnlock.inspect(model).params:
        assert p.nbytes < 16 or decoy[p.offset:p.offset + p.nbytes] != plain[p.offset:p.offset + p.nbytes]
        touched[p.offset:p.offset + p.nbytes] = decoy[p.offset:p.offset + p.nbytes]
    assert touched == decoy  # all that is no parameter is as it was
    report = nnlock.unlock_to(other, tmp_path / "l", tmp_path / "d", decoy=True)
    assert not report.key_fits and (tmp_path / "d").read_bytes() == decoy


def test_unlock_to_descriptor(key, tensors, locked, tmp_path):
    fd = os.memfd_create("plain") if hasattr(os, "memfd_create") else os.open(tmp_path / "fd", os.O_RDWR | os.O_CREAT)
    try:
        os.write(fd, b"old" * 100000)
        assert nnlock.unlock_to(key, locked, fd).key_fits
        assert os.pread(fd, 1 << 20, 0) == tensors.read_bytes()
    finally:
        os.close(fd)
    with pytest.raises(nnlock.IoError):
        nnlock.unlock_to(key, locked, fd)


def test_failed_unlock_leaves_no_file(key, locked, tmp_path):
    data = bytearray(locked.read_bytes())
    data[-1] ^= 1
    locked.write_bytes(data)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(nnlock.TamperedError):
        nnlock.unlock_to(key, locked, tmp_path / "p")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A model of 64 MiB and its key: long enough for threads and progress."""
    folder, key = tmp_path_factory.mktemp("big"), nnlock.MasterKey.generate()
    plain = small_safetensors(folder, "big.safetensors", 4096)
    nnlock.lock(key, plain, folder / "locked")
    return key, plain, folder / "locked"


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_and_progress(big, tmp_path, threads):
    key, plain, locked = big
    for work in (lambda **o: nnlock.lock(key, plain, tmp_path / "l", force=True, **o), lambda **o: nnlock.unlock(key, locked, **o),
                 lambda **o: nnlock.unlock(key, locked.read_bytes(), **o), lambda **o: nnlock.verify(key, locked, **o),
                 lambda **o: nnlock.unlock_to(key, locked, tmp_path / "p", force=True, **o)):
        calls = []
        work(threads=threads, progress=lambda done, total: calls.append((done, total)))
        totals = {total for _, total in calls}
        assert len(calls) >= 2 and len(totals) == 1 and totals.pop() > 4096 * 4096 * 4
        assert all(one[0] < two[0] <= two[1] for one, two in zip(calls, calls[1:]))
    assert (tmp_path / "p").read_bytes() == plain.read_bytes()
    with nnlock.unlock(key, tmp_path / "l") as unlocked:
        assert memoryview(unlocked) == plain.read_bytes()


class Stop(Exception):
    pass


@pytest.mark.parametrize("threads", [1, 4])
def test_exception_in_progress_comes_back(big, tmp_path, threads):
    key, plain, locked = big
    calls = []

    def progress(done, total):
        calls.append(done)
        raise Stop(f"at {done}")

    for work in (lambda: nnlock.lock(key, plain, tmp_path / "l", threads=threads, progress=progress, force=True),
                 lambda: nnlock.unlock(key, locked, threads=threads, progress=progress),
                 lambda: nnlock.unlock(key, locked.read_bytes(), threads=threads, progress=progress),
                 lambda: nnlock.verify(key, locked, threads=threads, progress=progress),
                 lambda: nnlock.unlock_to(key, locked, tmp_path / "p", threads=threads, progress=progress, force=True)):
        calls.clear()
        with pytest.raises(Stop, match="at "):
            work()
        assert len(calls) == 1
    nnlock.verify(key, tmp_path / "l")  # the work was finished first


def test_wrong_number_of_progress_arguments(big):
    key, _, locked = big
    with pytest.raises(TypeError):
        nnlock.verify(key, locked, progress=lambda: None)
    with pytest.raises(KeyboardInterrupt):
        def interrupt(done, total):
            raise KeyboardInterrupt
        nnlock.verify(key, locked, progress=interrupt)


def test_an_error_of_the_work_goes_first(big, tmp_path):
    key, _, locked = big
    data = bytearray(locked.read_bytes())
    data[-1] ^= 1

    def progress(done, total):
        raise Stop

    with pytest.raises(nnlock.TamperedError):
        nnlock.verify(key, bytes(data), threads=1, progress=progress)


def test_the_gil_is_released(big):
    key, _, locked = big
    inside, finished = threading.Event(), threading.Event()
    seen = []

    def other():
        assert inside.wait(60)
        seen.append("ran")
        finished.set()

    def progress(done, total):
        inside.set()
        finished.wait(60)  # the other thread needs the GIL, which this callback gives away only here and the work never holds

    thread = threading.Thread(target=other)
    thread.start()
    nnlock.verify(key, locked, progress=progress)
    thread.join()
    assert seen == ["ran"]


def test_python_runs_while_the_work_goes_on(big):
    key, _, locked = big
    data, marks, stop = locked.read_bytes(), [], threading.Event()

    def tick():
        while not stop.is_set():
            marks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        start = time.monotonic()
        while time.monotonic() - start < 1.0:
            before = time.monotonic()
            nnlock.unlock(key, data, threads=1).wipe()
            if any(before < mark < time.monotonic() for mark in marks[-1000:]):
                break
        else:
            pytest.fail("no other Python thread ran during any unlock")
    finally:
        stop.set()
        thread.join()


def test_many_threads_at_once(key, model, tmp_path):
    plain = model.read_bytes()
    nnlock.lock(key, model, tmp_path / "l")

    def work(number):
        with nnlock.unlock(key, tmp_path / "l", threads=2, progress=lambda done, total: None) as unlocked:
            assert bytes(unlocked) == plain
        return nnlock.lock(key, model, tmp_path / f"l{number}").lock_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(32)))) == 32


def test_a_locked_buffer_cannot_shrink_under_the_work(big):
    key, _, locked = big
    data, errors = bytearray(locked.read_bytes()), []

    def progress(done, total):
        try:
            data.clear()
        except BufferError as error:
            errors.append(error)

    nnlock.unlock(key, data, progress=progress).wipe()
    assert errors
    data.clear()  # the view was given back


def test_formats():
    found = {facts.format: facts for facts in nnlock.formats()}
    assert {"safetensors", "tflite", "onnx"} <= found.keys()
    assert all(facts.title and facts.files and facts.locked and facts.readable and facts.record for facts in found.values())


def test_doctor():
    machine = nnlock.doctor(measure=True)
    assert machine["threads"] >= 1 and machine["openssl_version"] and machine["kernels"]
    assert {kernel["suite"] for kernel in machine["kernels"] if kernel["chosen"]} == {"aes256", "chacha20"}
    assert [kernel["chosen"] for kernel in machine["number_kernels"]].count(True) == 1
    for kernel in machine["kernels"] + machine["number_kernels"]:
        assert (kernel["bytes_per_second"] is not None) == kernel["runnable"]
    assert nnlock.doctor()["kernels"][0]["bytes_per_second"] is nnlock.doctor()["number_kernels"][0]["bytes_per_second"] is None


def test_reports_are_values(key, locked):
    report = nnlock.verify(key, locked)
    assert report == nnlock.verify(key, locked) and report.lock_id in repr(report)
    with pytest.raises(AttributeError):
        report.params = 5


def test_a_set_of_shards_is_locked_as_one(key, tmp_path):
    for name in ("a", "b"):
        small_safetensors(tmp_path, f"{name}.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}))
    locked = tmp_path / "locked" / index.name
    report = nnlock.lock(key, index, locked)
    assert (report.files, report.copied_files) == (2, 1)
    assert nnlock.verify(key, locked).files == 2
    one = nnlock.verify(key, locked.parent / "b.safetensors")
    assert (one.files, one.set_files) == (1, 2)
    info = nnlock.inspect(locked)
    assert info.files == 2 and {t.file for t in info.params} == {"a.safetensors", "b.safetensors"}
    nnlock.unlock_to(key, locked, tmp_path / "plain" / index.name)
    for name in ("a", "b"):
        assert (tmp_path / "plain" / f"{name}.safetensors").read_bytes() == (tmp_path / f"{name}.safetensors").read_bytes()
    with pytest.raises(nnlock.UnsupportedError):
        nnlock.unlock(key, locked)
