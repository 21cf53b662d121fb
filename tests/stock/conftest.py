# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the stock-runtime tests."""

import os

import pytest

from stock_models import data_dir
from stock_workshop import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("stock"))


def refuse_without_data():
    """Skips where the real models are absent; a CI run must have them."""
    reason = f"no real models at {data_dir()}; NNLOCK_DATA_DIR names another folder"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def real_data():
    if not data_dir().is_dir():
        refuse_without_data()


@pytest.fixture(autouse=True)
def model_is_there(request):
    """Every test of one model needs its file; a listed file that is gone is a failure."""
    callspec = getattr(request.node, "callspec", None)
    model = callspec.params.get("model") if callspec else None
    if model is None:
        return
    if not model.own and not data_dir().is_dir():
        refuse_without_data()
    assert model.path.is_file(), f"{model.path} is listed in stock_models.py but absent"
