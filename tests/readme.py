#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Documents tell the truth: C++ that one shows is a file that is built, and the README's session is what the program prints.

In the session, lines that begin with `$` are run in order in an empty folder; what follows must be what they print. `...` stands for
any text: keys, lock ids and sizes of random records differ from run to run.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


SHOWN = {"README.md": "examples/cpp/unlock_in_memory.cpp", "docs/new-scheme.md": "lab/schemes/toy_rows.cpp"}


def check_cpp(root):
    return [f"the C++ in {document} is not {file}" for document, file in SHOWN.items()
            if (root / file).read_text() not in blocks((root / document).read_text(), "cpp")]


def pattern_of(lines):
    return "".join(re.escape(line).replace(re.escape("..."), ".*") + "\n" for line in lines)


def steps(session):
    found = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def check_session(session, root, programs):
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PATH=os.pathsep.join([*programs, os.environ["PATH"]]), LC_ALL="C.UTF-8")
        (pathlib.Path(folder) / "model.onnx").write_bytes((root / "examples/models/fashion_int8.onnx").read_bytes())
        for command, expected in steps(session):
            done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if not re.fullmatch(pattern_of(expected), done.stdout):
                errors.append(f"$ {command}\nprints\n{done.stdout}instead of\n" + "\n".join(expected))
    return errors


def main(root, program, example):
    readme = (root / "README.md").read_text()
    sessions = blocks(readme, "console")
    errors = check_cpp(root)
    if not sessions or not steps(sessions[0]):
        errors.append("the README shows no session")
    for session in sessions:
        errors += check_session(session, root, [str(pathlib.Path(program).parent), str(pathlib.Path(example).parent)])
    print("\n".join(errors) or f"README: {sum(len(steps(s)) for s in sessions)} commands print what it says")
    return 1 if errors else 0


sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
