"""Which pictures there are of a forecaster, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elman import plots
from elman.cli.console import note
from elman.cli.works.conclusion import save_figures
from elman.cli.works.series_data import SplitSeries
from elman.data.series.panel import Panel
from elman.errors import DataError
from elman.runtime import Backtest, ForecasterModel

__all__ = ["OF_BACKTESTS", "draw_backtest", "draw_forecast", "history_of", "save_forecasts"]

OF_BACKTESTS = ("honesty", "horizon", "backtest")
"""The pictures that need forecasts beside what came."""


def history_of(panel: Panel) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times and values of each series, as the pictures take them."""
    rows = {name: panel.rows(n) for n, name in enumerate(panel.names)}
    return {name: (panel.times[part], panel.target[part]) for name, part in rows.items()}


def draw_forecast(model: ForecasterModel, series: SplitSeries, held: int) -> Any:
    """The forecast from `held` steps before the end of each series, beside what came."""
    past = series.before(held)
    return plots.forecast(model.predict(past), history_of(past), history_of(series.whole))


def draw_backtest(kind: str, tested: Backtest, panel: Panel) -> Any:
    """The picture `kind`, one of `OF_BACKTESTS`."""
    if kind == "backtest":
        return plots.backtest(tested, history_of(panel))
    return plots.honesty(tested.report) if kind == "honesty" else plots.horizon(tested.report)


def save_forecasts(
    folder: Path,
    model: ForecasterModel,
    series: SplitSeries,
    tested: Backtest | None,
    history: Sequence[Mapping[str, Any]],
) -> list[Path]:
    """Draw every picture that there is into a folder; returns their paths, the forecast first."""
    figures = {}
    if series.held or not model.plan.columns.future:
        try:
            figures["forecast"] = draw_forecast(model, series, series.held)
        except DataError as error:  # a gap just there: what was trained and tested stands
            note(f"No picture of a forecast: {error}")
    else:
        note("No picture of a forecast: it needs what is known ahead: elman forecast --ahead")
    if tested is not None:
        figures |= {kind: draw_backtest(kind, tested, series.whole) for kind in OF_BACKTESTS}
    figures["curves"] = plots.learning_curves(history, score_name=model.score_name)
    return save_figures(figures, folder)
