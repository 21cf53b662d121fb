# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Where the tests of this folder find what they need, and what they do without it."""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), *(str(ROOT / folder) for folder in ("tests/slow", "tests/stock", "examples/demo"))]


def leave(reason):
    """Skips; a CI run must have everything."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture
def lock():
    from schemes import NnlockV1
    try:
        return NnlockV1()
    except FileNotFoundError as error:
        leave(str(error))


@pytest.fixture(autouse=True)
def target_is_there(request):
    """A test of one public model needs its file."""
    callspec = getattr(request.node, "callspec", None)
    target = callspec.params.get("target") if callspec else None
    if target and not target.is_here:
        leave(f"{target.file} is not here; NNLOCK_DATA_DIR names the folder of public models")
