# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What the functions return. The extension fills these by position: keep the order of the fields."""

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class Family:
    """Groups the locks of successive versions of one model."""

    id: str  # 32 hex digits
    version: int


@dataclass(frozen=True)
class LayoutCounts:
    """How many parameters of a record are in each layout."""

    bytes: int
    plain: int
    finite: int
    range: int
    block: int


@dataclass(frozen=True)
class LockReport:
    """What lock() did."""

    lock_id: str  # 32 hex digits
    params: int
    locked_bytes: int
    plain_bytes: int
    record_bytes: int
    chunks: int
    kernel: str
    sidecar_path: Optional[str]  # when a sidecar was written
    layouts: LayoutCounts
    fallen_back: Tuple[str, ...]  # float tensors that stayed in layout "bytes" unasked: they hold NaN or infinity
    files: int = 1  # that make up the model
    copied_files: int = 0  # of a set: without parameters, neither locked nor authenticated


@dataclass(frozen=True)
class UnlockReport:
    """What unlock(), unlock_to() and verify() found."""

    lock_id: str  # 32 hex digits
    params: int
    nbytes: int  # of parameters
    key_fits: bool  # False only for a decoy
    kernel: str
    files: int = 1  # that were opened, of ...
    set_files: int = 1  # ... so many that were locked together


@dataclass(frozen=True)
class FloatRing:
    """What layout "finite" tells of a float tensor: magnitudes from 2**low to below 2**(high + 1). Locked values keep to it too."""

    low: Optional[int]  # None, as `high`: zeros and subnormal numbers only
    high: Optional[int]
    zero: bool  # zeros and subnormal numbers too
    keeps_sign: bool  # no sign bit is set, and locking sets none


@dataclass(frozen=True)
class IntegerRange:
    """What layout "range" tells of an integer tensor: values from -2**bits, or 0 if not `negative`, to below 2**bits."""

    bits: int
    negative: bool


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a model file."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
    offset: int  # bytes, in the file as it was before locking
    nbytes: int
    layout: str  # "bytes", "plain", "finite", "range", "block", or "" outside the record; of a plain model: what lock() chooses
    reason: str  # why a constant stays readable, or why a float tensor is in layout "bytes"
    ring: Optional[FloatRing]  # layout "finite" only
    range: Optional[IntegerRange]  # layout "range" only
    file: str = ""  # of a model of several files: which one


@dataclass(frozen=True)
class RecordInfo:
    """The record of a locked model, as far as it can be read without a key."""

    lock_id: str  # 32 hex digits
    suite: str
    chunk_bytes: int
    chunks: int
    record_bytes: int
    slot_bytes: int
    family: Optional[Family]
    fingerprint_hint: Optional[str]
    in_sidecar: bool


@dataclass(frozen=True)
class ModelInfo:
    """A model, plain or locked. Read without a key, so nothing of it is authenticated."""

    format: str
    file_bytes: int
    restored_bytes: int  # before locking
    record: Optional[RecordInfo]  # None: not locked
    params: Tuple[TensorInfo, ...]  # in file order
    constants: Tuple[TensorInfo, ...]
    locked_bytes: int
    param_bytes: int  # of all learned bytes, lockable or not
    files: int = 1  # that make up the model; the bytes are of all of them

    @property
    def locked(self) -> bool:
        return self.record is not None

    @property
    def locked_share(self) -> float:
        """Locked part of all learned bytes, 0 to 1."""
        return self.locked_bytes / self.param_bytes if self.param_bytes else 0.0


@dataclass(frozen=True)
class FormatFacts:
    """What a format is to a user, in words."""

    format: str  # as in ModelInfo
    title: str
    files: str  # usual names
    locked: str
    readable: str
    record: str  # where it goes
    limits: str  # what is refused, and what to do then; may be empty
