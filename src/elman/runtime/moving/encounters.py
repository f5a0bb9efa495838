"""Who comes near whom: the chance by samples of all futures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

__all__ = ["Encounter", "encounters"]


class Encounter(NamedTuple):
    """Two agents that may come near each other.

    Attributes:
        scene: Its name.
        agent: One.
        other: The other.
        chance: That they come nearer than the distance asked for, in [0, 1].
        step: After how many steps they do, in the middle of the samples in which they do; a part
            of a step counts.
        nearest: The mean over all samples of how near they come, in the data's own unit.
    """

    scene: str
    agent: str
    other: str
    chance: float
    step: float
    nearest: float


def encounters(
    scene: str,
    names: list[str],
    last: Float[np.ndarray, "N 2"],
    samples: Float[np.ndarray, "N K H 2"],
    distance: float,
) -> Iterator[Encounter]:
    """Of each pair of one scene that ever comes nearer in K samples.

    Between two steps both move straight, so that nobody passes through another unseen. Agents'
    samples are drawn apart from each other.

    Args:
        scene: Its name.
        names: Of the agents.
        last: Where each is now.
        samples: Where each may be then.
        distance: In the data's own unit, > 0.
    """
    now = np.repeat(last[:, None, None], samples.shape[1], axis=1)
    paths = np.concatenate([now, samples], axis=2)
    low, high = paths.min(axis=(1, 2)), paths.max(axis=(1, 2))
    for a in range(len(names)):
        beside = np.arange(len(names)) > a
        beside &= (low <= high[a] + distance).all(axis=1)
        beside &= (high >= low[a] - distance).all(axis=1)
        for b in np.flatnonzero(beside):
            nearest, when = _approach(paths[a] - paths[b], distance)
            met = nearest < distance
            if met.any():
                step = float(np.median(when[met]))
                chance = float(met.mean())
                yield Encounter(scene, names[a], names[b], chance, step, float(nearest.mean()))


def _approach(
    between: Float[np.ndarray, "K T 2"], distance: float
) -> tuple[Float[np.ndarray, "K"], Float[np.ndarray, "K"]]:
    """How near each sample comes, and the time of the first approach within the distance."""
    start, moved = between[:, :-1], np.diff(between, axis=1)
    square = np.square(moved).sum(axis=2)
    towards = -(start * moved).sum(axis=2)
    part = np.clip(towards / np.where(square > 0, square, 1.0), 0.0, 1.0)
    apart = np.sqrt(np.square(start + part[..., None] * moved).sum(axis=2))
    first = np.argmax(apart < distance, axis=1)
    rows = np.arange(len(between))
    return apart.min(axis=1), first + part[rows, first]
