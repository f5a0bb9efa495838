"""Ways in which series may go on: whole sample paths, not one step's spread alone."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.errors import ArgumentError
from elman.runtime.forecasting.companions import Companions

__all__ = ["check_count", "draws_of", "ways_on", "with_errors"]


def check_count(companions: Companions, count: int, drawn: bool) -> None:
    """Whether so many paths can be given.

    Args:
        companions: Of the network.
        count: S.
        drawn: Whether the network itself is drawn from, step by step.

    Raises:
        ArgumentError: The model says nothing of its uncertainty, or `count` is below 1.
    """
    if count < 1:
        raise ArgumentError("paths", f"found {count}", "a number of at least 1")
    calibration = companions.calibration
    if not drawn and (calibration is None or not len(calibration.paths)):
        raise ArgumentError(
            "paths", "the model says nothing of its uncertainty", "train with validation"
        )


def draws_of(panel: Panel, series: int, start: int, seed: int) -> np.random.Generator:
    """Draws for the window of a series that starts at a row, wherever it stands among others."""
    name, step = panel.names[series], int(panel.steps[start])
    return np.random.default_rng([seed, crc32(name.encode()), step % 2**63])


def ways_on(
    companions: Companions,
    params: Float[np.ndarray, "H K P"],
    scale: Float[np.ndarray, "1 K"] | float,
    count: int,
    draws: np.random.Generator,
    size: Float[np.ndarray, "K"] | None = None,
) -> Float[np.ndarray, "H K S"]:
    """Normalised paths of one window, from what the network says of each step by itself.

    How steps hang together is taken from the errors of forecasts on held-out windows.

    Args:
        companions: Of the network; with a calibration.
        params: The network's raw outputs.
        scale: Of the window; see `Head`.
        count: S ≥ 1.
        draws: Chooses them.
        size: Of the window, if errors grow with it.
    """
    head, calibration = companions.head, companions.calibration
    assert calibration is not None  # `check_count` asked for it
    if companions.plan.output == "point":
        return with_errors(head.point(params), calibration.paths_of(size), count, draws)
    return like_templates(head.sample(params, draws, count, scale), calibration.paths, draws)


def like_templates(
    drawn: Float[np.ndarray, "H K S"],
    templates: Float[np.ndarray, "N H K"],
    generator: np.random.Generator,
) -> Float[np.ndarray, "H K S"]:
    """Independent draws as paths whose ranks follow templates that are chosen at random.

    The Schaake shuffle (Clark et al. 2004, Journal of Hydrometeorology 5(1)): each step's draws
    are put into the order that whole errors on held-out windows have.
    """
    count = drawn.shape[-1]
    chosen = np.moveaxis(templates[_chosen(len(templates), count, generator)], 0, -1)
    ranks = chosen.argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
    return np.take_along_axis(np.sort(drawn, axis=-1), ranks, axis=-1)


def with_errors(
    mean: Float[np.ndarray, "H K"],
    templates: Float[np.ndarray, "N H K"],
    count: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "H K S"]:
    """A forecast and errors that were made before."""
    errors = templates[_chosen(len(templates), count, generator)]
    return mean[..., None] + np.moveaxis(errors, 0, -1)


def _chosen(available: int, count: int, generator: np.random.Generator) -> Int[np.ndarray, "S"]:
    """Indices of templates, none more than once more often than another."""
    rounds = -(-count // available)
    return np.concatenate([generator.permutation(available) for _ in range(rounds)])[:count]
