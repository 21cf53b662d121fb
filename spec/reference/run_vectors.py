# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Runs ../vectors (fields: ../vectors/README.md) against the reference.

    python3 spec/reference/run_vectors.py [DIRECTORY]

Prints each failure, each skipped vector with its reason, and a count. Fails too when it finds no vector of some kind.
"""
import hashlib
import json
import pathlib
import sys

import nnlock_ref as ref


class Skip(Exception):
    pass


def data(field):
    """Bytes from hex, or from {"repeat": hex, "length": n, "patch": [[offset, hex], ...]}."""
    if isinstance(field, str):
        return bytes.fromhex(field)
    pattern, length = bytes.fromhex(field["repeat"]), field["length"]
    out = bytearray((pattern * (length // len(pattern) + 1))[:length])
    for offset, patch in field.get("patch", []):
        patch = bytes.fromhex(patch)
        out[offset:offset + len(patch)] = patch
    return bytes(out)


def same(field, actual):
    """Compares with data, or with {"sha256": hex, "length": n}."""
    if isinstance(field, dict) and "sha256" in field:
        return field["length"] == len(actual) and field["sha256"] == hashlib.sha256(actual).hexdigest()
    return data(field) == actual


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def run_stream(v):
    expect(same(v["bytes"], ref.key_stream(v["suite"], data(v["key"]), int(v["offset"]), v["length"])), "key stream")


def run_tag(v):
    suite, key, j = v["suite"], data(v["key"]), int(v["chunk"])
    expect(same(v["one_time_key"], ref.one_time_key(suite, key, j)), "one-time key")
    expect(same(v["tag"], ref.chunk_tag(suite, key, j, data(v["data"]))), "tag")


def run_schedule(v):
    mk, lock_id, h = data(v["master"]), data(v["lock_id"]), ref.sha256(data(v["core"]))
    fk = ref.file_key(mk, lock_id)
    prk = ref.hkdf_extract(lock_id, fk)
    for name, actual in (("fingerprint", ref.fingerprint(mk)), ("core_hash", h.hex()), ("file_key", fk.hex()),
                         ("prk", prk.hex()), ("key_check", ref.key_check(prk).hex()),
                         ("record_key", ref.record_key(prk, h).hex())):
        expect(v[name] == actual, name)
    for keys in v["parameter_keys"]:
        for name in ("enc", "mac", "aux"):
            expect(same(keys[name], ref.parameter_key(prk, name, h, int(keys["t"]))), "K_" + name)


def run_keyfile(v):
    mk = ref.parse_key_file(data(v["text"]))
    expect(same(v["master"], mk) and v["fingerprint"] == ref.fingerprint(mk), "master or fingerprint")


def run_numbers(v):
    suite, enc, aux, layout, at = v["suite"], data(v["enc"]), data(v["aux"]), v["layout"], int(v["offset"])
    if v["class"] != "ok":                                 # must be refused: anything else ends as class ok
        ref.change("locked" in v, suite, enc, aux, layout, at, data(v["locked" if "locked" in v else "plain"]))
        return
    plain, locked, size = data(v["plain"]), data(v["locked"]), ref.unit(layout)
    for start, end in [(0, len(plain))] + [(i, i + size) for i in range(0, len(plain), size)]:
        for back, before, after in ((False, plain, locked), (True, locked, plain)):
            actual = ref.change(back, suite, enc, aux, layout, at + start, before[start:end])
            expect(actual == after[start:end], f"{'unlocked' if back else 'locked'} bytes {start} to {end}")


def choose(dtype, raw):
    """lock-v1 5.4 for a parameter of a model file: the dtype as a word, the elements as bytes."""
    floats = {"f16": 1, "bf16": 2, "f32": 3, "complex64": 3, "f64": 4, "complex128": 4}
    integers = {"i16": 2, "u16": 2, "i32": 4, "u32": 4, "i64": 8, "u64": 8}
    width = ref.WIDTH[floats[dtype]] if dtype in floats else integers.get(dtype)
    if width is None:
        return 0
    values = [int.from_bytes(raw[i:i + width], "little", signed=dtype[0] == "i") for i in range(0, len(raw), width)]
    return ref.choose_finite(floats[dtype], values) if dtype in floats else ref.choose_range(width, values)


def run_choose(v):
    chosen = choose(v["dtype"], data(v["plain"]))
    expect(v["layout"] == chosen, f"chosen {chosen}")


def run_lock(v):
    files = [(file["role"], file["format"], data(file["data"])) for file in v["files"]]
    hint = data(v["hint"]) if v["hint"] is not None else None
    family = [data(v["family"][0]), v["family"][1]] if v["family"] is not None else None
    records, locked = ref.lock(data(v["master"]), data(v["lock_id"]), v["suite"], v["chunk_log2"], files, v["params"],
                               v["slot_length"], hint, family, v["cover"])
    for wanted, actual, what in ((v["records"], records, "record"), (v["locked"], locked, "locked file")):
        expect(len(wanted) == len(actual), what + "s: number")
        for i, field in enumerate(wanted):
            expect(same(field, actual[i]), f"{what} {i}")
    for (m0, mc), record in zip(v["cover"], records):
        plain = ref.open_(data(v["master"]), record, {f: locked[f] for f in range(m0, m0 + mc)})
        expect(all(plain[f] == files[f][2] for f in range(m0, m0 + mc)), "opening gives other bytes back")


def run_open(v):
    demands = v.get("expect", {})
    lock_id = data(demands["lock_id"]) if "lock_id" in demands else None
    family = (data(demands["family"][0]), demands["family"][1]) if "family" in demands else None
    plain = ref.open_(data(v["master"]), data(v["record"]), {int(f): data(file) for f, file in v["files"].items()},
                      decoy=v["kind"] == "decoy", lock_id=lock_id, family=family)
    expect(sorted(v["plain"]) == sorted(map(str, plain)), "covered files")
    for f, field in v["plain"].items():
        expect(same(field, plain[int(f)]), f"plain file {f}")


def run_model(v):
    raise Skip("model formats are outside the reference; the C++ tests run it")


KINDS = {"stream": run_stream, "tag": run_tag, "schedule": run_schedule, "keyfile": run_keyfile,
         "numbers": run_numbers, "choose": run_choose, "lock": run_lock, "open": run_open, "decoy": run_open, "model": run_model}


def run(v):
    """None, or what is wrong. Raises Skip."""
    try:
        KINDS[v["kind"]](v)
        got = "ok"
    except ref.Reject as refused:
        got = refused.cls
    except Skip:
        raise
    except Exception as error:  # whatever else happens is a failure of this one vector
        return f"{type(error).__name__}: {error}"
    return None if got == v["class"] else f"class {got}, not {v['class']}"


def main(arguments):
    directory = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent / "vectors"
    count = {"passed": 0, "failed": 0, "skipped": 0}
    kinds = set()
    for path in sorted(directory.glob("*.json")):
        vector = json.loads(path.read_text(encoding="ascii"))
        kinds.add(vector["kind"])
        try:
            wrong = run(vector)
            result = "failed" if wrong else "passed"
        except Skip as reason:
            result, wrong = "skipped", str(reason)
        count[result] += 1
        if wrong:
            print(f"{result}: {path.name}: {wrong}")
    print(", ".join(f"{n} {result}" for result, n in count.items()))
    missing = KINDS.keys() - kinds
    if missing:
        print(f"no vector of kind {', '.join(sorted(missing))} found in {directory}")
    return 0 if count["passed"] and not count["failed"] and not missing else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
