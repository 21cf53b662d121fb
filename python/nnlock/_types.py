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


@dataclass(frozen=True)
class UnlockReport:
    """What unlock(), unlock_to() and verify() found."""

    lock_id: str  # 32 hex digits
    params: int
    nbytes: int  # of parameters
    key_fits: bool  # False only for a decoy
    kernel: str


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a model file."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
    offset: int  # bytes, in the file as it was before locking
    nbytes: int
    layout: str  # "bytes", "plain", or "" for a constant outside the record
    reason: str  # why a constant stays readable


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
    """A model file, plain or locked. Read without a key, so nothing of it is authenticated."""

    format: str
    file_bytes: int
    restored_bytes: int  # before locking
    record: Optional[RecordInfo]  # None: not locked
    params: Tuple[TensorInfo, ...]  # in file order
    constants: Tuple[TensorInfo, ...]
    locked_bytes: int
    param_bytes: int  # of all learned bytes, lockable or not

    @property
    def locked(self) -> bool:
        return self.record is not None

    @property
    def locked_share(self) -> float:
        """Locked part of all learned bytes, 0 to 1."""
        return self.locked_bytes / self.param_bytes if self.param_bytes else 0.0
