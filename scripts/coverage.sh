#!/usr/bin/env bash
# Line coverage of each codec's own files by its malformed-file matrix and its committed corpus (clang's source coverage). Below 80 % fails.
# Prints the table; the slow lane `coverage` keeps it.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset coverage >/dev/null
targets=(malformed_test)
for fuzz in formats/*_fuzz.cpp; do targets+=("$(basename "$fuzz" .cpp)_replay"); done
cmake --build --preset coverage --target "${targets[@]}" >/dev/null

out=build/coverage/profiles
rm -rf "$out" && mkdir -p "$out"
objects=()
for target in "${targets[@]}"; do
  program=build/coverage/formats/$target
  corpus=tests/corpora/${target%_replay}
  [ "$target" = malformed_test ] && corpus=
  LLVM_PROFILE_FILE=$out/$target.profraw NNLOCK_SOURCE_DIR=$PWD "$program" ${corpus:+"$corpus"} >"$out/$target.log" || { cat "$out/$target.log"; exit 1; }
  objects+=(-object "$program")
done
profdata=$(clang++ -print-prog-name=llvm-profdata) cov=$(clang++ -print-prog-name=llvm-cov)
"$profdata" merge -sparse "$out"/*.profraw -o "$out/all.profdata"
"$cov" export -summary-only -instr-profile "$out/all.profdata" "${objects[@]:1}" >"$out/summary.json"
/usr/bin/python3 tests/coverage_table.py "$out/summary.json"
