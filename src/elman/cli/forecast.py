"""`elman forecast`: how series or agents go on, with the base install alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman import plots
from elman.cli.console import note, print_rows
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.level import kernels
from elman.cli.options import WRITTEN, JsonOption, ModelPath, own_options, takes
from elman.cli.works import options_of_works, work_for
from elman.cli.works.series_answers import forecast_columns, note_skipped, path_columns, table_rows
from elman.cli.works.series_data import (
    AheadOption,
    RepairOption,
    SeriesDataOption,
    SeriesPartOption,
    StrictOption,
    TimezoneOption,
    date_format_of,
    naming,
    read_for,
)
from elman.cli.works.series_pictures import history_of
from elman.errors import ArgumentError
from elman.registry import task_of
from elman.run_files import model_file
from elman.runtime import ForecasterModel

__all__ = ["forecast", "load_forecaster"]


def forecast(
    model: ModelPath,
    data: SeriesDataOption,
    ahead: AheadOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file instead of stdout.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw it, too; without a value as forecast.png.")
    ] = None,
    paths: Annotated[
        int | None, typer.Option(help="Ways in which it may go on, so many, instead.")
    ] = None,
    theme: ThemeOption = None,
    levels: Annotated[
        str | None, typer.Option(help="Quantiles to give, as 0.1,0.9, or none; default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of --paths.")] = 0,
    horizon: Annotated[
        int | None,
        typer.Option(help="So many steps; beyond those trained from its own forecasts."),
    ] = None,
    strict: StrictOption = False,
    part: SeriesPartOption = None,
    repair: RepairOption = None,
    timezone: TimezoneOption = None,
    json: JsonOption = False,
    **given: Any,
) -> None:
    """Print how each series goes on from its end; of paths how each agent does. Needs no torch.

    Example: `elman forecast runs/sales --data sales.csv --out forecast.csv --plot`
    """
    if plot is not None:
        plots.file_kind(plot)  # before anything takes minutes
    plots.check_theme(theme)
    found_there = elman.load(model_file(model))
    work = work_for(found_there)
    if hasattr(work, "forecast"):
        told = {"ahead": ahead, "levels": levels, "repair": repair, "timezone": timezone}
        own = own_options(
            {**given, **told}, work.reading["forecast"], f"a forecaster of {work.title.lower()}"
        )
        with drawing(theme):
            found = work.forecast(found_there, data, part, plot, paths, seed, **own)
        for sentence in found.notes:
            note(f"Note: {sentence}")
        print_rows(found.rows, out, json, found.what)
        return
    answering = load_forecaster(model)
    written = own_options(given, WRITTEN, "a forecaster of series")
    panel = read_for(
        answering, data, part, ahead=ahead, repair=repair, timezone=timezone, **written
    )
    with naming(data):
        found = answering.predict(panel, horizon=horizon, strict=strict)
    if plot is not None:
        with drawing(theme):
            plots.save(plots.forecast(found, history_of(panel)), plot)
        note(f"The picture is in {plot}")
    if paths is None:
        for sentence in found.notes:
            note(f"Note: {sentence}")
        note_skipped(found.skipped)
        rows = table_rows(forecast_columns(found, levels), date_format_of(answering, written))
        print_rows(rows, out, json, f"Forecasts of {len(found):,} series by {kernels()}")
        return
    if horizon is not None:
        raise ArgumentError("--horizon", "given with --paths", "one of the two")
    if levels is not None:
        raise ArgumentError("--levels", "given with --paths", "one of the two")
    sampled = answering.sample(panel, paths=paths, seed=seed)
    rows = table_rows(path_columns(found, sampled), date_format_of(answering, written))
    print_rows(rows, out, json, f"{paths} paths of each of {len(found)} series by {kernels()}")


takes(forecast, (None, WRITTEN), *options_of_works("forecast"))


def load_forecaster(path: Path) -> ForecasterModel:
    """The forecaster at `path`, a model file or a run's folder.

    Raises:
        ArgumentError: The model there does something else.
    """
    model = elman.load(model_file(path))
    if getattr(model, "input", task_of(model.task).work) != "series":
        found = f"its task is {model.task!r}, and it reads no series"
        raise ArgumentError(str(path), found, "give a forecaster's model")
    return model
