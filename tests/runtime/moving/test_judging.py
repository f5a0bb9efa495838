"""What the errors of scenes say."""

from __future__ import annotations

import numpy as np
import pytest

from elman.metrics.displacements import CONSTANT
from elman.runtime.moving.judging import SceneJudged, judged, verdict_on


def scene(ade, fde):
    return {"ade": ade, "fde": fde, "baselines": {CONSTANT: {"ade": 1.0, "fde": 2.0}}}


def test_errors_of_a_forecast_are_never_those_of_the_best_sample():
    came, found = np.zeros((3, 4, 2)), np.ones((3, 4, 2))
    samples = np.stack([found, 3 * found, came], axis=1)
    told = judged(SceneJudged("s", 2, 0.5, came, found, samples, {CONSTANT: 2 * found}))
    assert told["ade"] == pytest.approx(np.sqrt(2))
    assert told["baselines"][CONSTANT]["fde"] == pytest.approx(2 * np.sqrt(2))
    assert told["best_of"] == {"samples": 3, "ade": 0.0, "fde": 0.0}


@pytest.mark.parametrize(
    ("scenes", "said"),
    [
        ({"a": scene(0.5, 1.0), "b": scene(0.9, 1.9)}, "Better than constant velocity in each of"),
        ({"a": scene(0.5, 2.2), "b": scene(0.9, 1.9)}, "in 1 of 2 scenes, worse in 1: 'a'."),
        ({"a": scene(0.5, 1.0), "b": scene(1.0, 2.0)}, "the same in 1, worse in none."),
        ({"a": scene(1.0, 2.0)}, "in 0 of 1 scene, the same in 1"),
    ],
)
def test_the_verdict_is_of_both_errors_of_each_scene(scenes, said):
    assert said in verdict_on(scenes, 0.7, 1)
    assert "70% of the network's correction is believed" in verdict_on(scenes, 0.7, 1)


def test_a_share_of_nothing_and_one_that_was_not_tested_are_said():
    found = verdict_on({"a": scene(1.0, 2.0)}, 0.0, 2)
    assert "no share of the network's correction was better than none" in found
    assert "2 scenes kept for validation" in found
    assert "No validation part said" in verdict_on({"a": scene(0.5, 1.0)}, 1.0, 0)


def test_a_rule_that_is_better_than_the_model_or_than_constant_velocity_is_named():
    rules = {"linear fit": {"ade": 0.7, "fde": 1.4}, "standing still": {"ade": 0.6, "fde": 3.0}}
    one = scene(0.8, 1.6)
    one["baselines"] |= rules
    found = verdict_on({"a": one, "b": scene(0.5, 1.0) | {"baselines": one["baselines"]}}, 1.0, 1)
    assert "Linear fit is better than this model in 1 of 2 scenes: 'a'." in found
    assert "Linear fit is better than constant velocity in 2 of 2 scenes: 'a', 'b'." in found
    assert "Standing still" not in found
