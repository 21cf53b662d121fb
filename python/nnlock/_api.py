# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The functions of the package: arguments are checked here, the work happens in the extension without the GIL.

A progress callback gets (bytes done, bytes in all), from any thread but never from two at once. It cannot stop the
work: what it raises is raised again when the work is done and its output is in place.
"""

import operator
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Optional, Tuple, Union

from . import _native
from ._errors import BadRecordError, IoError, UsageError
from ._types import FormatFacts, LockReport, ModelInfo, UnlockReport

if TYPE_CHECKING:
    from typing_extensions import Buffer, Literal

Path = Union[str, "os.PathLike[str]"]
Id = Union[str, bytes]
Progress = Callable[[int, int], object]

_MAX64 = 2**64 - 1


def _key(key: _native.MasterKey) -> _native.MasterKey:
    if not isinstance(key, _native.MasterKey):
        raise TypeError("key must be a nnlock.MasterKey, for example MasterKey.from_file(path)")
    return key


def _whole(name: str, value: int, low: int, high: int) -> int:
    value = operator.index(value)
    if not low <= value <= high:
        raise UsageError(f"{name} must be from {low} to {high}")
    return value


def _id(name: str, value: Optional[Id]) -> Optional[bytes]:
    if value is None or (isinstance(value, bytes) and len(value) == 16):
        return value
    if isinstance(value, str) and len(value) == 32:
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise UsageError(f"{name} must be 32 hex digits or 16 bytes")


def _chunk_log2(chunk: Optional[int]) -> int:
    if chunk is None:
        return 18
    size = operator.index(chunk)
    log2 = size.bit_length() - 1
    if not 16 <= log2 <= 24 or size != 1 << log2:
        raise UsageError("chunk must be a power of two from 65536 to 16777216 bytes")
    return log2


def _globs(globs: Iterable[str]) -> List[str]:
    return [globs] if isinstance(globs, str) else list(globs)


def _callback(progress: Optional[Progress]) -> Optional[Progress]:
    if progress is not None and not callable(progress):
        raise TypeError("progress must be callable")
    return progress


def _is_path(model: object) -> bool:
    return isinstance(model, (str, os.PathLike))


def _path(name: str, path: Path) -> Path:
    if not _is_path(path):
        raise TypeError(f"{name} must be a path, not {type(path).__name__}")
    if "\0" in str(os.fspath(path)):
        raise UsageError(f"{name} must not hold a NUL")
    if not os.fspath(path):
        raise UsageError(f"{name} must not be empty")
    return path


def _demands(expect_lock_id: Optional[Id], family: Optional[Id], least_version: Optional[int], threads: int,
             progress: Optional[Progress]) -> Tuple[Optional[bytes], Optional[bytes], int, int, Optional[Progress]]:
    if least_version is not None and family is None:
        raise UsageError("least_version needs family")
    return (_id("expect_lock_id", expect_lock_id), _id("family", family), _whole("least_version", least_version or 0, 0, _MAX64),
            _whole("threads", threads, 0, 1024), _callback(progress))


def lock(key: _native.MasterKey, model: Path, out: Path, *, suite: 'Literal["aes256", "chacha20"]' = "aes256",
         layout: 'Literal["auto", "bytes"]' = "auto", chunk: Optional[int] = None, include: Iterable[str] = (),
         exclude: Iterable[str] = (), allow_plain: bool = False, sidecar: Union[None, bool, Path] = None, hint: bool = False,
         family: Optional[Id] = None, family_version: Optional[int] = None, room: int = 1024, threads: int = 0, force: bool = False,
         progress: Optional[Progress] = None) -> LockReport:
    """Locks the plain model `model` into the new file `out`, which appears only when complete.

    A model of several files (its main file; a safetensors index; the first part of a split model; a folder) is locked as one, into
    another folder: `out` is then its main file, index or first part there, or that folder.

    suite: cipher suite.  chunk: unit of checking, a power of two from 64 KiB to 16 MiB; default 256 KiB.
    layout: "auto" keeps floats finite and wide integers in their range, so that a locked or wrongly unlocked model computes with
        plausible numbers; float tensors that hold NaN or infinity are locked byte by byte. "bytes" locks everything byte by byte.
    include, exclude: globs on tensor names; what they leave out stays readable but authenticated.
    allow_plain: accept learned tensors that cannot be locked in place.
    sidecar: True writes the record to OUT.nnlock, a path to that file, else it goes into the model.
    hint: write the key's fingerprint into the record.  family, family_version: make this a version of a family of models.
    room: bytes kept for later recipients.  threads: 0 means all cores.  force: replace `out` if it exists.
    """
    if suite not in ("aes256", "chacha20"):
        raise UsageError("suite must be 'aes256' or 'chacha20'")
    if layout not in ("auto", "bytes"):
        raise UsageError("layout must be 'auto' or 'bytes'")
    if (family is None) != (family_version is None):
        raise UsageError("family and family_version belong together")
    has_path = sidecar is not None and not isinstance(sidecar, bool)
    return _native.lock_model(
        _key(key), _path("model", model), _path("out", out), suite == "chacha20", layout == "bytes", _chunk_log2(chunk),
        _globs(include), _globs(exclude), bool(allow_plain), bool(sidecar) or has_path,
        _path("sidecar", sidecar) if has_path else None,  # type: ignore[arg-type]
        bool(hint), _id("family", family), _whole("family_version", family_version or 0, 0, _MAX64),
        _whole("room", room, 64, 1 << 20), _whole("threads", threads, 0, 1024), bool(force), _callback(progress))


def _sidecar_bytes(sidecar: 'Union[None, Path, Buffer]') -> 'Optional[Buffer]':
    if sidecar is None:
        return None
    if isinstance(sidecar, (str, os.PathLike)):
        try:
            with open(_path("sidecar", sidecar), "rb") as file:
                sidecar = file.read()
        except OSError as error:
            raise IoError(error.strerror or str(error), file=os.fsdecode(sidecar)) from error
    if memoryview(sidecar).nbytes == 0:
        raise BadRecordError("the sidecar is empty")
    return sidecar


def unlock(key: _native.MasterKey, model: 'Union[Path, Buffer]', *, sidecar: 'Union[None, Path, Buffer]' = None,
           decoy: bool = False, expect_lock_id: Optional[Id] = None, family: Optional[Id] = None,
           least_version: Optional[int] = None, threads: int = 0,
           progress: Optional[Progress] = None) -> _native.UnlockedModel:
    """Unlocks a locked model into private memory. `model` is a path, or the bytes of a locked model.

    sidecar: where the record is; for a path, MODEL.nnlock is found alone. Bytes-like only beside a bytes-like model.
    decoy: evaluation only; a key that does not fit gives unrelated weights instead of WrongKeyError.
    expect_lock_id, family, least_version: refuse (TamperedError) other locks, other families, older versions.
    """
    demands = _demands(expect_lock_id, family, least_version, threads, progress)
    if isinstance(model, (str, os.PathLike)):
        if sidecar is not None:
            sidecar = _path("sidecar", sidecar)  # type: ignore[arg-type]
        return _native.unlock_path(_key(key), _path("model", model), sidecar, bool(decoy), *demands)
    return _native.unlock_content(_key(key), model, _sidecar_bytes(sidecar), bool(decoy), *demands)


def unlock_to(key: _native.MasterKey, model: Path, out: Union[Path, int], *, sidecar: Optional[Path] = None,
              decoy: bool = False, expect_lock_id: Optional[Id] = None, family: Optional[Id] = None,
              least_version: Optional[int] = None, threads: int = 0, force: bool = False,
              progress: Optional[Progress] = None) -> UnlockReport:
    """Unlocks into the new file `out` (mode 0600), byte for byte the model before locking; the rest as for unlock().

    `out` may also be an open file descriptor: it is truncated and written from the start.
    """
    demands = _demands(expect_lock_id, family, least_version, threads, progress)
    if isinstance(out, int):
        out = _whole("out", out, 0, 2**31 - 1)
    else:
        out = _path("out", out)
    if sidecar is not None:
        sidecar = _path("sidecar", sidecar)
    return _native.unlock_into(_key(key), _path("model", model), out, bool(force), sidecar, bool(decoy), *demands)


def verify(key: _native.MasterKey, model: 'Union[Path, Buffer]', *, sidecar: 'Union[None, Path, Buffer]' = None,
           expect_lock_id: Optional[Id] = None, family: Optional[Id] = None, least_version: Optional[int] = None,
           threads: int = 0, progress: Optional[Progress] = None) -> UnlockReport:
    """Checks everything that unlocking checks and writes nothing. Arguments and errors as for unlock()."""
    if not isinstance(model, (str, os.PathLike)):
        options: Dict[str, Any] = dict(expect_lock_id=expect_lock_id, family=family, least_version=least_version)
        with unlock(key, model, sidecar=sidecar, threads=threads, progress=progress, **options) as unlocked:
            return unlocked.report
    demands = _demands(expect_lock_id, family, least_version, threads, progress)
    if sidecar is not None:
        sidecar = _path("sidecar", sidecar)  # type: ignore[arg-type]
    return _native.verify_path(_key(key), _path("model", model), sidecar, False, *demands)


def inspect(model: Path, sidecar: Optional[Path] = None) -> ModelInfo:
    """Describes a model file, plain or locked. Needs no key and therefore authenticates nothing."""
    return _native.inspect_path(_path("model", model), None if sidecar is None else _path("sidecar", sidecar))


def formats() -> Tuple[FormatFacts, ...]:
    """The formats that can be locked, and what each codec says of its own."""
    return _native.formats()


def doctor(measure: bool = False) -> Dict[str, Any]:
    """What this machine offers: kernels, features, limits (None: unlimited). `measure` fills in bytes_per_second."""
    return _native.doctor(bool(measure))
