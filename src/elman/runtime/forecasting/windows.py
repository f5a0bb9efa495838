"""From a window to its horizon: what most strategies answer by, in one pass over all windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.windows import WindowBatch, Windows
from elman.runtime.forecasting.forecasting import Back, Forecasting, Said
from elman.runtime.forecasting.paths import draws_of, ways_on, with_errors
from elman.runtime.forecasting.plan import ForecastPlan

__all__ = ["WindowReach", "all_at_once"]

_DRAWN = 200  # paths from which quantiles are read, where a network has to be fed with draws

Parameters = Callable[[Forecasting, WindowBatch, np.ndarray], np.ndarray]
Drawn = Callable[[Forecasting, WindowBatch, np.ndarray, int, np.random.Generator], np.ndarray]


def all_at_once(
    work: Forecasting, batch: WindowBatch, starts: Int[np.ndarray, "B"]
) -> Float[np.ndarray, "B H K P"]:
    """Raw outputs of a network that answers once for all steps."""
    plan, head = work.companions.plan, work.companions.head
    lengths = np.full(len(batch.inputs), batch.inputs.shape[1], np.int64)
    raw = work.run(batch.inputs, lengths)
    return raw.reshape(len(raw), -1, plan.targets, head.parameters)[:, : plan.horizon]


@dataclass(frozen=True)
class WindowReach:
    """How windows become forecasts; see `Reach`.

    Attributes:
        parameters: Raw outputs `[B, H, K, P]` of windows that begin at these rows.
        drawn: Normalised paths `[H, K, S]` of one window that begins at this row, S of them, by
            these draws: where a step's distribution has to be drawn from to get at the next
            one's. None: steps are told without each other.
    """

    parameters: Parameters = all_at_once
    drawn: Drawn | None = None

    def draws(self, plan: ForecastPlan) -> bool:
        """Whether paths are drawn from the network itself."""
        return self.drawn is not None and plan.output not in ("point", "quantiles")

    def said(self, work: Forecasting, windows: Windows, targets: bool = False) -> Said:
        """In batches that bound the memory."""
        head, plan, share = work.companions.head, work.companions.plan, work.companions.share
        reader = work.reader(windows)
        wanted = work.reader(windows, plain=True) if targets else None
        means, quantiles, levels, spreads, sizes, came = [], [], [], [], [], []
        for rows in work.rows(reader):
            batch, starts = reader.batch(rows), windows.starts[rows]
            scale, base = batch.spread[:, None], work.base(batch)
            params = self.parameters(work, batch, starts)
            means.append(share * head.point(params, scale) + base)
            if self.draws(plan):
                quantiles.append(self._drawn_quantiles(work, batch, starts))
            else:
                found = head.quantile(params, plan.levels, scale)
                quantiles.append(share * found + base[..., None])
            levels.append(batch.level)
            spreads.append(batch.spread)
            sizes.append(work.sizes(starts, batch.spread))
            if wanted is not None:
                came.append(wanted.batch(rows).targets)
        back = work.back(windows.series, np.concatenate(levels), np.concatenate(spreads))
        told = np.concatenate(came) if targets else None
        read = None if sizes[0] is None else np.concatenate(sizes)
        return Said(np.concatenate(means), np.concatenate(quantiles), back, told, read)

    def ways(
        self, work: Forecasting, windows: Windows, count: int, seed: int
    ) -> tuple[Float[np.ndarray, "W H K S"], Back]:
        """Window by window: a path does not depend on which others there are."""
        reader, ways, levels, spreads = work.reader(windows), [], [], []
        for row, start in enumerate(windows.starts):
            batch = reader.batch(np.array([row]))
            ways.append(self._ways(work, batch, start[None], count, seed))
            levels.append(batch.level)
            spreads.append(batch.spread)
        back = work.back(windows.series, np.concatenate(levels), np.concatenate(spreads))
        return np.stack(ways), back

    def _ways(
        self,
        work: Forecasting,
        batch: WindowBatch,
        start: Int[np.ndarray, "1"],
        count: int,
        seed: int,
    ) -> Float[np.ndarray, "H K S"]:
        """Paths of one window."""
        series = int(work.prepared.series[start[0]])
        draws = draws_of(work.panel, series, int(start[0]), seed)
        if self.drawn is not None and self.draws(work.companions.plan):
            return self.drawn(work, batch, start, count, draws)
        params = self.parameters(work, batch, start)[0]
        base, sizes = work.base(batch)[0], work.sizes(start, batch.spread)
        size = None if sizes is None else sizes[0]
        if work.companions.share < 1:
            mean = work.companions.share * work.companions.head.point(params, batch.spread) + base
            assert work.companions.calibration is not None  # it chose the share
            return with_errors(mean, work.companions.calibration.paths_of(size), count, draws)
        ways = ways_on(work.companions, params, batch.spread, count, draws, size)
        return ways + base[..., None]

    def _drawn_quantiles(
        self, work: Forecasting, batch: WindowBatch, starts: Int[np.ndarray, "B"]
    ) -> Float[np.ndarray, "B H K Q"]:
        found, levels = [], work.companions.plan.levels
        for k, start in enumerate(starts):
            one = WindowBatch(*(getattr(batch, field.name)[k : k + 1] for field in fields(batch)))
            ways = self._ways(work, one, start[None], _DRAWN, 0)
            found.append(np.moveaxis(np.quantile(ways, levels, axis=-1), 0, -1))
        return np.stack(found)
