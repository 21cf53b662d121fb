# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""UnlockedModel: private memory, read-only views, and nothing left of it after wiping."""

import copy
import ctypes
import gc
import pickle
import subprocess
import sys
from pathlib import Path

import nnlock
import pytest
from conftest import import_or_skip


def address_of(view):
    numpy = import_or_skip("numpy")
    return numpy.frombuffer(view, numpy.uint8).__array_interface__["data"][0]


def mapped(address):
    for line in Path("/proc/self/maps").read_text().splitlines():
        low, high = (int(part, 16) for part in line.split()[0].split("-"))
        if low <= address < high:
            return True
    return False


def gone(address, content):
    """No longer mapped; or mapped anew by somebody else, holding something else."""
    return not mapped(address) or ctypes.string_at(address, len(content)) != content


@pytest.fixture
def unlocked(key, locked):
    return nnlock.unlock(key, locked)


def test_views_are_read_only_and_in_place(unlocked, tensors):
    plain = tensors.read_bytes()
    view = memoryview(unlocked)
    assert view.readonly and view.format == "B" and view.contiguous and view.nbytes == len(unlocked) == len(plain)
    assert view == plain
    with pytest.raises(TypeError):
        view[0] = 1
    with pytest.raises((BufferError, TypeError)):
        (ctypes.c_char * 8).from_buffer(unlocked)
    with memoryview(unlocked) as other:
        assert address_of(other) == address_of(view)


def test_wipe(unlocked, tensors):
    plain, address = tensors.read_bytes(), address_of(unlocked)
    assert mapped(address) and ctypes.string_at(address, len(plain)) == plain and not unlocked.wiped
    unlocked.wipe()
    assert gone(address, plain) and unlocked.wiped and "wiped" in repr(unlocked)
    for use in (memoryview, bytes, len, lambda u: memoryview(u)[0]):
        with pytest.raises(ValueError, match="wiped"):
            use(unlocked)
    unlocked.wipe()  # twice is harmless
    assert unlocked.report.key_fits  # what is no secret stays


def test_with_wipes(unlocked, tensors):
    plain, address = tensors.read_bytes(), address_of(unlocked)
    with unlocked as same:
        assert same is unlocked and bytes(same) == plain
    assert unlocked.wiped and gone(address, plain)


def test_wipe_is_refused_while_views_are_open(unlocked, tensors):
    one, two = memoryview(unlocked), memoryview(unlocked)
    with pytest.raises(BufferError):
        unlocked.wipe()
    one.release()
    with pytest.raises(BufferError):
        unlocked.wipe()
    assert two == tensors.read_bytes() and not unlocked.wiped
    two.release()
    unlocked.wipe()
    assert unlocked.wiped


def test_slices_and_casts_count_as_views(unlocked):
    part = memoryview(unlocked)[8:16].cast("Q")
    gc.collect()
    with pytest.raises(BufferError):
        unlocked.wipe()
    del part
    unlocked.wipe()


def test_with_defers_while_views_are_open(unlocked, tensors):
    plain = tensors.read_bytes()
    with pytest.raises(BufferError, match="still open"):
        with unlocked:
            view = memoryview(unlocked)
    address = address_of(view)
    assert view == plain and not unlocked.wiped  # never a dangling pointer
    for use in (memoryview, bytes, len):
        with pytest.raises(ValueError, match="wiped"):
            use(unlocked)
    view.release()
    assert unlocked.wiped and gone(address, plain)


def test_with_does_not_hide_an_exception(unlocked):
    with pytest.raises(ZeroDivisionError):
        with unlocked:
            view = memoryview(unlocked)
            1 / 0
    assert not unlocked.wiped
    view.release()
    assert unlocked.wiped


def test_views_keep_the_memory(unlocked, tensors):
    plain, view = tensors.read_bytes(), memoryview(unlocked)
    address = address_of(view)
    del unlocked
    gc.collect()
    assert view == plain


def test_wiped_when_it_goes(key, locked, tensors):
    plain, unlocked = tensors.read_bytes(), nnlock.unlock(key, locked)
    address = address_of(unlocked)
    assert ctypes.string_at(address, len(plain)) == plain
    del unlocked
    gc.collect()
    assert gone(address, plain)


def test_arrays_on_the_private_memory(unlocked, tensors):
    numpy = import_or_skip("numpy")
    weight = next(p for p in nnlock.inspect(tensors).params if p.name == "layer.weight")
    array = numpy.frombuffer(unlocked, numpy.float32, offset=weight.offset, count=weight.nbytes // 4).reshape(weight.shape)
    assert not array.flags.writeable and not array.flags.owndata
    assert (array == import_or_skip("safetensors.numpy").load_file(tensors)["layer.weight"]).all()
    with pytest.raises(BufferError):
        unlocked.wipe()
    del array
    unlocked.wipe()


@pytest.mark.parametrize("refuse", [copy.copy, copy.deepcopy, pickle.dumps])
def test_no_copy_and_no_pickle(unlocked, refuse):
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        refuse(unlocked)


@pytest.mark.filterwarnings("ignore:nanobind")
def test_made_by_unlock_only():
    with pytest.raises(TypeError):
        nnlock.UnlockedModel()
    empty = nnlock.UnlockedModel.__new__(nnlock.UnlockedModel)
    with pytest.raises(ValueError, match="holds nothing"):
        memoryview(empty)
    with pytest.raises(TypeError):
        len(empty)


def test_repr_holds_no_bytes(unlocked):
    assert repr(unlocked) == f"<nnlock.UnlockedModel, {len(unlocked)} bytes>"


# Looks through all memory of a process of its own for what must not be there. The needles come inverted, and so is every
# block before it is searched: the search itself puts no copy into memory.
SCAN = r"""
import gc, sys
import nnlock

INVERT = bytes(255 - n for n in range(256))

def found(needles):
    own, hits = bytearray(1 << 20), [0] * len(needles)
    with open("/proc/self/maps") as maps:
        regions = [line.split() for line in maps]
    with open("/proc/self/mem", "rb", 0) as memory:
        for line in regions:
            if not line[1].startswith("rw"):
                continue
            low, high = (int(part, 16) for part in line[0].split("-"))
            for at in range(low, high, len(own) - 64):
                try:
                    memory.seek(at)
                    size = memory.readinto(memoryview(own)[:min(len(own), high - at)])
                except OSError:
                    break
                flipped = own[:size].translate(INVERT)
                own[:] = bytes(len(own))
                for n, needle in enumerate(needles):
                    hits[n] += flipped.count(needle)
    return hits

needles = [bytes.fromhex(text) for text in sys.argv[4:]]
key = nnlock.MasterKey.from_file(sys.argv[2])
if sys.argv[1] == "key":
    print(found(needles))
    del key
else:
    unlocked = nnlock.unlock(key, sys.argv[3], threads=2)
    print(found(needles))
    unlocked.wipe()
gc.collect()
print(found(needles))
"""


def scan(what, key_file, model, needles):
    inverted = [bytes(255 - byte for byte in needle).hex() for needle in needles]
    run = subprocess.run([sys.executable, "-c", SCAN, what, key_file, model, *inverted], check=True, capture_output=True, text=True)
    return [eval(line) for line in run.stdout.splitlines()]


def test_no_weights_stay_in_memory(key, locked, tensors, tmp_path):
    key.save(tmp_path / "k")
    plain, needles = tensors.read_bytes(), []
    for p in nnlock.inspect(tensors).params:
        needles += [plain[p.offset:p.offset + 32], plain[p.offset + p.nbytes // 2:][:32], plain[p.offset + p.nbytes - 32:][:32]]
    before, after = scan("model", tmp_path / "k", locked, needles)
    assert all(before), "the scan must find what is there"
    assert not any(after), after


def test_no_key_stays_in_memory(tmp_path, locked):
    secret = bytes((7 * n + 3) % 251 for n in range(32))
    nnlock.MasterKey.from_bytes(secret).save(tmp_path / "k")
    text = (tmp_path / "k").read_bytes().splitlines()[-1][19:71]
    before, after = scan("key", tmp_path / "k", locked, [secret, text])
    assert before[0] == 1 and before[1] == 0, before  # once, in the locked memory; its text nowhere
    assert after == [0, 0]
