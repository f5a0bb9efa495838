"""Small sets of series as people have them: made, and taken from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from elman.data import as_panel, load_series
from elman.data.series.panel import Panel
from elman.errors import DataError

__all__ = ["PracticeSet", "practice_sets"]

HOLIDAYS = ("12-25", "01-01", "05-01")


@dataclass(frozen=True)
class PracticeSet:
    """Series, and how far ahead they are forecast."""

    name: str
    panel: Panel
    horizon: int


def practice_sets() -> list[PracticeSet]:
    """All of them; those whose files are not here are left out."""
    draws = np.random.default_rng(0)
    made = [
        ("daily counts", _daily_counts(draws), 14),
        ("monthly, trend and season", _monthly(draws), 12),
        ("monthly with holes", _holes(draws), 12),
        ("quarterly", _quarterly(draws), 4),
        ("weekly", _weekly(draws), 13),
        ("random walk", _dated("D", 100 + draws.normal(size=500).cumsum()), 7),
        ("hourly load, local time", _load(draws), 24),
        ("business days", _business(draws), 10),
        ("short panel", _short_panel(draws), 6),
        ("intermittent panel", _intermittent(draws), 14),
        ("panel that moves together", _together(draws), 14),
    ]
    found = [PracticeSet(name, as_panel(frame, **_roles(frame)), h) for name, frame, h in made]
    for name, horizon in (("airline", 12), ("sunspots", 24), ("temperatures", 14)):
        try:
            found.append(PracticeSet(name, load_series(name), horizon))
        except DataError:
            continue
    return found


def _roles(frame: pd.DataFrame) -> dict[str, str]:
    roles = {"target": "y", "time": "time"}
    return roles | ({"series": "item"} if "item" in frame else {})


def _dated(frequency: str, values: np.ndarray, begin: str = "2019-01-01") -> pd.DataFrame:
    times = pd.date_range(begin, periods=len(values), freq=frequency)
    return pd.DataFrame({"time": times, "y": values})


def _wave(t: np.ndarray, period: float) -> np.ndarray:
    return np.sin(2 * np.pi * t / period)


def _daily_counts(draws: np.random.Generator) -> pd.DataFrame:
    t = np.arange(365)
    rate = np.exp(2.5 + 0.35 * _wave(t, 7) + 0.3 * _wave(t, 365))
    return _dated("D", draws.poisson(rate).astype(float))


def _monthly(draws: np.random.Generator) -> pd.DataFrame:
    t = np.arange(720)
    level = (100 + 0.6 * t) * (1 + 0.2 * _wave(t, 12) + 0.1 * _wave(t, 6))
    noise = 0.02 * draws.normal(size=720) + 0.003 * draws.normal(size=720).cumsum()
    return _dated("ME", level * np.exp(noise), "1960-01-01")


def _holes(draws: np.random.Generator) -> pd.DataFrame:
    t = np.arange(180)
    frame = _dated("ME", 100 + t / 2 + 15 * _wave(t, 12) + 3 * draws.normal(size=180))
    kept = draws.random(180) > 0.06
    kept[-1] = True
    return frame[kept].reset_index(drop=True)


def _quarterly(draws: np.random.Generator) -> pd.DataFrame:
    t = np.arange(44)
    return _dated("QE", 200 + 3 * t + 20 * _wave(t, 4) + 4 * draws.normal(size=44))


def _weekly(draws: np.random.Generator) -> pd.DataFrame:
    t = np.arange(260)
    wander = 0.6 * draws.normal(size=260).cumsum()
    return _dated("W", 50 + 10 * _wave(t, 52.18) + wander + 2 * draws.normal(size=260))


def _load(draws: np.random.Generator) -> pd.DataFrame:
    local = pd.date_range("2023-09-01", periods=24 * 240, freq="h", tz="UTC")
    local = local.tz_convert("Europe/Berlin")
    slow = np.convolve(draws.normal(size=len(local)), np.ones(48) / 12, "same")
    used = 50 + 15 * _wave(local.hour - 8, 24) + 8 * (local.day_of_week < 5)
    return pd.DataFrame({"time": local, "y": used + slow + 3 * draws.normal(size=len(local))})


def _business(draws: np.random.Generator) -> pd.DataFrame:
    days = pd.bdate_range("2019-01-01", "2023-12-29")
    days = days[~days.strftime("%m-%d").isin(HOLIDAYS)]
    count = len(days)
    calls = 100 + 10 * (days.day_of_week == 0) + 0.5 * draws.normal(size=count).cumsum()
    return pd.DataFrame({"time": days, "y": calls + 2 * draws.normal(size=count)})


def _panel(frames: list[pd.DataFrame]) -> pd.DataFrame:
    named = [frame.assign(item=f"s{n}") for n, frame in enumerate(frames)]
    return pd.concat(named, ignore_index=True)


def _short_panel(draws: np.random.Generator) -> pd.DataFrame:
    frames = []
    for length in draws.integers(24, 48, size=100):
        t, level = np.arange(length), draws.lognormal(3, 1)
        slope, noise = 0.01 * draws.normal(), 0.08 * draws.normal(size=length)
        wander = 0.05 * draws.normal(size=length).cumsum()
        frames.append(_dated("ME", level * (1 + 0.2 * _wave(t, 12) + slope * t + noise + wander)))
    return _panel(frames)


def _intermittent(draws: np.random.Generator) -> pd.DataFrame:
    shares = draws.uniform(0.05, 0.35, size=40)
    sold = [(draws.random(300) < share) * draws.poisson(3, size=300) for share in shares]
    return _panel([_dated("D", each.astype(float)) for each in sold])


def _together(draws: np.random.Generator) -> pd.DataFrame:
    t, common = np.arange(400), 1.5 * draws.normal(size=400).cumsum()
    own = [0.5 * draws.normal(size=400).cumsum() + draws.normal(size=400) for _ in range(30)]
    return _panel([_dated("D", 50 + common + each + 4 * _wave(t, 7)) for each in own])
