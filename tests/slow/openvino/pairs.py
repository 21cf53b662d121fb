# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Locks and unlocks OpenVINO IRs and gives all three to a C++ program.

Usage: pairs.py COMPARE; NNLOCK_PROGRAM names the nnlock program.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "stock"))

from stock_pairs import NOT_READ, own_pairs, real_pairs  # noqa: E402
from stock_workshop import Workshop  # noqa: E402


def main(compare):
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(scratch)
        pairs = own_pairs(Path(scratch)) | {name: pair for name, pair in real_pairs().items() if name not in NOT_READ}
        for name, pair in pairs.items():
            if pair.kind != "openvino" or not pair.path.is_file():
                continue
            locked, unlocked = (Path(scratch) / kind / pair.path.name for kind in ("locked", "unlocked"))
            workshop.must("lock", "-q", "-k", workshop.key, pair.path, "-o", locked)
            workshop.must("unlock", "-q", "-k", workshop.key, locked, "-o", unlocked)
            print(f"-- {name}", flush=True)
            failed |= subprocess.run([compare, pair.path, unlocked, locked], check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
