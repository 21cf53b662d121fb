# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""One exception class for each class of outcome (spec/lock-v1.md section 10)."""

from typing import Any, ClassVar, Dict, Optional, Tuple, Type


class Error(Exception):
    """Base of everything nnlock raises on its own. Members that are unknown are None."""

    code: ClassVar[int] = 1
    """Exit code that the nnlock program would give."""
    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: Optional[str] = None, file: Optional[str] = None,
                 tensor: Optional[str] = None, offset: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.tensor = tensor
        self.offset = offset

    def __str__(self) -> str:
        place = []
        if self.tensor is not None:
            place.append(f"tensor {self.tensor}")
        if self.offset is not None:
            place.append(f"byte {self.offset}")
        text = f"{self.file}: {self.message}" if self.file is not None else self.message
        if place:
            text += f" ({', '.join(place)})"
        return f"{text}; hint: {self.hint}" if self.hint is not None else text

    def __reduce__(self) -> Tuple[Any, ...]:  # exceptions cross process boundaries
        return _rebuild, (type(self), self.message, self.hint, self.file, self.tensor, self.offset)


class UsageError(Error, ValueError):
    """The call itself is wrong: fix the arguments."""

    code, kind = 2, "usage"


class WrongKeyError(Error):
    """The key does not fit this record: use the key the model was locked with."""

    code, kind = 3, "wrong-key"


class BadKeyFileError(Error):
    """The key file cannot be used: restore it from a backup."""

    code, kind = 3, "bad-key-file"


class TamperedError(Error):
    """The key fits, but bytes differ from what was locked: get the file again."""

    code, kind = 4, "tampered"


class BadRecordError(Error):
    """The record is damaged, doubled or not canonical: get the file again."""

    code, kind = 4, "bad-record"


class BadModelError(Error):
    """The model file breaks the rules of its format or is ambiguous."""

    code, kind = 5, "bad-model"


class NothingToLockError(Error):
    """A valid model without parameters (or none left after include and exclude)."""

    code, kind = 5, "nothing-to-lock"


class NotLockedError(Error):
    """No record found: a plain model, or its record was stripped."""

    code, kind = 5, "not-locked"


class AlreadyLockedError(Error):
    """The model holds a record already."""

    code, kind = 5, "already-locked"


class UnsupportedError(Error):
    """Valid, but asks for something this version cannot do."""

    code, kind = 5, "unsupported"


class IoError(Error, OSError):
    """The operating system refused: see the message."""

    code, kind = 6, "io"


class LicenceError(Error):
    """The record demands a licence; this version knows none."""

    code, kind = 7, "licence"


class KeyFileWarning(UserWarning):
    """A key file that others may read."""


_CLASSES: Dict[str, Type[Error]] = {cls.kind: cls for cls in Error.__subclasses__()}


def _rebuild(cls: Type[Error], message: str, hint: Optional[str], file: Optional[str], tensor: Optional[str],
             offset: Optional[int]) -> Error:
    return cls(message, hint=hint, file=file, tensor=tensor, offset=offset)


def from_native(kind: str, message: str, hint: str, file: str, tensor: str, offset: Optional[int]) -> Error:
    """The library's errors; it writes unknown members as empty text."""
    return _rebuild(_CLASSES[kind], message, hint or None, file or None, tensor or None, offset)
