"""The network of each strategy: its blocks, its sizes, and what it may read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman.blueprint import (
    CellConfig,
    Dense,
    Dropout,
    Flatten,
    Parallel,
    Recall,
    Recurrent,
    Segments,
    Tail,
)
from elman.errors import ArgumentError
from elman.runtime.forecasting.forecasting import Forecasting
from elman.runtime.forecasting.strategies import Parts
from elman.runtime.forecasting.strategies.smoothing import smoothing_cells
from tests.runtime.forecasters import companions_for, network_for, plan_for, shops, windows_of

CELLS = (CellConfig("lstm", 5), CellConfig("lstm", 5))


def blueprint(plan, features=4, static=1, parameters=2, dropout=0.0, recall=True):
    return plan.how.blueprint(plan, Parts(CELLS, features, static, parameters, dropout, recall))


def kinds(found):
    return [type(block) for block in found.chains["body"]]


BARE = shops(covariates=False)


def test_recursive_answers_each_step_with_the_next():
    found = blueprint(plan_for(shops(), strategy="recursive"))
    assert found.configuration == "sequence_to_sequence"
    assert (found.input_size, found.output_size) == (4, 2)
    assert found.streams


def test_direct_gives_all_steps_from_the_last_state():
    found = blueprint(plan_for(BARE))
    assert found.configuration == "sequence_to_vector"
    assert (found.input_size, found.output_size) == (4, 3 * 2)
    assert Tail not in kinds(found)


def test_direct_reads_on_where_something_is_known_ahead():
    for panel, changes in (
        (shops(), {}),
        (BARE, {"calendar": ("weekday",)}),
        (BARE, {"identify": True}),
    ):
        plan = plan_for(panel, **changes)
        assert plan.ahead
        found = blueprint(plan)
        assert kinds(found) == [Recurrent, Tail, Dense, Flatten]
        assert found.chains["body"][1] == Tail(3)
        assert found.output_size == 6
    assert not plan_for(BARE).ahead


def test_segments_are_read_and_written_side_by_side():
    plan = plan_for(shops(), strategy="segments", segment=3, input_steps=12, horizon=9)
    found = blueprint(plan)
    assert kinds(found) == [Segments, Dense, Parallel, Recall, Flatten]
    segments, dense, parallel, recall, flat = found.chains["body"]
    assert segments == Segments(3, 1)
    assert dense == Dense(5, "relu")
    assert parallel == Parallel(CELLS, 3, True)
    assert recall == Recall(3, segments=4, positions=3, targets=1, parameters=2, shifted=1)
    assert flat == Flatten(3)
    assert found.output_size == 9 * 2
    plain = blueprint(plan, recall=False)
    assert kinds(plain) == [Segments, Dense, Parallel, Dense, Flatten]
    assert plain.chains["body"][3] == Dense(3 * 2)
    counts = replace(plan, output="negative_binomial")  # whose numbers are no counts
    assert kinds(blueprint(counts)) == kinds(plain)
    levels = replace(plan, output="quantiles")
    assert blueprint(levels).chains["body"][3].shifted == 2  # every quantile


def test_smoothing_reads_a_window_at_each_step():
    plan = plan_for(shops(), strategy="smoothing", seasons=(7,), input_steps=6)
    found = blueprint(plan)
    # The smoothed window in place of the value; promo for all three steps ahead, not one.
    assert (found.input_size, found.output_size) == (6 + 3 + 2, 3 * 2)
    assert found.configuration == "sequence_to_sequence"
    assert found.streams


@pytest.mark.parametrize(
    "changes",
    [{"strategy": "recursive"}, {}, {"strategy": "segments", "segment": 3}],
    ids=["recursive", "direct", "segments"],
)
def test_dropout_stands_before_the_last_layer(changes):
    plan = plan_for(shops(), **changes)
    usual, dropped = (kinds(blueprint(plan, dropout=rate)) for rate in (0.0, 0.3))
    assert Dropout not in usual
    assert dropped.count(Dropout) == 1
    place = dropped.index(Dropout)
    assert dropped[:place] + dropped[place + 1 :] == usual
    assert dropped[place + 1] in (Dense, Recall)


@pytest.mark.parametrize(
    ("changes", "named"), [({"input_steps": 7}, "window"), ({"horizon": 4}, "horizon")]
)
def test_segments_must_come_out_even(changes, named):
    plan = plan_for(shops(), strategy="segments", segment=3, **changes)
    with pytest.raises(ArgumentError, match=rf"{named}: \d steps in segments of 3"):
        blueprint(plan)


def test_cells_of_a_smoothing():
    cells = [CellConfig("lstm", units) for units in (8, 8, 5, 5)]
    found = smoothing_cells(cells, (24, 168), dilated=False)
    assert [cell.dilation for cell in found] == [1, 24, 168, 168]
    assert [cell.residual for cell in found] == [False, True, False, True]
    assert [cell.dilation for cell in smoothing_cells(cells, (), dilated=False)] == [1] * 4
    told = [CellConfig("lstm", 8, dilation=d) for d in (2, 3)]
    assert [cell.dilation for cell in smoothing_cells(told, (24,), dilated=True)] == [2, 3]


@pytest.mark.parametrize("output", ["point", "quantiles", "student"])
@pytest.mark.parametrize(
    "changes",
    [{"strategy": "recursive"}, {}, {"strategy": "segments", "segment": 3}],
    ids=["recursive", "direct", "segments"],
)
def test_every_network_answers_its_windows(changes, output):
    for panel in (shops(), BARE):
        companions = companions_for(panel, plan_for(panel, output=output, **changes))
        work = Forecasting(companions, panel, network_for(companions, panel))
        windows = windows_of(panel, companions.plan)
        assert np.isfinite(work.answers(windows).mean).all()
        assert work.answers(windows).mean.shape == (len(windows), 3, 1)
