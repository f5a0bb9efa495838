"""`elman backtest`: what a forecaster would have said at many times in the past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from elman import plots
from elman.cli.console import note, write_rows
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.exits import termination_interrupts
from elman.cli.forecast import load_forecaster
from elman.cli.level import kernels
from elman.cli.options import WRITTEN, JsonOption, ModelPath, takes
from elman.cli.works.series_answers import table_rows
from elman.cli.works.series_data import (
    RepairOption,
    SeriesDataOption,
    SeriesPartOption,
    TimezoneOption,
    date_format_of,
    naming,
    read_for,
)
from elman.cli.works.series_pictures import OF_BACKTESTS, draw_backtest
from elman.cli.works.series_report import report_backtest
from elman.data.series.panel import Panel
from elman.errors import ArgumentError
from elman.registry import task_of
from elman.run_files import model_file
from elman.runtime import Backtest

__all__ = ["backtest"]


def backtest(
    model: ModelPath,
    data: SeriesDataOption,
    origins: Annotated[
        int | None,
        typer.Option(help="Forecasts of each series, the latest; default: all, with --refit 10."),
    ] = None,
    stride: Annotated[int, typer.Option(help="Steps from one forecast to the next.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="The first forecast time, as 2024-05-01.")
    ] = None,
    refit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Train anew, on what came before: at every forecast, or each K-th."
        ),
    ] = None,
    warm_start: Annotated[
        bool, typer.Option("--warm-start", help="With --refit: go on from the training before.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the forecasts as a CSV file.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw it; without a value as backtest.png. Its report goes beside it."),
    ] = None,
    theme: ThemeOption = None,
    part: SeriesPartOption = None,
    repair: RepairOption = None,
    timezone: TimezoneOption = None,
    json: JsonOption = False,
    **written: Any,
) -> None:
    """Forecast from many times in the past, beside what came, and report on it honestly.

    Example: `elman backtest runs/sales --data sales.csv --start 2024-05-01 --plot`
    """
    if warm_start and refit is None:
        raise ArgumentError("--warm-start", "given without --refit", "both, or neither")
    if plot is not None:
        plots.file_kind(plot)  # before anything takes minutes
    plots.check_theme(theme)
    answering: Any = load_forecaster(model)
    panel = read_for(answering, data, part, repair=repair, timezone=timezone, **written)
    again: dict[str, Any] = {}
    if refit is not None:
        answering = task_of(answering.task).load_estimator().load(model_file(model))
        answering.set_params(verbose=True)
        again = {"refit": refit, "warm_start": warm_start}
    with termination_interrupts(), naming(data):
        tested = answering.backtest(panel, origins=origins, stride=stride, start=start, **again)
    if out is not None:
        write_rows(
            table_rows(tested.to_columns(), date_format_of(answering, written)),
            out,
            f"{len(tested):,} forecasts by {kernels()}",
        )
    if plot is not None:
        with drawing(theme):
            _draw(plot, tested, panel)
    report_backtest(tested, data, f"{len(tested):,} origins", json)


takes(backtest, (None, WRITTEN))


def _draw(path: Path, tested: Backtest, panel: Panel) -> None:
    """The forecasts at `path`; what they are worth beside it."""
    for kind in reversed(OF_BACKTESTS):
        place = path if kind == "backtest" else path.with_stem(f"{path.stem}-{kind}")
        plots.save(draw_backtest(kind, tested, panel), place)
        note(f"Picture: {place}")
