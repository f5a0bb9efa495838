"""The fan of futures over the paths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError
from elman.runtime.moving.encounters import encounters
from tests.plots.futures import futures_of


def test_encounters_make_the_title_and_are_marked(drawn):
    futures = futures_of()
    met = list(encounters("street", [*futures.agents], futures.seen[:, -1], futures.samples, 0.9))
    met.sort(key=lambda one: -one.chance)
    figure = plots.paths(futures, met=met, distance=0.9, unit="m")
    words = " ".join(" ".join(drawn(figure)).split())
    assert f"Agents {met[0].agent} and {met[0].other} come nearer than 0.9 m" in words
    assert "x (m)" in words
    rings = figure.axes[0].patches
    assert 1 <= len(rings) <= 3
    assert rings[0].get_radius() == 0.9


def test_without_any_encounter_that_is_said(drawn):
    figure = plots.paths(futures_of(), distance=0.01)
    assert any("No two agents come nearer than 0.01" in text for text in drawn(figure))


def test_what_came_is_held_against_constant_velocity(drawn):
    futures = futures_of()
    came = {"p0": futures.mean[0], "p1": futures.mean[1] + 1.0}
    words = " ".join(" ".join(drawn(plots.paths(futures, came=came, unit="m"))).split())
    assert "Forecasts are 0.707 m off on average" in words
    assert "3 agents of street, 12 steps from frame 10 on; 20 samples each" in words


def test_each_agent_is_drawn_and_the_fans_of_some(drawn):
    futures = futures_of(agents=12, samples=7)
    figure = plots.paths(futures, agents=["p3"])
    drawn(figure)
    lines = figure.axes[0].get_lines()
    assert len(lines) == 12 * 4 + 7  # seen, last, forecast, constant velocity; one fan
    figure = plots.paths(futures)
    drawn(figure)
    assert len(figure.axes[0].get_lines()) == 12 * 4 + 8 * 7


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentError, match="without samples"):
        plots.paths(futures_of(samples=0))
    with pytest.raises(ArgumentError, match="no agent of 'road'"):
        plots.paths(futures_of(), scene="road")
    with pytest.raises(ArgumentError, match="no 'p9'"):
        plots.paths(futures_of(), agents=["p9"])


def test_a_forecast_of_constant_velocity_is_neither_better_nor_worse(drawn):
    futures = futures_of()
    onward = futures.seen[:, -1:] + np.arange(1, 13)[:, None] * np.diff(
        futures.seen[:, -2:], axis=1
    )
    same = replace(futures, mean=onward)
    words = drawn(plots.paths(same, came={"p0": onward[0] + 1.0}))
    assert any(
        "off on average, as constant velocity is" in " ".join(text.split()) for text in words
    )
    assert "came" in words
    assert "came" not in drawn(plots.paths(same))
