# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""formats/REPORT.md says what is so, and what it says is good."""

import pytest

from formats_report import CASES, committed_sections, sections
from stock_models import data_dir


@pytest.fixture(scope="module")
def found():
    assert CASES.is_file(), f"{CASES} is not built: cmake --build --preset release"
    return sections()


def test_the_committed_report_is_what_comes_out(found):
    """Remake it with tests/stock/formats_report.py --write."""
    committed = committed_sections()
    for heading, table in found.items():
        assert committed[heading].splitlines() == table.splitlines(), heading


def test_public_models_are_in_it(real_data, found):
    assert len(found) == 2 and data_dir().is_dir()


def test_nothing_is_wrong(found):
    rows = [line for table in found.values() for line in table.splitlines()[2:]]
    assert len(rows) > 5
    assert [row for row in rows if "**" in row] == []
