# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The attack on public models: that it sees weak locks, and what it says of ours. On this project's models, so it runs everywhere."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnlock
import wrong_keys
from judge import findings
from public_models import labelled
from schemes import KEY_BITS, digest, key_at_distance

BUDGET = {"keys": 12, "near_keys": 2, "networks": 12}
TARGETS = (labelled("fashion_int8.tflite", "int8", 10, each=5), labelled("fashion_float32.onnx", "float32", 10, each=5))


class DoesNothing:
    def lock(self, path, key, seed):
        return path.read_bytes()

    def unlock(self, locked, key):
        return locked


class OneByte(DoesNothing):
    """Changes the lowest byte of one weight."""

    def lock(self, path, key, seed):
        content = bytearray(path.read_bytes())
        self.place = max(nnlock.inspect(path).params, key=lambda one: one.nbytes).offset
        content[self.place] ^= key[0]
        return bytes(content)

    def unlock(self, locked, key):
        content = bytearray(locked)
        content[self.place] ^= key[0]
        return bytes(content)


class EightBits:
    """Locks all bytes of all weights, with a stream that hangs on one byte of the key: most keys near the right one are right."""

    def lock(self, path, key, seed):
        self.params = nnlock.inspect(path).params
        return self.unlock(path.read_bytes(), key)

    def unlock(self, locked, key):
        content, draw = bytearray(locked), np.random.default_rng(key[0])
        for one in self.params:
            if one.dtype == "i8":
                span = slice(one.offset, one.offset + one.nbytes)
                content[span] = (np.frombuffer(bytes(content[span]), np.uint8) ^ draw.integers(0, 256, one.nbytes, np.uint8)).tobytes()
        return bytes(content)


def said(target, scheme):
    outcome, inputs = wrong_keys.attack(target, scheme, 1, BUDGET)
    assert inputs == 50 and outcome["right_key"]["accuracy"] > 0.8 and outcome["right_key"]["bytes_identical"]
    return outcome, list(findings(outcome))


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.model)
@pytest.mark.parametrize("scheme", (DoesNothing, OneByte))
def test_a_lock_that_hides_nothing_is_reported(target, scheme):
    outcome, texts = said(target, scheme())
    assert outcome["random_keys"]["accuracy"]["min"] > 0.8
    assert outcome["near_keys"][6]["equal_bytes"]["min"] > 0.999
    for text in ("without unlocking", "a random key reaches", "a key 1 bits off reaches", "a key 64 bits off reaches", "told from networks"):
        assert any(text in one for one in texts), (text, texts)


def test_a_lock_that_ignores_most_key_bits_is_reported():
    outcome, texts = said(TARGETS[0], EightBits())
    assert any("a key 1 bits off reaches" in one for one in texts), texts
    assert not any("without unlocking" in one for one in texts), texts


def test_a_right_key_that_does_not_restore_the_file_is_reported():
    class Forgets(DoesNothing):
        def unlock(self, locked, key):
            return locked[:-1] + bytes([locked[-1] ^ 1])
    outcome, _ = wrong_keys.attack(TARGETS[0], Forgets(), 1, {"keys": 2, "near_keys": 1, "networks": 2})
    assert "the right key does not restore the file" in findings(outcome)


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.model)
def test_our_lock_is_at_chance(target, lock):
    outcome, texts = said(target, lock)
    assert texts == []
    assert abs(outcome["against_chance"]["standard_errors"]) < 4
    assert [one["distance"] for one in outcome["near_keys"]] == [1, 2, 4, 8, 16, 32, 64]
    assert all(one["equal_bytes"]["max"] < 0.02 for one in outcome["near_keys"])
    assert outcome["random_keys"]["nan_share"]["max"] == 0
    assert len(set(outcome["random_keys"]["accuracies"])) > 1
    for kind in ("random_networks", "initialised_networks"):
        assert outcome[kind]["count"] == 12 and 0 <= outcome[kind]["against_random_keys"]["ks_probability"] <= 1


def test_keys_at_a_distance():
    key = digest("right key", 1)
    for steps in (1, 2, 64, KEY_BITS):
        near = [key_at_distance(key, steps, 1, index) for index in range(3)]
        assert all((int.from_bytes(one, "little") ^ int.from_bytes(key, "little")).bit_count() == steps for one in near)
        assert steps == KEY_BITS or len(set(near)) > 1
    assert digest("right key", 1) != digest("right key", 2) != digest("random keys", 2, 0)


def run(records, *more):
    command = [sys.executable, Path(wrong_keys.__file__), "--effort", "smoke", "--records", records, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_one_command_makes_one_record(lock, tmp_path):
    model = ("--model", "fashion_int8_tflite", "--lab", lock.program.resolve())
    place = tmp_path / "wrong-keys" / "fashion-fashion_int8_tflite-int8-nnlock-v1-s1-smoke.json"
    done = run(tmp_path, *model)
    assert done.returncode == 0, done.stderr
    first = json.loads(place.read_text())
    assert set(first) == {"record", "attack", "target", "seed", "effort", "test_images", "outcome", "used", "command", "commit", "date", "seconds"}
    assert first["target"]["runtime"].startswith("LiteRT 2.") and first["test_images"] == 1000 and place.stat().st_size < 20_000
    assert first["command"] == "build/venv/bin/python lab/runtimes/wrong_keys.py --model fashion_int8_tflite --seed 1 --effort smoke"
    written = place.read_bytes()
    assert "there already" in run(tmp_path, *model).stdout and place.read_bytes() == written

    place.unlink()  # run again: the same outcome to the last digit
    assert run(tmp_path, *model).returncode == 0
    assert json.loads(place.read_text())["outcome"] == first["outcome"]
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_what_cannot_be_done_says_why(tmp_path):
    unknown = run(tmp_path, "--model", "perceptron")
    assert unknown.returncode == 2 and "no public model is called perceptron; --list" in unknown.stderr
    no_lab = run(tmp_path, "--model", "fashion_int8_tflite", "--lab", tmp_path / "nothing")
    assert no_lab.returncode == 2 and "`make lab` builds it" in no_lab.stderr
    assert not any(tmp_path.iterdir())


def test_cells_are_the_commands_of_the_models_that_are_here(tmp_path):
    def models(*more):
        command = [sys.executable, Path(wrong_keys.__file__), "--cells", "--seed", "3", "--records", tmp_path, *more]
        lines = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "NNLOCK_DATA_DIR": str(tmp_path / "none")}).stdout.splitlines()
        assert all(line.endswith(f" --seed 3 --records {tmp_path}") for line in lines)
        return [line.split("--model ")[1].split()[0] for line in lines]
    assert models() == models("--missing") == ["fashion_int8_tflite", "fashion_float32_onnx", "fashion_int8_onnx"]
    there = tmp_path / "wrong-keys" / "fashion-fashion_float32_onnx-float32-nnlock-v1-s3.json"
    there.parent.mkdir()
    there.write_text("{}")
    assert models("--missing") == ["fashion_int8_tflite", "fashion_int8_onnx"] and len(models()) == 3
