#!/bin/sh
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment outside the repository and runs train.py in it.
# First argument: the folder for that environment. The rest goes to train.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: run.sh FOLDER [train.py options]" >&2; exit 2; }
venv=$1
shift
if [ ! -e "$venv/ready" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install -r "$here/requirements.txt"
    touch "$venv/ready"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" "$here/train.py" "$@"
