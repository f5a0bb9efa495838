"""One training of a forecaster: which windows it learns from."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.tasks import Forecaster
from elman.tasks.forecasting import windows
from elman.training.loop.windows import WindowExamples

SMALL = {"window": 12, "units": 4, "epochs": 1, "season": 6, "batch_size": 16}


def series(length=200):
    return 5 + np.sin(np.arange(length)) + np.random.default_rng(0).normal(size=length) / 9


@pytest.fixture
def seen(monkeypatch):
    """The windows of each set of examples that a training was given."""
    found = []

    def watched(reader, *options):
        found.append(reader.windows)
        return WindowExamples(reader, *options)

    monkeypatch.setattr(windows, "WindowExamples", watched)
    return found


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("stride", [1, 5])
def test_training_windows_are_a_stride_apart_and_end_where_the_held_out_part_begins(
    seen, strategy, stride
):
    model = Forecaster(strategy, **SMALL, stride=stride, validation=30)
    model.fit(series(), horizon=6)
    train, validation = seen
    ahead = 1 if strategy == "recursive" else 6
    assert set(np.diff(train.starts)) == {stride}
    assert train.starts[-1] + 12 + ahead == 170
    assert train.starts[0] < stride
    assert validation.starts[0] + 12 == 170
    assert set(np.diff(validation.starts)) == {1}
    # What the result counts: windows with a whole horizon.
    assert model.result_["train_windows"] == -(-(170 - 18 + 1) // stride)


def test_the_second_training_has_the_same_stride(seen):
    model = Forecaster(**SMALL, stride=4, validation=30, refit=True)
    model.fit(series(), horizon=6)
    assert len(seen) == 3
    assert set(np.diff(seen[-1].starts)) == {4}
    assert seen[-1].starts[-1] + 18 == 200


def test_the_linear_map_learns_from_the_windows_of_the_network():
    model = Forecaster(**SMALL, stride=7, validation=30, base="none").fit(series(), horizon=6)
    assert model.model_.companions.linear.windows == model.result_["train_windows"] == 22


@pytest.mark.parametrize("stride", [0, -1, 1.5, None])
def test_a_stride_is_a_number_of_steps(stride):
    with pytest.raises(ArgumentError, match="stride"):
        Forecaster(**SMALL, stride=stride).fit(series(), horizon=6)
