"""A network at work on series: what every strategy answers with, in the series' own units."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import numpy as np
from jaxtyping import Float

from elman.data.series.windows import Prepared, WindowReader, Windows
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.companions import Companions
from elman.runtime.network import Network

__all__ = ["Answers", "Forecasting"]


class Answers(NamedTuple):
    """What is said of some windows, in the targets' own units.

    Attributes:
        mean: float64 `[W, H, K]`, the forecast.
        quantiles: float64 `[W, H, K, Q]`, at `Companions.levels`.
    """

    mean: Float[np.ndarray, "W H K"]
    quantiles: Float[np.ndarray, "W H K Q"]


class Forecasting(Protocol):
    """A network at work on one panel, whose rows reach as far ahead as its windows will.

    Attributes:
        prepared: The panel as networks that read windows, and the linear map, have it.
        features: D, of a step of those.
        new: Names of series that it was not trained on.
        treated: What was done with those.
    """

    prepared: Prepared
    treated: str

    @property
    def features(self) -> int:
        """See the class."""
        ...

    @property
    def new(self) -> tuple[str, ...]:
        """See the class."""
        ...

    def carrying(self, companions: Companions) -> Self:
        """The same panel with what travels with a network; the scales are the same."""
        ...

    def by(self, network: Network, companions: Companions) -> Self:
        """The same panel, read by a network that was trained, and with what travels with it."""
        ...

    def answers(self, windows: Windows) -> Answers:
        """The forecast at each window's end."""
        ...

    def calibrated(self, windows: Windows) -> Calibration:
        """How far off the answers to held-out windows are."""
        ...

    def paths(self, windows: Windows, count: int, seed: int) -> Float[np.ndarray, "W S H K"]:
        """Ways to go on from each window's end: whole paths, in the targets' own units.

        Args:
            windows: W of them.
            count: S ≥ 1.
            seed: ≥ 0. A path depends on it, its number, its series' name and its time alone.

        Raises:
            ArgumentError: The model says nothing of its uncertainty, or `count` is below 1.
        """
        ...

    def linear(self, windows: Windows) -> Float[np.ndarray, "W H K"] | None:
        """What the linear map says of each window, in the targets' own units."""
        ...

    def reader(self, windows: Windows, plain: bool = False, lesson: bool = False) -> WindowReader:
        """The windows as networks that read such have them.

        Args:
            windows: Any.
            plain: Past and horizon alone, nothing known ahead, as the linear map has them.
            lesson: What is to be told is what the network has to learn: without its base.
        """
        ...
