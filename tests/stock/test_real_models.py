# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Models that nobody here trained: locked, verified, unlocked, and run in their stock runtime."""

import hashlib

import pytest

from stock_models import (COMPANIONS, LOCKABLE, NOT_RUN, REFUSED, STAY_PLAIN, UNSOUND, files_found,
                          lockable_models, real_models, refused_models)
from stock_weights import left_plain, share_locked, weights
from stock_workshop import PLACEMENTS

LEAST_SHARE = 0.99  # of weight and bias bytes that must be locked
PROBE = 64          # bytes of a weight that must not be found in the locked file

MODELS = lockable_models()
RUNNING = [model for model in MODELS if model.runs]


def for_each(models):
    return pytest.mark.parametrize("model", models, ids=[model.name for model in models])


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_file_is_listed(real_data):
    assert files_found() == sorted([*LOCKABLE, *COMPANIONS, *REFUSED])


@pytest.mark.parametrize("placement", PLACEMENTS)
@for_each(MODELS)
def test_lock_verify_unlock(workshop, model, placement):
    locked = workshop.locked(model, placement)
    workshop.must("verify", "-q", "-k", workshop.key, locked)
    assert sha256(workshop.unlocked(model, placement)) == sha256(model.path)
    assert locked.read_bytes()[:model.path.stat().st_size] != model.path.read_bytes()


@for_each(refused_models())
def test_refused(workshop, model):
    code, words = REFUSED[model.name]
    out = workshop.place(model, "refused")
    done = workshop.call("lock", "-q", "-k", workshop.key, model.path, "-o", out)
    assert done.returncode == code
    assert words in done.stderr and "hint:" in done.stderr
    assert list(out.parent.iterdir()) == []


@for_each(MODELS)
def test_weights_are_locked(workshop, model):
    locked = workshop.locked(model)
    assert left_plain(model, locked) == []
    assert share_locked(model, locked) >= LEAST_SHARE
    facts = workshop.inspect(locked)
    assert facts["locked_bytes"] == facts["param_bytes"] > 0


@for_each([model for model in MODELS if model.name in STAY_PLAIN])
def test_exceptions_stay_plain(workshop, model):
    """Each exception is still one: named by inspect with a reason, and not changed."""
    constants = workshop.inspect(workshop.locked(model))["constants"]
    for name in STAY_PLAIN[model.name]:  # inspect names the nodes around a subgraph, too
        found = [one for one in constants if f"/{one['name']}".endswith(f"/{name}")]
        assert found and all(one["reason"] for one in found), name


@for_each(MODELS)
def test_no_weight_is_left_readable(workshop, model):
    """No copy of a weight stands elsewhere in the locked file, say in an unused buffer."""
    blob = workshop.locked(model).read_bytes()
    for one, _ in weights(model, workshop.locked(model)):
        probe = one.data[:PROBE].tobytes()
        if len(set(probe)) > PROBE // 4:
            assert probe not in blob, one.name


@for_each(RUNNING)
def test_unlocked_file_gives_the_same_outputs(workshop, model):
    plain, unlocked, _ = workshop.stock(model)
    assert plain.failure(model.last_stage) == ""
    assert unlocked.failure(model.last_stage) == ""
    assert unlocked.digests == plain.digests
    assert plain.nan_share == 0


@for_each(RUNNING)
def test_exec_gives_the_same_outputs(workshop, model):
    through_memory = workshop.stock_exec(model)
    assert through_memory.failure(model.last_stage) == ""
    assert through_memory.digests == workshop.stock(model)[0].digests


@for_each(RUNNING)
def test_locked_file_loads(workshop, model, record_property):
    """Loading is required. What running gives is noted, not judged, except that it differs."""
    plain, _, locked = workshop.stock(model)
    assert locked.failure("load") == ""
    record_property("locked_run", locked.failure("run") or "ok")
    if not locked.failure(model.last_stage):
        record_property("locked_nan_share", locked.nan_share)
        assert locked.digests != plain.digests


@for_each(real_models(NOT_RUN))
def test_not_run_plain(workshop, model):
    """The stock runtime refuses these as they come, and locking changes nothing about it."""
    stage, words = NOT_RUN[model.name]
    for seen in workshop.stock(model):
        reason = seen.failure("run")
        assert reason.startswith(f"{stage}:") and words in reason


@for_each(real_models(UNSOUND))
def test_unsound_still_loads(workshop, model):
    for seen in workshop.stock(model):
        assert seen.failure("load") == ""
