#!/usr/bin/env bash
# Builds the program: build/nnlock.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release >/dev/null
cmake --build --preset release --target nnlock_program
ln -sfn release/cli/nnlock build/nnlock
