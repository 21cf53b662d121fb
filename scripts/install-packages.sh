#!/usr/bin/env bash
# Installs the system packages that building and testing need, by name (Debian 12; Ubuntu 24.04 has the same names).
# Does nothing when they are there. Runs as root or with sudo. `install-packages.sh lab` adds what the lab needs, `slow` what the slow lanes do.
set -euo pipefail

packages=(
  g++ clang libclang-rt-dev cmake ninja-build make pkg-config git
  libssl-dev zlib1g-dev libcbor-dev libcli11-dev rapidjson-dev libprotobuf-dev libexpat1-dev libflatbuffers-dev flatbuffers-compiler
  libgtest-dev libbenchmark-dev
  python3 python3-venv python3-dev openssl
)
# OpenBLAS beside libtorch, which is slow with the reference BLAS.
[ "${1:-}" = lab ] && packages+=(libtorch-dev libopenblas0-openmp python3-torch liblzma-dev dataset-fashion-mnist gnuplot-nox)
[ "${1:-}" = slow ] && packages+=(valgrind dieharder llvm)
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
missing() {
  local package
  for package in "${packages[@]}"; do installed "$package" || echo "$package"; done
}

# The sanitizer runtime of clang carries a version in its name on Debian 12 and none on Ubuntu 24.04.
installed libclang-rt-14-dev && packages=("${packages[@]/libclang-rt-dev/libclang-rt-14-dev}")
[ -z "$(missing)" ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
apt-cache show libclang-rt-dev >/dev/null 2>&1 || packages=("${packages[@]/libclang-rt-dev/libclang-rt-14-dev}")
mapfile -t wanted < <(missing)
echo "installing: ${wanted[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
