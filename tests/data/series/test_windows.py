"""Windows held against the plain definition: every stretch of rows that may be one, once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.series.windows import Prepared, WindowReader, Windows, cut
from elman.errors import ArgumentError, DataError


def offsets_of(lengths: list[int]) -> np.ndarray:
    return np.cumsum([0, *lengths])


@st.composite
def cuttings(draw):
    """Series of any lengths, histories, gaps and bounds, and how they are to be cut.

    Most are longer than a window (of 2 to 8 steps), and have none, one or a few gaps.
    """
    lengths = draw(st.lists(st.integers(10, 24) | st.integers(0, 14), min_size=2, max_size=5))
    rows = sum(lengths)
    history = np.array([length - draw(st.integers(0, min(length, 4))) for length in lengths])
    gaps = np.zeros(rows, dtype=bool)
    gaps[draw(st.lists(st.integers(0, rows - 1), max_size=4)) if rows else []] = True
    first = draw(st.none() | st.lists(st.integers(0, 9), min_size=5, max_size=5))
    last = draw(st.none() | st.lists(st.integers(6, 26), min_size=5, max_size=5))
    bounds = {
        name: None if bound is None else np.array(bound[: len(lengths)])
        for name, bound in (("first", first), ("last", last))
    }
    sizes = {name: draw(st.integers(1, 4)) for name in ("input_steps", "horizon", "stride")}
    return (offsets_of(lengths), history, gaps), {**sizes, **bounds}


def places(series, options):
    """`(row, series, whether a gap is within)` of every window, one by one."""
    offsets, history, gaps = series
    steps, horizon = options["input_steps"], options["horizon"]
    for n, (begin, end) in enumerate(pairwise(offsets)):
        low = 0 if options["first"] is None else options["first"][n]
        high = end - begin if options["last"] is None else options["last"][n]
        fit = [
            row
            for row in range(begin, begin + history[n] - steps - horizon + 1)
            if low <= row - begin + steps and row - begin + steps + horizon <= high
        ]
        for row in fit[(len(fit) - 1) % options["stride"] :: options["stride"]] if fit else ():
            yield row, n, bool(gaps[row + 1 : row + steps + horizon].any())


def test_every_possible_window_is_there_once():
    useful = Counter()

    @given(cuttings())
    def law(cutting):
        series, options = cutting
        windows = cut(*series, **options)
        expected = [*places(series, options)]
        found = [*zip(windows.starts.tolist(), windows.series.tolist(), strict=True)]
        assert found == [(row, n) for row, n, crosses in expected if not crosses]
        assert windows.crossing == sum(crosses for *_, crosses in expected)
        assert len(windows) == len(found)
        assert (windows.starts.dtype, windows.series.dtype) == (np.int64, np.int32)
        useful["windows"] += bool(found)
        useful["left out, others not"] += windows.crossing > 0 and bool(found)
        useful["a bound"] += bool(found) and options["first"] is not None

    law()
    assert useful["windows"] >= 20, useful
    assert useful["left out, others not"] >= 10, useful
    assert useful["a bound"] >= 5, useful


def test_targets_come_after_inputs_in_an_unbroken_stretch_of_one_series():
    useful = Counter()

    @given(cuttings())
    @settings(max_examples=60)
    def law(cutting):
        (offsets, history, gaps), options = cutting
        windows = cut(offsets, history, gaps, **options)
        times = np.cumsum(np.where(gaps, 5, 1))  # five steps where some are missing
        for start, n in zip(windows.starts, windows.series, strict=True):
            middle = start + options["input_steps"]
            stop = middle + options["horizon"]
            assert (times[middle:stop] > times[middle - 1]).all()
            assert (np.diff(times[start:stop]) == 1).all()
            assert offsets[n] <= start
            assert stop <= offsets[n] + history[n]
            useful["beside a gap"] += gaps[start] or gaps[stop : stop + 1].any()
        useful["windows"] += len(windows) > 0

    law()
    assert useful["windows"] >= 50, useful
    assert useful["beside a gap"] >= 20, useful


def test_the_last_place_is_used_whatever_the_stride():
    for stride in range(1, 9):
        windows = cut(
            np.array([0, 20]),
            np.array([18]),
            np.zeros(20, bool),
            input_steps=3,
            horizon=2,
            stride=stride,
        )
        assert windows.starts[-1] == 13
        assert (np.diff(windows.starts) == stride).all()
        assert windows.starts[0] < stride


@pytest.mark.parametrize("name", ["input_steps", "horizon", "stride"])
@pytest.mark.parametrize("size", [0, 1.5])
def test_sizes_are_whole_and_positive(name, size):
    sizes = {"input_steps": 2, "horizon": 1, "stride": 1, name: size}
    with pytest.raises(ArgumentError, match=f"{name}: found {size}"):
        cut(np.array([0, 9]), np.array([9]), np.zeros(9, bool), **sizes)


TARGETS, UNKNOWN, KNOWN, STATIC = 2, 5, 3, 1  # features of a step: 2 targets, 3 more unknown ones


def prepared(rows: int, seed: int, missing: float = 0.2) -> Prepared:
    """Rows whose known-ahead features tell their number."""
    draws = np.random.default_rng(seed)
    values = draws.normal(size=(rows, UNKNOWN + KNOWN + STATIC)).astype(np.float32)
    values[:, UNKNOWN] = np.arange(rows)
    targets = values[:, :TARGETS].copy()
    targets[draws.random(targets.shape) < missing] = np.nan
    values[:, :TARGETS] = np.nan_to_num(targets)
    return Prepared(values, targets, np.zeros(rows, np.int32), UNKNOWN, KNOWN)


MODES = [
    {"ahead": ahead, "shift_known": shift, "window_scaling": window_scaling}
    for ahead, shift in ((False, False), (True, False), (False, True))
    for window_scaling in ("none", "last", "season", "mean", "standard")
]
MODES += [
    {"ahead": True, "shift_known": False, "window_scaling": "standard", "traits": True, "season": 2}
]


def some_windows(starts, steps=4, horizon=3) -> Windows:
    starts = np.array(starts, dtype=np.int64)
    return Windows(steps, horizon, starts, np.zeros(len(starts), np.int32), 0)


@given(st.integers(0, 99), st.sampled_from(MODES), st.integers(1, 6), st.integers(1, 6))
def test_inputs_know_no_target_of_the_horizon(seed, mode, steps, horizon):
    rows = prepared(30, seed)
    windows = some_windows([7, 1], steps, horizon)
    batch = WindowReader(rows, windows, **mode).batch(np.array([0]))
    for told in (np.nan, 1e9):
        values, targets = rows.values.copy(), rows.targets.copy()
        values[7 + steps :, :UNKNOWN] = 1e9
        targets[7 + steps :] = told
        changed = WindowReader(replace(rows, values=values, targets=targets), windows, **mode)
        again = changed.batch(np.array([0]))
        np.testing.assert_array_equal(again.inputs, batch.inputs)
        np.testing.assert_array_equal(again.level, batch.level)
        np.testing.assert_array_equal(again.spread, batch.spread)


@given(st.integers(0, 99), st.sampled_from(MODES))
def test_a_batch_is_its_windows_and_comes_back_in_scaled_units(seed, mode):
    rows, windows = prepared(40, seed), some_windows([0, 20, 33, 5])
    reader = WindowReader(rows, windows, **mode)
    batch = reader.batch(np.array([2, 0, 3]))
    for k, row in enumerate((2, 0, 3)):
        alone = reader.batch(np.array([row]))
        for name in ("inputs", "targets", "level", "spread"):
            array = getattr(batch, name)
            assert array.dtype == np.float32
            assert array.flags.c_contiguous
            np.testing.assert_array_equal(array[k], getattr(alone, name)[0])
        start = windows.starts[row] + (1 if mode["shift_known"] else 4)
        wanted = rows.targets[start : start + batch.targets.shape[1]]
        back = batch.targets[k] * batch.spread[k] + batch.level[k]
        np.testing.assert_allclose(back, wanted, rtol=1e-5, atol=1e-5)
        past = rows.targets[windows.starts[row] : windows.starts[row] + 4]
        seen = batch.inputs[k, :4, :TARGETS] * batch.spread[k] + batch.level[k]
        seen[np.isnan(past)] = np.nan
        np.testing.assert_allclose(seen, past, rtol=1e-5, atol=1e-5)
        assert (batch.inputs[k, :4, :TARGETS][np.isnan(past)] == 0).all()


def test_a_batch_belongs_to_its_caller():
    rows = prepared(30, 0)
    before = rows.values.copy(), rows.targets.copy()
    reader = WindowReader(rows, some_windows([3]), **MODES[0])
    batch = reader.batch(np.array([0]))
    batch.inputs[:] = batch.targets[:] = 7
    np.testing.assert_array_equal(rows.values, before[0])
    np.testing.assert_array_equal(rows.targets, before[1])


def test_rows_ahead_hold_what_is_known_and_nothing_else():
    rows = prepared(30, 0)
    reader = WindowReader(
        rows, some_windows([6]), ahead=True, shift_known=False, window_scaling="standard"
    )
    inputs = reader.batch(np.array([0])).inputs[0]
    assert inputs.shape == (reader.steps, rows.values.shape[1]) == (7, 9)
    np.testing.assert_array_equal(inputs[:, TARGETS:][:4], rows.values[6:10, TARGETS:])
    np.testing.assert_array_equal(inputs[4:, UNKNOWN:], rows.values[10:13, UNKNOWN:])
    assert (inputs[4:, :UNKNOWN] == 0).all()


def test_what_is_known_ahead_stands_beside_the_target_it_belongs_to():
    rows = prepared(30, 1)
    reader = WindowReader(
        rows, some_windows([6, 9]), ahead=False, shift_known=True, window_scaling="none"
    )
    batch = reader.batch(np.array([0, 1]))
    for k, start in enumerate((6, 9)):
        assert batch.inputs[k, :, UNKNOWN].tolist() == [*range(start + 1, start + 5)]
        after = slice(start + 1, start + 5)
        np.testing.assert_array_equal(batch.targets[k], rows.targets[after])
        known = slice(UNKNOWN, UNKNOWN + KNOWN)
        np.testing.assert_array_equal(batch.inputs[k][:, known], rows.values[after, known])
        now = slice(start, start + 4)
        np.testing.assert_array_equal(batch.inputs[k][:, :UNKNOWN], rows.values[now, :UNKNOWN])
        np.testing.assert_array_equal(batch.inputs[k][:, -STATIC:], rows.values[now, -STATIC:])


@pytest.mark.parametrize(
    ("window_scaling", "past", "level", "spread"),
    [
        ("none", [2, 4, 9], 0, 1),
        ("last", [2, 4, 9], 9, 1),
        ("last", [2, 4, np.nan], 4, 1),
        ("last", [np.nan] * 3, 0, 1),
        ("season", [2, 4, 9], 6.5, 1),
        ("season", [2, 4, np.nan], 4, 1),
        ("season", [2, np.nan, np.nan], 0, 1),
        ("mean", [-2, 4, 9], 0, 5),
        ("mean", [-2, 4, np.nan], 0, 3),
        ("mean", [0, 0, 0], 0, 1),
        ("mean", [np.nan] * 3, 0, 1),
        ("standard", [2, 4, 9], 5, np.sqrt(26 / 3)),
        ("standard", [2, 4, np.nan], 3, 1),
        ("standard", [7, np.nan, 11], 9, 2),
        ("standard", [np.nan] * 3, 0, 1),
        ("standard", [100.1, 100.1, 100.1], 100.1, 1),
    ],
)
def test_level_and_spread(window_scaling, past, level, spread):
    targets = np.array([*past, 30, 31], dtype=np.float32)[:, None]
    rows = Prepared(np.nan_to_num(targets), targets, np.zeros(5, np.int32), 1, 0)
    windows = some_windows([0], steps=3, horizon=2)
    reader = WindowReader(
        rows, windows, ahead=False, shift_known=False, window_scaling=window_scaling, season=2
    )
    batch = reader.batch(np.array([0]))
    assert batch.level[0, 0] == pytest.approx(level, abs=1e-6)
    assert batch.spread[0, 0] == pytest.approx(spread)
    assert batch.targets[0, :, 0] == pytest.approx([(x - level) / spread for x in (30, 31)])


def test_traits_tell_what_normalising_took_and_how_seasons_differ():
    targets = np.array([1, 5, 2, np.nan, 4, 9, 30, 31], dtype=np.float32)[:, None]
    rows = Prepared(np.nan_to_num(targets), targets, np.zeros(8, np.int32), 1, 0)
    windows = some_windows([0], steps=6, horizon=2)
    options = {"ahead": True, "shift_known": False, "window_scaling": "standard", "season": 2}
    plain = WindowReader(rows, windows, **options).batch(np.array([0]))
    told = WindowReader(rows, windows, **options, traits=True).batch(np.array([0]))
    np.testing.assert_array_equal(told.inputs[..., :1], plain.inputs)
    level, spread = plain.level[0, 0], plain.spread[0, 0]
    change = np.log(np.mean([1, 2]) / spread + 0.01)  # 2 - 1 and 4 - 2; the others are missing
    expected = [level, np.log(spread), change]
    np.testing.assert_allclose(told.inputs[0, :, 1:], np.tile(expected, (8, 1)), rtol=1e-5)


@pytest.mark.parametrize(
    ("windows", "options", "error", "said"),
    [
        (
            some_windows([0]),
            {"window_scaling": "range"},
            ArgumentError,
            "window_scaling: found 'range'",
        ),
        (some_windows([0]), {"ahead": True, "shift_known": True}, ArgumentError, "shift_known"),
        (some_windows([]), {}, DataError, r"no series holds one of 4 \+ 3 steps"),
        (
            replace(some_windows([]), crossing=8),
            {},
            DataError,
            r"all 8 of 4 \+ 3 steps cross a gap",
        ),
    ],
)
def test_what_cannot_be_read(windows, options, error, said):
    with pytest.raises(error, match=said):
        WindowReader(prepared(30, 0), windows, **(MODES[0] | options))
