# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch archives in Debian's PyTorch (an unpickler that runs no code, TorchScript) and in zip programs."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from conftest import refuse_without_data
from stock_models import data_dir

PYTHON = "/usr/bin/python3"  # the system's, which has the package python3-torch
CHILD = Path(__file__).with_name("stock_torch.py")
LONGEST = 300  # seconds

IMAGE = [[1, 3, 8, 8]]
OWN = {"state.pt": [], "checkpoint.pt": [], "protocol_4.pt": [], "traced.pt": IMAGE, "scripted.pt": IMAGE,
       "mobile.ptl": IMAGE, "quantised.pt": IMAGE}
REAL = {"pytorch/silero_vad.jit": [[1, 512], 16000], "pytorch/winml_iris_NetModel.pth": [],
        "ncnn/pnnx_3d_net.pt": [[1, 3, 10, 20, 30]]}
LEGACY = ("mtcnn_onet.pt", "mtcnn_pnet.pt", "resnet20-12fca82f.th", "resnet32-d509ac18.th", "resnet56-4bfd9763.th",
          "samplenet.pth")
NAMES = (*OWN, *REAL)


def torch_child(*arguments):
    done = subprocess.run([PYTHON, str(CHILD), *map(str, arguments)], text=True, capture_output=True, timeout=LONGEST,
                          check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pytorch")
    torch_child("write", folder)
    return folder


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    for kind in ("locked", "unlocked"):
        (folder / kind).mkdir()
    return folder


@pytest.fixture
def three(workshop, own, copies, name):
    """The file plain, locked and unlocked; locked once for all tests."""
    if name in REAL and not data_dir().is_dir():
        refuse_without_data()
    plain = own / name if name in OWN else data_dir() / name
    locked, unlocked = (copies / kind / plain.name for kind in ("locked", "unlocked"))
    if not locked.exists():
        workshop.must("lock", "-q", "-k", workshop.key, plain, "-o", locked)
        workshop.must("unlock", "-q", "-k", workshop.key, locked, "-o", unlocked)
    return plain, locked, unlocked


@pytest.mark.parametrize("name", NAMES)
def test_lock_verify_unlock(workshop, three, name):
    plain, locked, unlocked = three
    workshop.must("verify", "-q", "-k", workshop.key, locked)
    assert unlocked.read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_stock_runtime(three, name):
    """Unlocked gives what plain gives; locked loads, has the same tensors, and gives something else."""
    plain, unlocked, locked = torch_child("read", json.dumps((OWN | REAL)[name]), three[0], three[2], three[1])
    assert [seen["error"] for seen in (plain, unlocked, locked)] == ["", "", ""]
    assert unlocked == plain
    assert locked["skeleton"] == plain["skeleton"]
    assert locked["digest"] != plain["digest"]


@pytest.mark.parametrize("name", ["state.pt", "traced.pt"])
def test_exec_gives_the_same(workshop, three, name):
    plain, locked, _ = three
    inputs = json.dumps(OWN[name])
    done = subprocess.run([workshop.program, "exec", "-q", "-k", workshop.key, locked, "--", PYTHON, str(CHILD), "read",
                           inputs, "{}"], text=True, capture_output=True, timeout=LONGEST, check=True)
    assert [json.loads(done.stdout)] == torch_child("read", inputs, plain)


@pytest.mark.parametrize("name", NAMES)
def test_zip_programs_find_no_fault(workshop, three, name):
    """Checksums are right; the record is one more entry; nothing but storages of parameters differs."""
    plain, locked, _ = (zipfile.ZipFile(path) for path in three)
    assert locked.testzip() is None
    *names, record = locked.namelist()
    assert names == plain.namelist()
    assert record == names[0].split("/")[0] + "/extra/nnlock"
    changed = [one for one in names if plain.read(one) != locked.read(one)]
    facts = workshop.inspect(three[1])
    assert changed and len(changed) == len(facts["params"])
    assert all(one.split("/")[1] in ("data", "constants") for one in changed)
    assert sum(plain.getinfo(one).file_size for one in changed) == facts["locked_bytes"]


def with_wrong_checksums(path, out):
    """A copy in which the checksums of one storage are 0."""
    storage = next(one for one in zipfile.ZipFile(path).infolist() if one.filename.endswith("data/0"))
    blob = path.read_bytes()
    assert blob.count(storage.CRC.to_bytes(4, "little")) == 2  # central directory and data descriptor
    out.write_bytes(blob.replace(storage.CRC.to_bytes(4, "little"), bytes(4)))
    return out


@pytest.mark.parametrize("name", ["state.pt"])
def test_wrong_checksums(workshop, three, tmp_path, name):
    """In a plain file they are refused: unlocking could not give them back. In a locked file they mean nothing."""
    plain, locked, _ = three
    out = tmp_path / "out.pt"
    done = workshop.call("lock", "-k", workshop.key, with_wrong_checksums(plain, tmp_path / name), "-o", out)
    assert done.returncode == 5 and not out.exists()
    workshop.must("unlock", "-q", "-k", workshop.key, with_wrong_checksums(locked, tmp_path / name), "-o", out)
    assert out.read_bytes() == plain.read_bytes()


def assert_refused(workshop, path, out):
    done = workshop.call("lock", "-k", workshop.key, path, "-o", out)
    assert done.returncode == 5
    assert "before 1.6" in done.stderr and "torch.save() it anew" in done.stderr
    assert not out.exists()


def test_legacy_is_refused(workshop, own, tmp_path):
    assert_refused(workshop, own / "legacy.pt", tmp_path / "out.pt")


@pytest.mark.parametrize("name", LEGACY)
def test_real_legacy_is_refused(workshop, real_data, tmp_path, name):
    assert_refused(workshop, data_dir() / "pytorch" / name, tmp_path / "out.pt")
