#!/usr/bin/env bash
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
# Measures nnlock beside its peers: build/bench/results.json and results.md. Options go to bench/run.py (--help).
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release >/dev/null
cmake --build --preset release --target nnlock_program kernels_bench front_door_bench
exec /usr/bin/python3 bench/run.py --build build/release --out build/bench "$@"
