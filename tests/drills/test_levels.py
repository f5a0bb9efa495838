"""How often the paired test tells two equal forecasts apart: as often as it says, or it says that
it cannot tell.

Of equally good forecasts one errs up where the other errs down, so that what series share decides
which of the two looks better.
"""

import os

import numpy as np
import pytest

from elman.metrics.forecasts.skill import SIGNIFICANT, paired_test

FEW, MANY = 150, 4000  # rounds
ALL = os.environ.get("ELMAN_DRILLS") == "all"
LEAN = 0.3  # of each forecast, by a step's deviation

# Series, origins of each, steps ahead, earlier times that are known.
ONE = {"one series": (1, 180, 6, 0), "one, few windows": (1, 110, 12, 0), "steps": (1, 40, 1, 0)}
SEVERAL = {
    "many series": (20, 180, 6, 0),
    "few windows": (20, 110, 12, 0),
    "one origin each": (100, 1, 12, 20),
    "fewer than a horizon": (20, 14, 14, 20),
    "a short past": (500, 1, 6, 10),
}
CASES = [
    *((name, sizes, 0.0, kind) for name, sizes in ONE.items() for kind in ("walk", "noise")),
    *(
        (name, sizes, share, kind)
        for name, sizes in SEVERAL.items()
        for share in (0.0, 0.05, 0.8)
        for kind in ("walk", "noise")
    ),
]


def differences(draw, sizes, share, kind):
    """Of the losses in each window, and errors in the past."""
    count, origins, horizon, times = sizes
    begin = (times + 1) * horizon
    steps = begin + origins + horizon
    shock = np.sqrt(share) * draw.standard_normal(steps)
    shock = shock + np.sqrt(1 - share) * draw.standard_normal((count, steps))
    values = shock.cumsum(axis=1) if kind == "walk" else shock
    last = values[:, begin - 1 : begin - 1 + origins] if kind == "walk" else 0
    found = np.zeros((count, origins))
    for h in range(1, horizon + 1):
        move = values[:, begin - 1 + h : begin - 1 + h + origins] - last
        lean = LEAN * (np.sqrt(h) if kind == "walk" else 1)
        found += np.abs(move - lean) - np.abs(move + lean)
    past = values[:, horizon:begin] - values[:, : begin - horizon]
    return found, past.reshape(count, times, horizon).mean(axis=2).T if times else None


def outcomes(sizes, share, kind, rounds):
    """Shares in which a difference is found, and in which it is said that it cannot be told."""
    draw, wrong, silent = np.random.default_rng(0), 0, 0
    for _ in range(rounds):
        found, past = differences(draw, sizes, share, kind)
        count, origins = found.shape
        p = paired_test(
            found.ravel(),
            series=np.repeat(np.arange(count), origins),
            origins=np.tile(np.arange(origins), count),
            horizon=sizes[2],
            past=past,
        ).p
        silent += p is None
        wrong += p is not None and p < SIGNIFICANT
    return wrong / rounds, silent / rounds


def bound(rounds):
    """Three deviations above 7 %."""
    return 0.07 + 3 * np.sqrt(0.07 * 0.93 / rounds)


@pytest.mark.parametrize(("name", "sizes", "share", "kind"), CASES)
def test_equal_forecasts_are_told_apart_as_rarely_as_promised(name, sizes, share, kind):
    wrong, silent = outcomes(sizes, share, kind, FEW)
    assert wrong <= bound(FEW)
    if not sizes[3]:  # blocks of time tell whatever series share
        assert not silent
        assert wrong > 0.005
    elif share == 0.8:
        assert silent > 0.95
    elif share == 0:
        assert silent < 0.1


@pytest.mark.drill
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("name", "sizes", "share", "kind"), CASES if ALL else CASES[::7])
def test_the_level_holds_closely(name, sizes, share, kind):
    wrong, silent = outcomes(sizes, share, kind, MANY)
    deviation = np.sqrt(0.05 * 0.95 / MANY)
    assert wrong < 0.07 + 3 * deviation
    if not sizes[3]:
        assert not silent
        assert wrong > 0.03 - 3 * deviation


def test_ones_that_move_together_and_are_known_of_little_time_are_not_told_apart():
    """Twenty walks of one horizon each: nothing is said of them."""
    found, _ = differences(np.random.default_rng(0), (20, 1, 14, 0), 0.8, "walk")
    groups = {"series": np.arange(20), "origins": np.zeros(20, int), "horizon": 14}
    tested = paired_test(found.ravel(), **groups)
    assert tested.p is None
    assert "whether the series move together" in tested.why
