"""Forecasts as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from elman.cli.console import note
from elman.data.tables.timestamps import as_texts
from elman.errors import ArgumentError
from elman.runtime import Forecast
from elman.runtime.forecasting import level_name

__all__ = ["forecast_columns", "note_skipped", "path_columns", "table_rows"]


def forecast_columns(found: Forecast, levels: str | None) -> dict[str, np.ndarray]:
    """A forecast's columns, one row a series and step.

    Args:
        found: The forecast.
        levels: The quantiles that are given, as "0.1,0.9"; "none"; or None for all.

    Raises:
        ArgumentError: The forecast has no such quantile.
    """
    columns = found.to_columns()
    if levels is None:
        return columns
    kept = _chosen(levels, found.levels)
    ends = tuple(level_name(level) for level in found.levels if level not in kept)
    return {k: v for k, v in columns.items() if not (ends and k.endswith(ends))}


def path_columns(found: Forecast, sampled: np.ndarray) -> dict[str, np.ndarray]:
    """Sampled paths `[N, S, H, K]` as a table: one row a series, path and step."""
    series, paths, horizon, _ = sampled.shape
    names = found.targets if len(found.targets) > 1 else ("forecast",)
    of_series, of_time = found.written.names([*names, "path"])
    columns = {
        of_series: np.repeat(np.array(found.names, dtype=object), paths * horizon),
        "path": np.tile(np.repeat(np.arange(paths), horizon), series),
        of_time: found.written.times(np.repeat(found.times, paths, axis=0).reshape(-1)),
    }
    return columns | {name: sampled[..., k].reshape(-1) for k, name in enumerate(names)}


def note_skipped(names: Sequence[str]) -> None:
    """Say that series were skipped, and what that means for the exit code."""
    if names:
        note(
            f"{len(names)} series skipped. The others are forecast, so that the exit code is 0; "
            "--strict makes it an error."
        )


def table_rows(
    columns: Mapping[str, np.ndarray], date_format: str | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a table of columns, for `print_rows`: times as text, NaN as None.

    Args:
        columns: By name.
        date_format: How times are written; None: as ISO 8601 has them.
    """
    plain: list[list[Any]] = []
    for column in columns.values():
        if column.dtype.kind == "M":
            column = as_texts(column, date_format=date_format)
        plain.append([None if value != value else value for value in column.tolist()])
    for row in zip(*plain, strict=True):
        yield dict(zip(columns, row, strict=True))


def _chosen(text: str, known: tuple[float, ...]) -> list[float]:
    if text == "none":
        return []
    names = {f"{level:g}": level for level in known}
    wrong = [name for name in text.split(",") if name not in names]
    if wrong:
        expected = ", ".join(names) or "none: it was trained without a validation part"
        raise ArgumentError("--levels", f"found {wrong[0]!r}", f"the model's are {expected}")
    return [names[name] for name in text.split(",")]
