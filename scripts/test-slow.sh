#!/usr/bin/env bash
# Named slow lanes. `make test-slow` runs all; `make test-slow LANES="fuzz tsan"` some. Each lane's last result is committed in
# tests/slow/LANE.txt with commit and date.
set -uo pipefail
cd "$(dirname "$0")/.."

all=(fuzz coverage tsan large patterns wrong-keys side-channels key-streams openvino executorch)
lanes=("$@")
[ ${#lanes[@]} -eq 0 ] && lanes=("${all[@]}")

lane_fuzz() {  # every libFuzzer target, FUZZ_SECONDS each (120 by default); FUZZ_RUNS=20000: as many inputs instead, the same ones each time
  cmake --preset fuzz >/dev/null && cmake --build --preset fuzz || return 1
  local target name corpus failed=0 fixed=() limit=(-max_total_time="${FUZZ_SECONDS:-120}") corpora=build/fuzz/corpus
  if [ -n "${FUZZ_RUNS:-}" ]; then  # inputs must hang neither on earlier finds, nor on the clock (-reload), nor on addresses, which comparisons hold
    fixed=(setarch -R) limit=(-seed=1 -runs="$FUZZ_RUNS" -reload=0) corpora=build/fuzz/corpus-runs
    "${fixed[@]}" true || { echo "failed: FUZZ_RUNS needs addresses that stay, and setarch may not fix them here; use FUZZ_SECONDS"; return 1; }
    rm -rf "$corpora"
  fi
  for target in build/fuzz/*/*_fuzz; do
    [ -d "$target" ] && continue  # a corpus, which has the name of its target
    name=$(basename "$target")
    corpus=$corpora/$name
    mkdir -p "$corpus"
    [ -n "$(ls -A "tests/corpora/$name")" ] || { failed=1; echo "$name: failed, it has no seeds"; }
    echo "-- $name, $(find "tests/corpora/$name" -type f | wc -l) seeds"
    # Long inputs at once: without seeds libFuzzer begins with a few bytes, which targets with a header leave unread.
    "${fixed[@]}" "$target" "${limit[@]}" -len_control=0 -timeout=25 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 "$corpus" "tests/corpora/$name" \
      >"build/fuzz/$name.log" 2>&1 || { failed=1; tail -n 30 "build/fuzz/$name.log"; }
    grep -E 'number_of_executed_units|peak_rss' "build/fuzz/$name.log"
    [ -n "$(ls -A "$corpus")" ] || { failed=1; echo "$name: failed, no input reached anything"; }
  done
  return $failed
}

lane_coverage() {  # lines of each codec that its malformed-file matrix and its corpus reach
  scripts/coverage.sh
}

lane_tsan() {  # the C++ tests under ThreadSanitizer
  cmake --preset tsan >/dev/null && cmake --build --preset tsan && ctest --preset tsan -E '^cli_' --no-tests=error
}

lane_large() {  # a sparse model larger than memory: lock, verify and inspect stay small
  build/venv/bin/python -m pytest -q tests/slow/test_large.py
}

lane_patterns() {  # all 2^32 patterns of float32 through layout `finite`
  cmake --preset release >/dev/null && cmake --build --preset release --target numbers_exhaustive && build/release/kernels/numbers_exhaustive
}

lane_wrong-keys() {  # every model under 100 wrong keys: numbers, outputs, accuracy; writes its own report
  build/venv/bin/python tests/slow/wrong_keys.py --keys "${NNLOCK_WRONG_KEYS:-100}" --table build/slow-wrong-keys.md
}

lane_side-channels() {  # kernels whose branches and addresses (Valgrind) and whose time (Welch's t) tell nothing of keys and data
  cmake --preset release >/dev/null && cmake --build --preset release --target kernels_constant_time kernels_timing || return 1
  local failed=0
  valgrind -q build/release/tests/kernels_constant_time || failed=1
  build/release/tests/kernels_timing || failed=1
  return $failed
}

lane_key-streams() {  # NIST SP 800-22 and dieharder on key streams and locked weights; writes its own report
  scripts/install-packages.sh lab && build/venv/bin/pip install --quiet --disable-pip-version-check -r tests/slow/requirements.txt || return 1
  cmake --preset lab >/dev/null && cmake --build --preset lab --target nnlock_lab_stream || return 1
  build/venv/bin/python tests/slow/key_streams.py --program build/lab/lab/nnlock-lab-stream --table build/slow-key-streams.md
}

lane_openvino() {  # IRs plain, unlocked and locked through OpenVINO's C++ interface, which comes in its Python wheel
  local cmake_dir
  cmake_dir=$(build/venv/bin/python -c 'from openvino.utils import get_cmake_path; print(get_cmake_path())') || return 1
  cmake -S tests/slow/openvino -B build/openvino -DOpenVINO_DIR="$cmake_dir" -DCMAKE_BUILD_TYPE=Release >/dev/null && cmake --build build/openvino || return 1
  build/venv/bin/python tests/slow/openvino/pairs.py build/openvino/compare
}

lane_executorch() {  # a program plain, locked and unlocked in the runtime of the ExecuTorch wheel
  build/venv/bin/python -m pytest -q tests/slow/test_executorch.py
}

failed=0
mkdir -p tests/slow
for lane in "${lanes[@]}"; do
  echo "== lane $lane"
  report=build/slow-$lane.md  # a lane that writes tables puts them here
  rm -f "$report"
  if "lane_$lane" 2>&1 | tee "build/slow-$lane.log"; then outcome=passed; else outcome=FAILED failed=1; fi
  {
    echo "$lane: $outcome, $(date -u +%F), commit $(git rev-parse --short HEAD)"
    if [ -f "$report" ]; then
      echo && cat "$report"
    else
      grep -E '^-- |passed|failed|number_of_executed_units|tests passed|patterns' "build/slow-$lane.log" | tail -n 40
    fi
  } >"tests/slow/$lane.txt"
  echo "== lane $lane: $outcome"
done
exit $failed
