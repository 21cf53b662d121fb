# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""ExecuTorch's own runtime, as a small program compiled against the C++ library in its wheel.

The wheel's Python module needs torch, which is not installed for this; the library needs nothing."""

import subprocess
import sys
import zipfile
from pathlib import Path

WHEEL = "executorch==1.5.1"
SOURCE = Path(__file__).with_name("executorch_runner.cpp")
BUILD = Path(__file__).resolve().parents[2] / "build" / "executorch"
LIBRARIES = ("executorch", "executorch_kernels_optimized", "executorch_backend_xnnpack", "executorch_threadpool")


def unpacked():
    """The wheel's folder, downloaded once and without what it depends on."""
    if not (BUILD / "executorch" / "lib").is_dir():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", BUILD, WHEEL], check=True)
        (wheel,) = BUILD.glob("executorch-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(BUILD)
    return BUILD / "executorch"


def runner():
    """The program, compiled when its source is newer."""
    program = BUILD / "runner"
    wheel = unpacked()
    if not program.exists() or program.stat().st_mtime < SOURCE.stat().st_mtime:
        include, lib = wheel / "include", wheel / "lib"
        subprocess.run(["g++", "-std=c++17", "-O1", "-I", include, "-I", include / "executorch/runtime/core/portable_type/c10",
                        "-DC10_USING_CUSTOM_GENERATED_MACROS", SOURCE, "-o", program, "-L", lib, f"-Wl,-rpath,{lib}",
                        "-Wl,--no-as-needed", *(f"-l{name}" for name in LIBRARIES)], check=True)
    return program


def lines(*arguments, before=()):
    """What the runner says, one line for each file."""
    done = subprocess.run([*before, runner(), *arguments], text=True, capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"the runtime ended with {done.returncode}")
    return [line for line in done.stdout.splitlines() if line.split()[0] in ("ok", "load", "method", "run")]
