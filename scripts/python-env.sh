#!/usr/bin/env bash
# The Python package of this tree and the stock runtimes, in build/venv. Debian's python3, not whichever is first on the path.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=build/venv
python=${NNLOCK_PYTHON:-/usr/bin/python3}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
stamp=$venv/.requirements
if ! cmp -s python/requirements-test.txt "$stamp"; then
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements-test.txt
  cp python/requirements-test.txt "$stamp"
fi
# Rebuilt only when something it is made of is newer than the last install.
installed=$venv/.nnlock
if [ ! -e "$installed" ] || [ -n "$(find include formats keys kernels lock python cmake CMakeLists.txt pyproject.toml -newer "$installed" -print -quit)" ]; then
  "$venv/bin/pip" install --quiet --disable-pip-version-check .
  touch "$installed"
fi
