# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the demo with three keys and checks what it writes. NNLOCK_PROGRAM names the nnlock program."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = Path(os.environ.get("NNLOCK_PROGRAM", ROOT / "build" / "nnlock"))
sys.path.insert(0, str(HERE))

import measure  # noqa: E402
import report  # noqa: E402


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    if not PROGRAM.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no program at {PROGRAM}")
    out = tmp_path_factory.mktemp("demo")
    command = [sys.executable, HERE / "demo.py", "--program", PROGRAM.resolve(), "--out", out, "--keys", "3", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done, json.loads((out / "results.json").read_text()), out


def test_right_key_restores_everything(run):
    _, results, _ = run
    assert [m["file"] for m in results["models"]] == ["fashion_int8.tflite", "fashion_float32.onnx", "fashion_int8.onnx"]
    for model in results["models"]:
        assert model["plain"]["accuracy"] >= 0.89
        assert model["right_key"]["equal_predictions"] == model["images"] == 1000
        assert model["right_key"]["bytes_identical"] is True
        assert model["right_key"]["correct"] == model["plain"]["correct"]


def test_locked_and_wrong_keys_are_no_use(run):
    _, results, _ = run
    for model in results["models"]:
        assert model["locked"]["accuracy"] < 0.5
        keys = model["wrong_keys"]["per_key"]
        assert len(keys) == results["settings"]["keys"] == 3
        assert not any(k["key_fits"] for k in keys)
        assert model["wrong_keys"]["highest"] == max(k["accuracy"] for k in keys) < 0.5
        assert model["wrong_keys"]["mean_is_chance"] is None  # three keys are not judged


def test_the_rest_of_the_results(run):
    _, results, out = run
    assert results["failures"] == [] and results["seconds"] > 0
    assert results["machine"]["cpu"] and results["machine"]["cores"] >= 1 and results["date"].endswith("+00:00")
    assert {"nnlock", "onnxruntime", "ai-edge-litert", "python"} <= results["versions"].keys()
    for model in results["models"]:
        assert len(model["load_ms"]["plain"]) == len(model["load_ms"]["unlocked"]) == measure.LOADS
    assert (out / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "demo.key").stat().st_mode & 0o777 == 0o600


def test_output_is_for_people(run):
    done, _, _ = run
    assert done.stdout.count("1000/1000") == 3 and " keygen -o " in done.stdout and " lock -k " in done.stdout
    assert all(line.startswith("demo: ") for line in done.stderr.splitlines())  # no chatter of the runtimes


def test_seeded_keys_come_again():
    again = [[k.fingerprint for k in measure.wrong_keys(3, seed)] for seed in ("a", "a", "b", None)]
    assert again[0] == again[1] and len(set(sum(again[1:], []))) == 9


def keys_with(counts):
    return [{"correct": c, "classes": 1, "nan_answers": 0} for c in counts]


@pytest.mark.parametrize("counts, verdict", [
    ([100] * 40, True),  # every key alike and exact: standard error 0
    ([101] * 40, False),  # alike and off
    ([90, 110] * 20, True),
    ([110, 112] * 20, False),
    ([200] * 29, None),  # too few keys to judge
])
def test_verdict_on_the_mean(counts, verdict):
    assert measure.summarize(keys_with(counts), 1000)["mean_is_chance"] is verdict


def test_nan_counts_as_the_largest_output():
    logits = np.array([[9, 0, np.nan, np.nan], [0, 1, 0, 0]], np.float32)
    assert measure.score(logits, np.array([2, 1])) == {
        "correct": 2, "accuracy": 1.0, "classes": 2, "nan_answers": 1, "nan_values": 2}


def test_failures_are_named(run):
    _, results, _ = run
    bad = json.loads(json.dumps(results["models"][0]))
    bad["right_key"].update(bytes_identical=False, equal_predictions=999)
    bad["wrong_keys"].update(mean_is_chance=False, mean=0.2)
    text = "\n".join(measure.failures(bad))
    assert "bytes differ" in text and "1 right-key prediction" in text and "20.00 %" in text


def test_table_on_a_stream_without_lines(run):
    _, results, _ = run
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    report.show(results["models"], {"LiteRT": "1", "ONNX Runtime": "1"}, 3, stream)
    stream.seek(0)
    assert stream.read().startswith("-----")
