"""`elman forecast`: how series go on, with the base install alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import elman
from elman import plots
from elman.cli.console import note, print_rows
from elman.cli.exits import verb
from elman.cli.forecast_pictures import history_of
from elman.cli.level import kernels
from elman.cli.options import JsonOption, ModelPath, model_file
from elman.cli.series import (
    AheadOption,
    RepairOption,
    SeriesDataOption,
    SeriesPartOption,
    TimezoneOption,
    naming,
    read_for,
)
from elman.errors import ArgumentError
from elman.runtime import Forecast, ForecasterModel
from elman.runtime.forecasting import level_name

__all__ = ["forecast", "load_forecaster", "print_forecast", "table_rows"]


@verb
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
    levels: Annotated[
        str | None, typer.Option(help="Quantiles to give, as 0.1,0.9, or none; default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of --paths.")] = 0,
    part: SeriesPartOption = None,
    repair: RepairOption = None,
    timezone: TimezoneOption = None,
    json: JsonOption = False,
) -> None:
    """Print how each series goes on from its end. Needs no torch.

    Example: `elman forecast runs/sales --data sales.csv --out forecast.csv --plot`
    """
    answering = load_forecaster(model)
    if plot is not None:
        plots.file_kind(plot)  # before anything takes minutes
    panel = read_for(answering, data, part, ahead=ahead, repair=repair, timezone=timezone)
    with naming(data):
        found = answering.predict(panel)
    if plot is not None:
        plots.save(plots.forecast(found, history_of(panel)), plot)
        note(f"The picture is in {plot}")
    if paths is None:
        print_forecast(found, levels, out, json)
        return
    if levels is not None:
        raise ArgumentError("--levels", "given with --paths", "one of the two")
    sampled = answering.sample(panel, paths=paths, seed=seed)
    rows = table_rows(_path_columns(found, sampled))
    print_rows(rows, out, json, f"{paths} paths of each of {len(found)} series by {kernels()}")


def load_forecaster(path: Path) -> ForecasterModel:
    """The forecaster at `path`, a model file or a run's folder.

    Raises:
        ArgumentError: The model there does something else.
    """
    model = elman.load(model_file(path))
    if not isinstance(model, ForecasterModel):
        raise ArgumentError(
            str(path), f"its task is {model.bundle.task!r}", "give a forecaster's model"
        )
    return model


def print_forecast(found: Forecast, levels: str | None, out: Path | None, json: bool) -> None:
    """A forecast as a table, one row a series and step; what is to be known of it, said.

    Args:
        found: The forecast.
        levels: The quantiles that are given, as "0.1,0.9"; "none"; or None for all.
        out: See `print_rows`.
        json: Likewise.

    Raises:
        ArgumentError: The forecast has no such quantile.
    """
    columns = found.to_columns()
    if levels is not None:
        kept = _chosen(levels, found.levels)
        ends = tuple(level_name(level) for level in found.levels if level not in kept)
        columns = {k: v for k, v in columns.items() if not (ends and k.endswith(ends))}
    for sentence in found.notes:
        note(f"Note: {sentence}")
    print_rows(table_rows(columns), out, json, f"Forecasts of {len(found):,} series by {kernels()}")


def table_rows(columns: Mapping[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """The rows of a table of columns, for `print_rows`: times as text, NaN as None."""
    plain: list[list[Any]] = []
    for column in columns.values():
        if column.dtype.kind == "M":
            column = np.datetime_as_string(column, unit="auto")
        plain.append([None if value != value else value for value in column.tolist()])
    for row in zip(*plain, strict=True):
        yield dict(zip(columns, row, strict=True))


def _path_columns(found: Forecast, sampled: np.ndarray) -> dict[str, np.ndarray]:
    """Sampled paths `[N, S, H, K]` as a table: one row a series, path and step."""
    series, paths, horizon, _ = sampled.shape
    columns = {
        "series": np.repeat(np.array(found.names, dtype=object), paths * horizon),
        "path": np.tile(np.repeat(np.arange(paths), horizon), series),
        "time": np.repeat(found.times, paths, axis=0).reshape(-1),
    }
    names = found.targets if len(found.targets) > 1 else ("forecast",)
    return columns | {name: sampled[..., k].reshape(-1) for k, name in enumerate(names)}


def _chosen(text: str, known: tuple[float, ...]) -> list[float]:
    if text == "none":
        return []
    names = {f"{level:g}": level for level in known}
    wrong = [name for name in text.split(",") if name not in names]
    if wrong:
        expected = ", ".join(names) or "none: it was trained without a validation part"
        raise ArgumentError("--levels", f"found {wrong[0]!r}", f"the model's are {expected}")
    return [names[name] for name in text.split(",")]
