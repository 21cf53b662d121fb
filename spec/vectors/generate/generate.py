# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors of ../ with the reference. One file, one scenario; the fields stand in ../README.md.

    python3 spec/vectors/generate/generate.py            writes them
    python3 spec/vectors/generate/generate.py --check    fails if the files there differ from what would be written

The class of each scenario is written here by hand, in the files beside this one, from the text of the specification; the
generator stops where the reference (for models: the reference with model_files.py, tflite_files.py or onnx_files.py) does
not agree. Nothing here is random.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "reference")]
import decoys  # noqa: E402
import key_files  # noqa: E402
import key_schedule  # noqa: E402
import layout_choices  # noqa: E402
import layout_numbers  # noqa: E402
import layout_records  # noqa: E402
import layout_rules  # noqa: E402
import locks  # noqa: E402
import model_vectors  # noqa: E402
import models  # noqa: E402
import opens_core  # noqa: E402
import opens_framing  # noqa: E402
import opens_keyed  # noqa: E402
from scenarios import vectors  # noqa: E402

# In this order: the numbers of the vectors count on inside a series.
SUBJECTS = (key_schedule.make_streams, key_files.make_key_files, locks.make_locks,
            opens_framing.make_that_open, opens_framing.make_framing, opens_framing.make_cbor, opens_framing.make_heads,
            opens_core.make_cores, opens_core.make_files, opens_core.make_params, opens_core.make_layouts,
            opens_keyed.make_slots, opens_keyed.make_keyed, opens_keyed.make_sets, opens_keyed.make_order,
            decoys.make_decoys, models.make_models, model_vectors.make_tflite, model_vectors.make_onnx,
            layout_numbers.make_numbers, layout_choices.make_choices, layout_records.make_locks,
            layout_records.make_ok, layout_records.make_altered, layout_records.make_off, layout_records.make_decoys,
            layout_rules.make_rules, opens_keyed.make_later)


def main():
    for make in SUBJECTS:
        make()
    folder, wrong = HERE.parent, []
    written = {name: json.dumps(vector, indent=1) + "\n" for name, vector in vectors.items()}
    present = {path.name for path in folder.glob("*.json")}
    if "--check" in sys.argv[1:]:
        wrong = sorted(present - written.keys()) + [
            name for name, text in written.items() if name not in present or (folder / name).read_text("ascii") != text]
        for name in wrong:
            print("differs:", name)
    else:
        for name in present - written.keys():
            (folder / name).unlink()
        for name, text in written.items():
            (folder / name).write_text(text, "ascii")
    counts = {}
    for v in vectors.values():
        counts[v["kind"], v["class"]] = counts.get((v["kind"], v["class"]), 0) + 1
    print(len(written), "vectors:", ", ".join(f"{kind} {cls} {n}" for (kind, cls), n in counts.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
