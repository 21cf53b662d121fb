# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Ratios of medians from one run, and the floors that some of them are held to."""

from figures import rounded

# Ratio: part, ours, theirs, floor or None. "{aes}" and "{chacha}" stand for the kernels chosen on this machine, "{numbers}" for the first
# one and the number kernel beside it.
# In "cached" and "large" more is better (bytes per second), in the others less is (seconds).
RATIOS = {
    "unlock_256k_over_openssl_ctr": ("cached", "{aes}/unlock/256KiB", "openssl_aes_256_ctr/256KiB", (">=", 1.5)),
    "lock_256k_over_openssl_ctr": ("cached", "{aes}/lock/256KiB", "openssl_aes_256_ctr/256KiB", None),
    "unlock_256k_over_openssl_chacha20": ("cached", "{chacha}/unlock/256KiB", "openssl_chacha20/256KiB", None),
    "lock_256k_over_openssl_chacha20": ("cached", "{chacha}/lock/256KiB", "openssl_chacha20/256KiB", None),
    "finite_f32_over_bytes": ("cached", "{numbers}/finite_f32/unlock/256KiB", "{aes}/unlock/256KiB", (">=", 0.4)),
    "finite_f16_over_bytes": ("cached", "{numbers}/finite_f16/unlock/256KiB", "{aes}/unlock/256KiB", (">=", 0.25)),
    "finite_bf16_over_bytes": ("cached", "{numbers}/finite_bf16/unlock/256KiB", "{aes}/unlock/256KiB", (">=", 0.25)),
    "finite_f64_over_bytes": ("cached", "{numbers}/finite_f64/unlock/256KiB", "{aes}/unlock/256KiB", None),
    "range_i32_over_bytes": ("cached", "{numbers}/range_i32/unlock/256KiB", "{aes}/unlock/256KiB", None),
    "unlock_1g_two_threads_over_xor": ("large", "{aes}/unlock/1GiB/2threads", "xor/1GiB/2threads", (">=", 0.8)),
    "chacha20_unlock_1g_two_threads_over_xor": ("large", "{chacha}/unlock/1GiB/2threads", "xor/1GiB/2threads", None),
    "lock_over_dd": ("files", "nnlock lock", "dd bs=1M", ("<=", 1.5)),
    "lock_over_openssl_enc": ("files", "nnlock lock", "openssl enc -aes-256-ctr", ("<=", 0.8)),
    "lock_over_cp": ("files", "nnlock lock", "cp", None),
    "lock_over_cat": ("files", "nnlock lock", "cat", None),
    "unlock_over_dd": ("files", "nnlock unlock", "dd bs=1M", None),
    "unlock_over_openssl_enc": ("files", "nnlock unlock", "openssl enc -aes-256-ctr", None),
    "verify_over_sha256sum": ("files", "nnlock verify", "sha256sum", None),
}


def chosen_kernels(figures):
    """The best kernel of each suite: the one kernels_bench measures on the large buffer, else the fastest in cache."""
    def best(prefix):
        large = [name.split("/")[0] for name in figures.get("large", {}) if name.startswith(prefix)]
        cached = {name.split("/")[0]: f["median"] for name, f in figures.get("cached", {}).items()
                  if name.startswith(prefix) and "/unlock/" in name}
        return large[0] if large else max(cached, key=cached.get, default=None)
    aes = best("aes_ctr_")
    pairs = [name.split("/")[0] for name in figures.get("cached", {}) if name.startswith(f"{aes}+")]
    return {"aes": aes, "chacha": best("chacha20_"), "numbers": pairs[0] if pairs else None}


def judged(name, flags):
    """Whether a floor holds for this machine: one of them asks for VAES."""
    return name != "unlock_256k_over_openssl_ctr" or "vaes" in flags


def compute(results):
    figures, kernels, ratios = results["figures"], chosen_kernels(results["figures"]), {}
    for name, (part, ours, theirs, floor) in RATIOS.items():
        ours, theirs = ours.format(**kernels), theirs.format(**kernels)
        if ours not in figures.get(part, {}) or theirs not in figures[part]:
            continue
        value = figures[part][ours]["median"] / figures[part][theirs]["median"]
        ratios[name] = {"value": rounded(value), "ours": ours, "theirs": theirs}
        if floor:
            sign, bound = floor
            met = value >= bound if sign == ">=" else value <= bound
            met = met if judged(name, results["machine"]["flags"]) else None
            ratios[name] |= {"floor": f"{sign} {bound}", "met": met}
    return ratios
