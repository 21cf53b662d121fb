# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""One measured thing: its raw values and their median."""

import statistics


def rounded(value):
    return float(f"{value:.5g}")


def figure(unit, values, **more):
    return {"unit": unit, "median": rounded(statistics.median(values)), "raw": [rounded(v) for v in values], **more}
