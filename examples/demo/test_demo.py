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
import random_nets  # noqa: E402
import report  # noqa: E402

MODELS = ROOT / "examples" / "models"


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
        assert model["wrong_keys"]["nan_share"] == 0 and model["locked"]["nan_values"] == 0
        for kind in ("same_ranges", "initialised"):
            network = model["random_networks"][kind]
            assert len(network["accuracies"]) == 3 and max(network["accuracies"]) < 0.5 and network["nan_share"] == 0


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
    bad["wrong_keys"].update(mean_is_chance=False, mean=0.2, z=4.1, nan_share=0.25)
    text = "\n".join(measure.failures(bad))
    assert "25.0 % of the answers" in text
    bad["wrong_keys"].update(z=3.9)
    assert "20.00 %" not in "\n".join(measure.failures(bad))
    assert "bytes differ" in text and "1 right-key prediction" in text and "20.00 %" in text


def test_table_on_a_stream_without_lines(run):
    _, results, _ = run
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    report.show(results["models"], {"LiteRT": "1", "ONNX Runtime": "1"}, 3, stream)
    stream.seek(0)
    assert stream.read().startswith("-----")


@pytest.mark.parametrize("name", ["fashion_int8.tflite", "fashion_float32.onnx", "fashion_int8.onnx"])
def test_random_networks_differ_in_parameters_only_and_keep_their_ranges(name):
    nets = random_nets.RandomNets(MODELS / name)
    spans = np.zeros(len(nets.content), bool)
    for t in nets.tensors:
        spans[t.offset:t.offset + t.nbytes] = True
    plain = np.frombuffer(nets.content, np.uint8)
    for kind in ("same_ranges", "initialised"):
        net = np.frombuffer(nets.net(kind, 1), np.uint8)
        assert len(net) == len(plain) and (net == plain)[~spans].all()
        assert (net != plain)[spans].mean() > 0.8
        assert nets.net(kind, 1) == net.tobytes() != nets.net(kind, 2)
    filled = nets.net("same_ranges", 3)
    for t in nets.tensors:
        if t.dtype == "f32":
            values = np.abs(np.frombuffer(filled, np.float32, t.nbytes // 4, t.offset))
            assert np.isfinite(values).all() and values.max() < 2.0 ** (t.ring.high + 1)
        if t.dtype == "i32":
            assert np.abs(np.frombuffer(filled, np.int32, t.nbytes // 4, t.offset)).max() <= 2**t.range.bits
    assert any(t.layout in ("finite", "range") for t in nets.tensors)


def test_initial_weights_have_the_usual_spread():
    nets = random_nets.RandomNets(MODELS / "fashion_float32.onnx")
    weights = max((t for t in nets.tensors if len(t.shape) == 2), key=lambda t: t.nbytes)
    values = np.frombuffer(nets.net("initialised", 1), np.float32, weights.nbytes // 4, weights.offset)
    assert values.std() == pytest.approx(np.sqrt(2 / weights.shape[1]), rel=0.05)
    biases = [t for t in nets.tensors if len(t.shape) == 1]
    assert biases and not any(np.frombuffer(nets.net("initialised", 1), np.uint8, t.nbytes, t.offset).any() for t in biases)


def test_distance_of_samples():
    one, two = np.random.default_rng(1).normal(size=(2, 400))
    assert random_nets.distance(one, one) == (0.0, 1.0)
    assert random_nets.distance(one, two)[1] > 0.01
    largest, chance = random_nets.distance(one, two + 0.5)
    assert largest > 0.15 and chance < 1e-4
    assert random_nets.distance([1, 2, 3], [4, 5, 6])[0] == 1.0
