# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a record, and that each public model is asked what it can answer."""
import math

import numpy as np
import pytest

import judge
from fillings import Fillings
from labelled import lite_scores
from public_models import ACCURACY, CORRELATION, LEFT_OUT, TARGETS, data_dir, logits, target_named
from conftest import leave


def test_answers_are_counted_as_in_the_lab():
    rows = np.array([[0, 1, 0], [0, 1, 0], [1, 0, np.nan], [5, 5, 0]], np.float32)
    found = judge.by_answers(rows, np.array([1, 0, 2, 0]))  # a NaN is the largest, the first of equals is the answer
    assert found == {"accuracy": 0.75, "entropy": 1.5, "classes": 3, "nan_share": 0.25}
    assert judge.by_answers(rows[:2], np.array([1, 1])) == {"accuracy": 1.0, "entropy": 0.0, "classes": 1, "nan_share": 0.0}


def test_of_equal_answers_one_is_drawn():
    rows = np.array([[3, 3, 1], [2, 2, 2], [0, 7, 0]], np.uint8)
    found = judge.by_drawn_answers(rows, np.array([1, 0, 1]))
    assert found["accuracy"] == pytest.approx((1 / 2 + 1 / 3 + 1) / 3) and found["classes"] == 2
    assert judge.by_drawn_answers(rows, np.array([2, 2, 0]))["accuracy"] == pytest.approx(1 / 9)


def test_correlation_is_with_the_plain_outputs():
    plain = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert judge.by_correlation(-2 * plain + 7, plain)["accuracy"] == pytest.approx(-1)
    assert judge.by_correlation(np.ones((2, 2)), plain)["accuracy"] == 0
    assert judge.by_correlation(np.array([[1, np.inf], [3, 5]]), plain) == {"accuracy": 0.0, "nan_share": 0.5}


def test_summaries():
    found = judge.summary([0.1, 0.2, 0.6])
    assert found["mean"] == pytest.approx(0.3) and found["sd"] == pytest.approx(math.sqrt(0.07)) and found["se"] == pytest.approx(math.sqrt(0.07 / 3))
    assert judge.summary([0.1] * 3) == {"mean": 0.1, "sd": 0.0, "se": 0.0, "min": 0.1, "max": 0.1}
    keys = judge.together([{"accuracy": 0.1}, {"accuracy": 0.3}])
    assert judge.against_chance(keys, 0.1)["standard_errors"] == pytest.approx(1)
    assert judge.against_chance(judge.together([{"accuracy": 0.1}] * 2), 0.1) == {"chance": 0.1, "standard_errors": None}
    assert judge.rounded({"a": [1 / 3, 7, None, True]}) == {"a": [0.333333, 7, None, True]}


def test_what_random_networks_reach_too_is_no_finding():
    def outcome(key, network):
        keys = {"accuracy": judge.summary([0.0, key])}
        return {"right_key": {"accuracy": 1.0, "bytes_identical": True}, "no_unlocking": {"accuracy": 0.0}, "random_keys": keys, "against_chance": {"chance": 0.0},
                "near_keys": [{"distance": 1, "answers": keys}],
                "random_networks": {"accuracy": judge.summary([0.0, network]), "against_random_keys": {"ks_probability": 1.0}}}
    assert list(judge.findings(outcome(0.55, 0.6))) == []
    assert len(list(judge.findings(outcome(0.55, 0.4)))) == 2


def test_every_target_has_a_name_of_its_own():
    assert len({one.model for one in TARGETS}) == len(TARGETS) == 27
    assert target_named("vww_96_int8").file == "tflite/vww_96_int8.tflite"
    with pytest.raises(LookupError):
        target_named("perceptron")


def test_what_is_left_out_is_known():
    if not data_dir().is_dir():
        leave(f"no public models at {data_dir()}; NNLOCK_DATA_DIR names another folder")
    targets = {one.file for one in TARGETS}
    assert all((data_dir() / file).is_file() and file not in targets for file in LEFT_OUT)
    models = {str(path.relative_to(data_dir())) for path in (data_dir() / "onnx").rglob("*.onnx")}
    assert models and models <= targets | LEFT_OUT.keys()


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.model)
def test_the_plain_model_knows_and_no_constant_does(target):
    inputs, truth = target.questions()
    found = target.judge(target.scores(target.path.read_bytes(), inputs), truth)
    assert found["nan_share"] == 0
    if target.measure == ACCURACY:
        assert found["accuracy"] > 0.59
    else:
        assert found["accuracy"] == pytest.approx(1)
    if target.measure == CORRELATION:
        assert target.chance == 0 and truth.std() > 0
        return
    counts = np.unique(truth, return_counts=True)[1]
    assert counts.min() == counts.max()
    most = counts.max() / len(truth)  # of a constant answer
    assert most == pytest.approx(target.chance) if target.outputs < 200 else most < 0.06


MOBILENET = pytest.mark.parametrize("target", [target_named("mobilenet_v1_0.25_128_quant")], ids=lambda one: one.model)


@MOBILENET
def test_logits_tell_what_the_softmax_rounds_away(target):
    pictures, network = target.questions()[0][:3], Fillings(target.path).same_ranges(1)
    assert lite_scores(network, pictures).max() == 0
    assert len(np.unique(logits(network, pictures)[0])) > 3
    plain = target.path.read_bytes()
    assert (logits(plain, pictures).argmax(axis=1) == lite_scores(plain, pictures).argmax(axis=1)).all()


@MOBILENET
def test_uint8_weights_before_training_lie_around_their_zero_point(target):
    fillings = Fillings(target.path)
    tensors = [one for one in fillings.tensors if one.dtype == "u8" and one.nbytes > 10_000]
    zeros = [fillings.zero_points[one.offset] for one in tensors]
    assert len(tensors) > 5 and len(set(zeros)) > 5
    content = fillings.initialised(1)
    for one, zero in zip(tensors, zeros):
        values = np.frombuffer(content, np.uint8, one.nbytes, one.offset).astype(int) - zero
        assert values.std() > 3 and abs(values.mean()) < values.std() / 10, one.name
