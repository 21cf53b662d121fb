#!/usr/bin/env bash
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
# The lab: `lab.sh build`, `lab.sh smoke` (tests and small cells, under 3 minutes), `lab.sh full` (every cell without a record; hours),
# `lab.sh report` (lab/REPORT.md from the records).
# LAB_JOBS cells run side by side, one thread each; by default one a processor.
# Full runs take public models from NNLOCK_DATA_DIR, or from ../shared/data.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${LAB_JOBS:-$(nproc)}
export PATH=$PWD/build:$PATH OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

build() {
  cmake --preset lab >/dev/null
  cmake --build --preset lab --target nnlock_lab_program nnlock_lab_stream lab_test cryptanalysis_test torchscript_test
  ln -sfn lab/lab/nnlock-lab build/nnlock-lab
}

run_cells() {  # run_cells SET [places]: one process a cell; a cell that fails does not stop the others
  local set=$1
  shift
  local failed=0
  nnlock-lab cells --missing --set "$set" "$@" | nice -n 19 xargs -d '\n' -r -n 1 -P "$jobs" sh -c || failed=$?
  nnlock-lab cells --set "$set" "$@" >/dev/null  # says how many have records
  return "$failed"
}

# Models that others trained, in their stock runtimes.
run_public_models() {
  build/venv/bin/python lab/runtimes/wrong_keys.py --cells --missing | nice -n 19 xargs -d '\n' -r -n 1 -P "$jobs" sh -c
}

full() {
  build/venv/bin/python lab/targets/convert_checkpoint.py --cache build/lab/cache || echo "lab: cells on others' checkpoints will be refused" >&2
  local failed=0
  run_cells full || failed=1
  run_public_models || failed=1
  return $failed
}

smoke() {
  local out=build/lab/smoke cells
  rm -rf "$out"
  build/lab/lab/lab_test
  build/lab/lab/cryptanalysis_test
  build/lab/lab/torchscript_test
  run_cells smoke --cache "$out/cache" --records "$out/records"
  cells=$(nnlock-lab cells --set smoke 2>/dev/null | wc -l)
  [ "$cells" -gt 0 ] && [ "$(find "$out/records" -name '*.json' | wc -l)" -eq "$cells" ] || { echo "lab: a smoke cell has no record" >&2; return 1; }
  echo "lab: $cells smoke cells have their records"
  nnlock-lab report --records "$out/records" --out "$out/REPORT.md"
}

report() {
  rm -f lab/plots/*.svg  # of records that are no more
  nnlock-lab report
}

case "${1:-}" in
  build) build ;;
  smoke) build; smoke ;;  # not `build && smoke`: errexit would not see a failed build, and old programs would run
  full) build; full ;;
  report) build; report ;;
  *) echo "usage: scripts/lab.sh build|smoke|full|report" >&2; exit 2 ;;
esac
