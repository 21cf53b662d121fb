#!/usr/bin/env bash
# Everything `make test` proves. Each step writes JUnit XML into build/results; the last line sums them up.
set -uo pipefail
cd "$(dirname "$0")/.."

results=$PWD/build/results
rm -rf "$results"
mkdir -p "$results"
failed=0

step() {  # step NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "== $name: ok, $((SECONDS - start)) s"
    record "$name" ""
  else
    echo "== $name: FAILED"
    failed=1
    record "$name" '<failure message="the step failed"/>'
  fi
}

record() {  # record NAME XML: the step itself as a test, so that a build that fails is counted too
  printf '<testsuite><testcase classname="step" name="%s">%s</testcase></testsuite>\n' "$1" "$2" >"$results/step-${1//[^A-Za-z0-9]/-}.xml"
}

cpp_tests() {  # cpp_tests PRESET [ctest options]
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" &&
    GTEST_OUTPUT="xml:$results/$preset/" NNLOCK_PROGRAM=$PWD/build/$preset/cli/nnlock \
      ctest --preset "$preset" -j "$(nproc)" --output-junit "$results/ctest-$preset.xml" --no-tests=error "$@"
}

compiles() {  # compiles PRESET
  cmake --preset "$1" >/dev/null && cmake --build --preset "$1"
}

python_tests() {  # python_tests NAME PATH
  NNLOCK_PROGRAM=$PWD/build/nnlock build/venv/bin/python -m pytest -q -o junit_family=xunit1 --junitxml="$results/$1.xml" -rs "$2"
}

reference() {
  /usr/bin/python3 spec/reference/test_reference.py && /usr/bin/python3 spec/reference/run_vectors.py &&
    /usr/bin/python3 spec/vectors/generate/generate.py --check
}

step "reference and vectors" reference
step "C++ tests, g++ release" cpp_tests release
step "C++ tests, g++ with AddressSanitizer and UBSan" cpp_tests asan -E "^malformed_files$"  # malformed_test is there
step "clang compiles everything" compiles clang
step "the library compiles without exceptions and RTTI" compiles noexcept
step "Python package" python_tests python python/tests
step "stock runtimes and real models" python_tests stock tests/stock
step "locked tensors beside what the key stream should give" python_tests distribution tests/distribution
step "demo" python_tests demo examples/demo
step "memory" python_tests memory tests/memory
step "killed, disk full, disk broken" python_tests faults tests/faults
step "lab: its tests and small cells" env GTEST_OUTPUT="xml:$results/lab/" scripts/lab.sh smoke
step "lab: public models in stock runtimes" python_tests runtimes lab

/usr/bin/python3 scripts/sum-results.py "$results" || failed=1
exit $failed
