# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The lock for trained neural networks: lock model files with a master key, and unlock them into private memory."""

from ._api import doctor, formats, inspect, lock, unlock, unlock_to, verify
from ._errors import (
    AlreadyLockedError,
    BadKeyFileError,
    BadModelError,
    BadRecordError,
    Error,
    IoError,
    KeyFileWarning,
    LicenceError,
    NothingToLockError,
    NotLockedError,
    TamperedError,
    UnsupportedError,
    UsageError,
    WrongKeyError,
)
from ._native import MasterKey, UnlockedModel
from ._native import version as _version
from ._types import (
    Family,
    FloatRing,
    FormatFacts,
    IntegerRange,
    LayoutCounts,
    LockReport,
    ModelInfo,
    RecordInfo,
    TensorInfo,
    UnlockReport,
)

__version__: str = _version()

__all__ = [
    "AlreadyLockedError", "BadKeyFileError", "BadModelError", "BadRecordError", "Error", "Family", "FloatRing",
    "FormatFacts", "IntegerRange", "IoError", "KeyFileWarning", "LayoutCounts", "LicenceError", "LockReport", "MasterKey", "ModelInfo",
    "NotLockedError", "NothingToLockError", "RecordInfo", "TamperedError", "TensorInfo", "UnlockReport", "UnlockedModel",
    "UnsupportedError", "UsageError", "WrongKeyError", "__version__", "doctor", "formats", "inspect", "lock", "unlock", "unlock_to", "verify",
]
