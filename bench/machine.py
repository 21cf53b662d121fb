# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What the figures hold for: processor, versions, and how much else ran meanwhile. No host names, no paths."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

FLAGS = ("aes", "avx2", "vaes", "gfni", "avx512f", "avx512bw", "avx512vl", "sha_ni")  # what kernels and peers look for


def cpu_fields():
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def generation(fields, flags):
    """AMD's core by family, where the marketing name does not tell."""
    if fields.get("vendor_id") != "AuthenticAMD":
        return None
    family = fields.get("cpu family")
    return {"23": "Zen or Zen 2", "25": "Zen 4" if "avx512f" in flags else "Zen 3", "26": "Zen 5"}.get(family)


def machine_class(cpu, core, flags, cores):
    """One line, for example: AMD EPYC (Zen 3, VAES 256-bit, no AVX-512), 2 cores."""
    wide = "avx512f" in flags
    vaes = f"VAES {512 if wide else 256}-bit" if "vaes" in flags else "AES-NI" if "aes" in flags else "no AES"
    words = [core, vaes, None if wide else "no AVX-512"]
    return f"{cpu} ({', '.join(word for word in words if word)}), {cores} cores"


def describe():
    fields = cpu_fields()
    present = set(fields.get("flags", "").split())
    flags = [flag for flag in FLAGS if flag in present]
    cpu = re.sub(r"\s+", " ", fields.get("model name", "")) or platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0))
    return {"class": machine_class(cpu, generation(fields, flags), flags, cores), "cpu": cpu, "flags": flags,
            "cores": cores, "architecture": platform.machine(),
            "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
            "huge_pages": {"memory": chosen("enabled"), "tmpfs": chosen("shmem_enabled")}}


def chosen(switch):
    """The word in brackets of a transparent huge page switch."""
    try:
        return re.search(r"\[(\S+)\]", Path("/sys/kernel/mm/transparent_hugepage", switch).read_text())[1]
    except (OSError, TypeError):
        return None


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.split("\n")[0]


def versions(program, build):
    cache = (build / "CMakeCache.txt").read_text()
    compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.M)[1]
    benchmark = re.search(r"^benchmark_DIR:", cache, re.M) and first_line("pkg-config", "--modversion", "benchmark")
    return {"nnlock": first_line(program, "--version"), "openssl": first_line("openssl", "version"),
            "compiler": first_line(compiler, "--version"), "coreutils": first_line("dd", "--version"),
            "google_benchmark": benchmark, "python": platform.python_version()}


class Load:
    """How busy the machine was with anything but us, over a stretch of time."""

    def __init__(self):
        self.average = os.getloadavg()[0]
        self.start, self.busy, self.own, self.stolen = time.monotonic(), *self.counters()

    @staticmethod
    def counters():
        """Seconds so far: all processors busy, our own processes, taken by the hypervisor."""
        user, nice, system, _, _, irq, softirq, steal = (int(n) for n in Path("/proc/stat").read_text().split()[1:9])
        tick = os.sysconf("SC_CLK_TCK")
        return (user + nice + system + irq + softirq) / tick, sum(os.times()[:4]), steal / tick

    def since(self):
        busy, own, stolen = self.counters()
        seconds = time.monotonic() - self.start
        capacity = seconds * os.cpu_count()
        return {"load_before": round(self.average, 2), "load_after": round(os.getloadavg()[0], 2),
                "seconds": round(seconds, 1),
                "others_share": round(max(0, busy - self.busy - (own - self.own)) / capacity, 3),
                "stolen_share": round((stolen - self.stolen) / capacity, 3)}


def file_system(folder):
    """The type of the file system a folder is on."""
    folder, best, kind = folder.resolve(), Path("/"), None
    for line in Path("/proc/self/mounts").read_text().splitlines():
        point = Path(line.split()[1].encode().decode("unicode_escape"))
        if point == folder or point in folder.parents:
            if len(point.parts) >= len(best.parts):
                best, kind = point, line.split()[2]
    return kind


def roomy_tmpfs(wanted, needed):
    """A folder on tmpfs with `needed` bytes free in it and in memory, or a polite refusal."""
    candidates = [wanted] if wanted else [Path(tempfile.gettempdir()), Path("/dev/shm")]
    folder = next((c for c in candidates if c.is_dir() and file_system(c) == "tmpfs"), None)
    if folder is None:
        raise SystemExit(f"bench: no tmpfs at {', '.join(map(str, candidates))}: give one with --tmpfs, or leave this "
                         "part out with --only")
    available = re.search(r"^MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)
    room = min(shutil.disk_usage(folder).free, int(available[1]) << 10)
    if room < needed:
        raise SystemExit(f"bench: {folder} has room for {room >> 20} MiB, the large model needs {needed >> 20} MiB: "
                         "give another tmpfs with --tmpfs, a smaller model with --mib, or leave this part "
                         "out with --only")
    return folder
