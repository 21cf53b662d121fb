# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The types as a user's type checker sees them."""

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

import nnlock
import pytest
from conftest import import_or_skip

GOOD = '''
from pathlib import Path
from typing import Optional
import nnlock

def show(done: int, total: int) -> None: ...

key: nnlock.MasterKey = nnlock.MasterKey.from_file(Path("k"))
key.save("k", created=None)
text: str = key.fingerprint
report: nnlock.LockReport = nnlock.lock(key, "m", Path("o"), suite="chacha20", layout="bytes", chunk=1 << 20, include=["a"], sidecar=True)
nnlock.lock(key, "m", "o", layout="auto", progress=show)
finite: int = report.layouts.finite
side: Optional[str] = report.sidecar_path
with nnlock.unlock(key, "o", sidecar="s", expect_lock_id=report.lock_id) as model:
    data: bytes = bytes(model)
    view: memoryview = memoryview(model)
    size: int = len(model)
    fits: bool = model.report.key_fits
with nnlock.unlock(key, b"bytes", sidecar=bytearray(b"x")) as again:
    again.wipe()
nnlock.unlock_to(key, "o", 3, force=True)
params: int = nnlock.verify(key, memoryview(b"")).params
info: nnlock.ModelInfo = nnlock.inspect("o")
if info.record is not None and info.record.family is not None:
    version: int = info.record.family.version
share: float = info.locked_share
for tensor in info.params:
    ring: Optional[nnlock.FloatRing] = tensor.ring
    low: Optional[int] = None if ring is None else ring.low
    if tensor.range is not None:
        whole: nnlock.IntegerRange = tensor.range
        bits: int = whole.bits
        signed: bool = whole.negative
for facts in nnlock.formats():
    words: str = facts.format + facts.title + facts.locked + facts.limits
try:
    pass
except nnlock.IoError as error:
    code: int = error.code
    number: Optional[int] = error.errno
    kind: str = error.kind
    where: Optional[int] = error.offset
'''

BAD = '''
import nnlock
key = nnlock.MasterKey()
nnlock.lock("key", "m", "o")
nnlock.lock(nnlock.MasterKey.generate(), "m", "o", suite="des")
nnlock.lock(nnlock.MasterKey.generate(), "m", "o", layout="finite")
nnlock.lock(nnlock.MasterKey.generate(), "m", "o", True)
nnlock.MasterKey.generate().secret
nnlock.unlock(nnlock.MasterKey.generate(), 5)
text: int = nnlock.inspect("o").format
'''


def mypy(folder, source):
    import_or_skip("mypy")
    (folder / "usage.py").write_text(source)
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), "usage.py"],
                         cwd=folder, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def test_good_usage_is_accepted(tmp_path):
    code, text = mypy(tmp_path, GOOD)
    assert code == 0, text


def test_bad_usage_is_refused(tmp_path):
    code, text = mypy(tmp_path, BAD)
    lines = {int(line.split(":")[1]) for line in text.splitlines() if ": error:" in line}
    bad = set(range(3, len(BAD.splitlines()) + 1))
    assert code == 1 and lines >= bad - {3}, text


def test_the_package_itself_is_strict(tmp_path):
    import_or_skip("mypy")
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "nnlock"], cwd=tmp_path,
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_marked_as_typed():
    assert resources.files("nnlock").joinpath("py.typed").is_file()


def stub():
    return ast.parse(resources.files("nnlock").joinpath("_native.pyi").read_text())


def test_the_stub_names_what_is_there():
    from nnlock import _native
    functions = {node.name: node for node in stub().body if isinstance(node, ast.FunctionDef)}
    classes = {node.name: node for node in stub().body if isinstance(node, ast.ClassDef)}
    public = {name for name in dir(_native) if not name.startswith("_")}
    assert public == functions.keys() | classes.keys()
    for name, node in functions.items():
        arguments = [argument.arg for argument in node.args.args]
        signature = getattr(_native, name).__nb_signature__[0][0]
        assert [argument.arg for argument in ast.parse(signature + ": ...").body[0].args.args] == arguments, name
    for name, node in classes.items():
        there = {key for key in vars(getattr(_native, name)) if not key.startswith("_")}
        assert there == {item.name for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")}


def test_all_is_sorted_out():
    assert set(nnlock.__all__) == {name for name in vars(nnlock) if not name.startswith("_")} | {"__version__"}
