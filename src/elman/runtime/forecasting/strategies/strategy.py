"""What a strategy is asked: all in which one way to reach the horizon differs from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from elman.blueprint import Blueprint, CellConfig
from elman.data.series.windows import Normalisation, Windows
from elman.errors import ArgumentError, DataError
from elman.runtime.forecasting.companions import Own
from elman.runtime.forecasting.forecasting import Back, Forecasting, Said
from elman.runtime.forecasting.plan import ForecastPlan

__all__ = ["Asked", "Parts", "Reach", "Shape", "Spans", "Strategy"]


@dataclass(frozen=True)
class Asked:
    """What the steps of a plan are chosen from.

    Attributes:
        window: L as told; None: not told.
        segment: Of a segment, likewise.
        season: Steps as told, each season's where there are several; None: not told.
        usual_season: What is usual at the series' frequency.
        horizon: H.
        room: Steps of the shortest series without those that are held out.
        shortest: Steps of the shortest series.
    """

    window: int | None
    segment: int | None
    season: int | tuple[int, ...] | None
    usual_season: int
    horizon: int
    room: int
    shortest: int

    def one_season(self) -> int:
        """The season, of a strategy that knows one.

        Raises:
            ArgumentError: Several were told.
        """
        if isinstance(self.season, tuple):
            raise ArgumentError("season", f"found {self.season!r}", "a whole number of at least 1")
        return self.usual_season if self.season is None else self.season

    def window_of(self, longest: int, segment: int = 1) -> int:
        """L as told; or so many steps, as far as the series leave room, in whole segments.

        Raises:
            DataError: There is no room for a segment.
        """
        if self.window is not None:
            return self.window
        wanted = min(longest, max((self.room - self.horizon) // 2, 1))
        if wanted < segment:
            raise DataError(
                "window",
                f"the shortest series has {self.shortest} steps",
                f"a window, horizon and validation part of {self.horizon} steps each: tell "
                "window=, or short='drop' or 'pad'",
            )
        return wanted // segment * segment


class Spans(NamedTuple):
    """The steps of a plan; see `ForecastPlan`."""

    input_steps: int
    season: int
    seasons: tuple[int, ...] = ()
    segment: int = 1


@dataclass(frozen=True)
class Parts:
    """What a network is made of.

    Attributes:
        cells: The layers, from the input up.
        features: D of a step.
        static: How many of these, the last ones, are the same at all steps.
        parameters: P, of the head.
        dropout: Rate before the last layer.
        recall: Whether segments that were read are mixed into the answer.
        dilated: Whether the cells' dilations were told.
    """

    cells: tuple[CellConfig, ...]
    features: int
    static: int
    parameters: int
    dropout: float = 0.0
    recall: bool = True
    dilated: bool = False


class Shape(NamedTuple):
    """What a network must be, to suit a plan: its configuration, inputs and outputs a step."""

    configuration: str
    inputs: int
    outputs: int


class Reach(Protocol):
    """How a network at work gets from a window to its horizon."""

    def draws(self, plan: ForecastPlan) -> bool:
        """Whether `ways` needs no errors that were made before."""
        ...

    def said(self, work: Forecasting, windows: Windows, targets: bool = False) -> Said:
        """What the network says at each window's end; with what came, if that is asked for."""
        ...

    def ways(
        self, work: Forecasting, windows: Windows, count: int, seed: int
    ) -> tuple[Float[np.ndarray, "W H K S"], Back]:
        """Normalised paths, and what brings them back; see `Forecasting.paths`."""
        ...


@dataclass(frozen=True)
class Strategy:
    """How a forecaster reaches its horizon.

    Attributes:
        spans: The steps of its plan; `ArgumentError` or `DataError` where they do not suit.
        shape: Of its network: by the plan, D features of a step and P numbers of the head.
        blueprint: Its network; `ArgumentError` or `BlueprintError` where a value does not suit.
        reach: From windows to answers.
        refuses: Options that it does not have, and what to do instead.
        window_scaling: Of windows, unless it is told; not of counts.
        reads_ahead: Whether its network reads the steps of the horizon, too: what is known of
            them.
        shift_known: Whether a step is read with what is known of the next one, whose value the
            network learns at each step.
        seasonal: Whether it follows seasons of its own, `ForecastPlan.seasons`.
        whole_series: Whether it reads a series from its first step on, whatever the window.
        counts: Whether what it forecasts may be counts.
        own: What else travels with its network.
        treated: What is done with series that it was not trained on.
    """

    spans: Callable[[Asked], Spans]
    shape: Callable[[ForecastPlan, int, int], Shape]
    blueprint: Callable[[ForecastPlan, Parts], Blueprint]
    reach: Reach
    refuses: Mapping[str, str] = field(default_factory=dict)
    window_scaling: Normalisation = "last"
    reads_ahead: bool = False
    shift_known: bool = False
    seasonal: bool = False
    whole_series: bool = False
    counts: bool = True
    own: type[Own] | None = None
    treated: str = "scaled by their own history"
