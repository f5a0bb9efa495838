from __future__ import annotations

import sys

import pandas as pd
import polars as pl
import pytest

from elman.errors import MissingExtraError
from elman.training.events import history as room
from elman.training.events.history import EpochRecord, History, best_epoch


def records(*results):
    return [
        EpochRecord(k, 1.0, 0.1, 2.0, loss, score) for k, (loss, score) in enumerate(results, 1)
    ]


def test_the_highest_score_wins_then_the_lowest_loss_then_the_earlier():
    assert best_epoch(records((0.5, 0.8), (0.9, 0.9), (0.1, 0.85))) == 2
    assert best_epoch(records((0.5, 0.9), (0.4, 0.9), (0.6, 0.9))) == 2
    assert best_epoch(records((0.5, 0.9), (0.5, 0.9))) == 1
    assert best_epoch(records((0.5, None), (0.3, None), (0.4, None))) == 2
    assert best_epoch(records((0.5, -3.0), (0.4, -4.0))) == 1


def test_without_validation_the_last():
    assert best_epoch([]) == 0
    assert best_epoch(records((None, None), (None, None))) == 2


def test_history():
    history = History(tuple(records((0.5, 0.8), (0.4, 0.9))), 2)
    assert history.best.validation_score == 0.9
    assert history.seconds == 4.0
    assert "validation_loss" not in records((None, None))[0].to_dict()


def test_a_history_as_a_frame(monkeypatch):
    history = History(tuple(records((None, None), (0.4, 0.9))), 2)
    frame = history.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["epoch"].tolist() == [1, 2]
    assert frame["validation_score"].isna().tolist() == [True, False]
    assert frame["validation_loss"].dtype == float
    monkeypatch.setattr(room, "find_spec", lambda name: name == "polars" or None)
    other = history.to_frame()
    assert isinstance(other, pl.DataFrame)
    assert other.columns == list(frame.columns)
    assert other["validation_loss"].to_list() == [None, 0.4]
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="neither pandas nor polars"):
        history.to_frame()
    monkeypatch.setitem(sys.modules, "narwhals.stable.v1", None)
    with pytest.raises(MissingExtraError, match="narwhals"):
        history.to_frame()
