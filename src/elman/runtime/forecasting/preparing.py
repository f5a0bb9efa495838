"""A panel as a network reads it: scaled, what is missing zero, covariates beside the targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elman.data.series.panel import Panel
from elman.data.series.windows import Prepared
from elman.data.tables.timestamps import local_times
from elman.transforms.calendar import CalendarName, calendar_features
from elman.transforms.series_scaler import SeriesScaler

__all__ = ["fit_covariates", "prepare"]

_ROWS = 2**16  # at a time, so that nothing but the result is large


def fit_covariates(panel: Panel) -> SeriesScaler:
    """The scale of each covariate: one for all series, so that it tells them apart.

    Mean and standard deviation over the history; a covariate that is only ever 0 or 1 stays so.

    Returns:
        A scaler of one series, whose columns are the past covariates, those known ahead, and the
        static ones.
    """
    if (panel.history < panel.lengths).any():
        panel = panel.cut(panel.history)
    centres, spreads = [], []
    for block in (panel.past, panel.future, panel.static):
        scaler = SeriesScaler.fit(block, np.array([0, len(block)]), "standard")
        binary = np.array([_is_binary(column) for column in block.T], dtype=bool)
        centres.append(np.where(binary, 0.0, scaler.centre))
        spreads.append(np.where(binary, 1.0, scaler.spread))
    return SeriesScaler("standard", np.hstack(centres), np.hstack(spreads))


def _is_binary(column: np.ndarray) -> bool:
    return bool(((column == 0) | (column == 1) | np.isnan(column)).all())


def prepare(
    panel: Panel,
    scaler: SeriesScaler,
    covariate_scaler: SeriesScaler,
    *,
    flags: bool,
    calendar: Sequence[CalendarName],
    zone: str | None = None,
) -> Prepared:
    """All rows of a panel, scaled; what is missing is 0 among the features.

    Args:
        panel: N series of K targets.
        scaler: Of the targets: of N series and K columns.
        covariate_scaler: As `fit_covariates` gave it.
        flags: Whether the features say which targets and past covariates were observed.
        calendar: Features of the times, known ahead, after the panel's own.
        zone: In which these are told of UTC times; None: as the times stand.

    Raises:
        ArgumentError: A calendar is asked of times that are plain numbers; or a name is unknown.
        ShapeError: A scaler is of other columns.
    """
    series = np.repeat(np.arange(len(panel), dtype=np.int32), panel.lengths)
    rows, targets = panel.target.shape
    past, future = panel.past.shape[1], panel.future.shape[1]
    unknown, known = (targets + past) * (1 + flags), future + 2 * len(calendar)
    values = np.empty((rows, unknown + known + panel.static.shape[1]), dtype=np.float32)
    scaled = np.empty((rows, targets), dtype=np.float32)
    for start in range(0, rows, _ROWS):
        part = slice(start, start + _ROWS)
        owner = series[part]
        scaled[part] = scaler.transform(panel.target[part], owner)
        covariates = np.hstack([panel.past[part], panel.future[part], panel.static[owner]])
        covariates = covariate_scaler.transform(covariates, np.zeros_like(owner))
        before, ahead, static = np.split(covariates, [past, past + future], axis=1)
        features = [
            *_with_flags(scaled[part], flags),
            *_with_flags(before, flags),
            ahead,
            calendar_features(local_times(panel.times[part], zone), calendar),
            static,
        ]
        block = np.concatenate(features, axis=1, out=values[part])
        block[np.isnan(block)] = 0
    return Prepared(values, scaled, series, unknown, known)


def _with_flags(values: np.ndarray, flags: bool) -> list[np.ndarray]:
    """The values, and if asked for 1 where they were observed."""
    return [values, (~np.isnan(values)).astype(np.float32)] if flags else [values]
