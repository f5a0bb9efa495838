"""Forecasts of small sets with defaults alone, beside the seasonal naive, AutoETS and others.

    python -m benchmarks.practice                       # Elman, three seeds; AutoETS if installed
    python -m benchmarks.practice --who lstm gru        # NeuralForecast's, where it is installed
    python -m benchmarks.practice --only weekly --seeds 0

All forecast the same windows: up to five from the last tenth of each series. What each says is
kept beside what others said: benchmarks/results/practice.json. Lower is better: MASE, and the mean
rank over the sets.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.environment import environment
from benchmarks.practice_sets import PracticeSet, practice_sets
from benchmarks.ranks import mean_ranks
from benchmarks.results import RESULTS, keep, load
from elman.data.series.panel import Panel

NAME = "practice"
ORIGINS, SHARE, SEEDS = 5, 0.1, (0, 1, 2)
OTHERS = ("autoets", "lstm", "gru")
PEERS = ("statsforecast", "neuralforecast")
WORST = 1.1  # times the better of seasonal naive and AutoETS

Forecasts = dict[int, np.ndarray]
"""For each origin, counted in steps from the end, `[N, H]`."""


def origins_of(one: PracticeSet) -> list[int]:
    """How many steps before the end of each series the forecasts begin, the earliest first."""
    held = max(one.horizon, round(SHARE * int(one.panel.history.min())))
    return sorted({int(k) for k in np.linspace(one.horizon, held, ORIGINS)}, reverse=True)


def elman_says(one: PracticeSet, seed: int) -> tuple[Forecasts, float]:
    """Elman's forecasts with defaults, and what its 80 % intervals cover."""
    from elman import Forecaster

    before = origins_of(one)
    panel = one.panel
    train = panel.cut(panel.history - before[0])
    model = Forecaster(seed=seed, threads=1).fit(train, horizon=one.horizon).model_
    found, inside = {}, []
    for back in before:
        said = model.predict(panel.cut(panel.history - back))
        found[back] = said.mean[..., 0]
        low, high = said.interval(0.8)
        actual = actual_of(panel, back, one.horizon)
        known = ~np.isnan(actual)
        inside.append(((low[..., 0] <= actual) & (actual <= high[..., 0]))[known])
    return found, float(np.concatenate(inside).mean())


def seasonal_naive_says(one: PracticeSet) -> Forecasts:
    from elman.metrics.forecasts import NAIVE

    season = one.panel.frequency.season
    return by_series(one, lambda past, _: NAIVE["seasonal naive"](past, one.horizon, season))


def autoets_says(one: PracticeSet) -> Forecasts:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=one.panel.frequency.season)

    def said(past: np.ndarray, _: int) -> np.ndarray:
        whole = pd.Series(past).interpolate(limit_direction="both").to_numpy()
        return model.forecast(y=whole[-1000:], h=one.horizon)["mean"]

    return by_series(one, said)


def neural_says(one: PracticeSet, kind: str) -> Forecasts:
    """NeuralForecast's LSTM or GRU with its defaults, trained once before the earliest origin."""
    from neuralforecast import NeuralForecast, models

    before, panel = origins_of(one), one.panel
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    model = getattr(models, kind.upper())(
        h=one.horizon, input_size=3 * one.horizon, accelerator="cpu", **quiet
    )
    fitted = NeuralForecast(models=[model], freq=1)
    fitted.fit(_frame(panel, before[0]), val_size=0)
    found = {}
    for back in before:
        said = fitted.predict(df=_frame(panel, back))
        found[back] = said[kind.upper()].to_numpy().reshape(len(panel), one.horizon)
    return found


def by_series(one: PracticeSet, said: Callable[[np.ndarray, int], np.ndarray]) -> Forecasts:
    """What is said of each series' past alone, missing steps as NaN."""
    whole = one.panel.filled()
    pasts = [whole.target[whole.rows(n), 0].astype(np.float64) for n in range(len(whole))]
    gaps = [
        np.searchsorted(whole.steps[whole.rows(n)], _ends(one.panel, n)) for n in range(len(whole))
    ]
    return {
        back: np.stack([said(past[: ends[-back - 1] + 1], n) for n, (past, ends) in
                        enumerate(zip(pasts, gaps, strict=True))])
        for back in origins_of(one)
    }  # fmt: skip


def _ends(panel: Panel, n: int) -> np.ndarray:
    return panel.steps[panel.rows(n)]


def _frame(panel: Panel, back: int) -> pd.DataFrame:
    """The series up to some steps before their ends, as NeuralForecast reads them.

    It answers in the order of their names, which are numbers here: as they stand.
    """
    parts = []
    whole = panel.cut(panel.history - back).filled()
    for n in range(len(whole)):
        values = pd.Series(whole.target[whole.rows(n), 0]).interpolate(limit_direction="both")
        parts.append(pd.DataFrame({"unique_id": n, "ds": np.arange(len(values)), "y": values}))
    return pd.concat(parts, ignore_index=True)


def actual_of(panel: Panel, back: int, horizon: int) -> np.ndarray:
    """What came in the steps after an origin, `[N, H]`; NaN where nothing was observed."""
    found = np.full((len(panel), horizon), np.nan)
    for n in range(len(panel)):
        rows, steps = panel.rows(n), panel.steps[panel.rows(n)]
        ahead = steps - steps[-back - 1] - 1
        inside = (ahead >= 0) & (ahead < horizon)
        found[n, ahead[inside]] = panel.target[rows, 0][inside]
    return found


def mase(one: PracticeSet, found: Forecasts) -> float:
    """Against the seasonal naive error before the earliest origin; of the last value if shorter."""
    panel, first, scales = one.panel, origins_of(one)[0], []
    for n in range(len(panel)):
        past = panel.target[panel.rows(n), 0][:-first]
        season = panel.frequency.season
        season = season if len(past) > season + 1 else 1
        scales.append(np.nanmean(np.abs(past[season:] - past[:-season])) or np.nan)
    errors = [
        np.nanmean(np.abs(said - actual_of(panel, back, one.horizon)), axis=1) / scales
        for back, said in found.items()
    ]
    return float(np.nanmean(errors))


def measured(one: PracticeSet, who: str, seeds: tuple[int, ...]) -> dict[str, Any]:
    if who == "elman":
        told = [elman_says(one, seed) for seed in seeds]
        scores = [mase(one, found) for found, _ in told]
        return {"mase": float(np.mean(scores)), "seeds": scores, "covers": [c for _, c in told]}
    if who == "seasonal naive":
        return {"mase": mase(one, seasonal_naive_says(one))}
    if who == "autoets":
        return {"mase": mase(one, autoets_says(one))}
    return {"mase": mase(one, neural_says(one, who))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="names of sets")
    parser.add_argument("--who", nargs="+", choices=("elman", "seasonal naive", *OTHERS))
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    report = load(RESULTS, NAME) or {"sets": {}}
    for one in practice_sets():
        if told.only and one.name not in told.only:
            continue
        kept = report["sets"].setdefault(one.name, {})
        for who in told.who or ("seasonal naive", "elman", "autoets"):
            try:
                kept[who] = measured(one, who, tuple(told.seeds))
            except ImportError as error:
                print(f"{who} left out: {error}")
                continue
            line = f"{one.name:28} {who:15} MASE {kept[who]['mase']:.3f}"
            print(line, *(f"covers {c:.2f}" for c in kept[who].get("covers", ())), flush=True)
        peers = [name for name in PEERS if find_spec(name)]
        report["environment"] = report.get("environment", {}) | environment(peers)
        keep(RESULTS, NAME, report)
    report["mean rank"] = mean_ranks(report["sets"])
    keep(RESULTS, NAME, report)
    print(report["mean rank"])
    for name, found in report["sets"].items():
        better = [found[who]["mase"] for who in ("seasonal naive", "autoets") if who in found]
        if "elman" in found and found["elman"]["mase"] > WORST * min(better):
            print(f"{name}: {found['elman']['mase'] / min(better):.2f} times the better of these")


if __name__ == "__main__":
    main()
