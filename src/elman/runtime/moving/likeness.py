"""Whether agents move as those did that were learnt from.

A correction that proved right in some scenes says nothing of scenes in which agents move in other
ways: noise of the measuring looks like a bend, and who stands looks like somebody who turns. So of
each window some traits are held against those of the training part, and of a scene their
distribution so far.

W windows, F traits, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import BundleError

__all__ = ["TRAITS", "Likeness", "traits_of"]

TRAITS = ("speed", "roughness", "jerkiness", "net turning", "correction")
"""What is told of a window."""

_SHARES = np.linspace(0.05, 0.95, 19)
_NEAR = 0.15  # by which a trait may differ: that part of what it is a logarithm of
_LEAST = 0.1  # of distance between distributions, that always counts as like
_MOST = 0.4  # of distance between scenes of the training part: further apart, they say nothing
_FEWEST = 8  # agents of a scene that say how like it is
_CHANCE, _MOST_CHANCE = 0.4, 0.25  # what chance adds: by the root of the agents seen; at most


def traits_of(
    seen: Float[np.ndarray, "W S 2"], correction: Float[np.ndarray, "W H 2"], scale: float
) -> Float[np.ndarray, "W F"]:
    """Logarithms of the typical step, of how much it changes, of how much that changes against it,
    of how much of the changes adds up, and of how far the correction goes.

    Args:
        seen: Places that are read.
        correction: What the network adds to constant velocity.
        scale: The typical step of the training part.
    """
    moved = np.diff(seen, axis=1) / scale
    changed = np.diff(moved, axis=1)
    rough = _rms(changed)
    net = np.sqrt(np.square(changed.sum(axis=1)).sum(axis=1) / max(changed.shape[1], 1))
    size = np.sqrt(np.square(correction[:, -1]).sum(axis=1)) / scale
    told = [
        _rms(moved) + 0.02,
        rough + 0.005,
        (_rms(np.diff(changed, axis=1)) + 0.005) / (rough + 0.005),
        (net + 0.005) / (rough + 0.005),
        size + 0.02,
    ]
    return np.log(np.stack(told, axis=1))


def _rms(vectors: Float[np.ndarray, "W T 2"]) -> Float[np.ndarray, " W"]:
    return np.sqrt(np.square(vectors).sum(axis=2).sum(axis=1) / max(vectors.shape[1], 1))


class Likeness(NamedTuple):
    """How traits are distributed in the training part, and how much scenes of it differ.

    Attributes:
        quantiles: Of each trait, `[Q, F]`.
        usual: Of each the largest distance of what was seen of one scene from all, but for chance,
            `[F]`, in [0, 1].
    """

    quantiles: Float[np.ndarray, "Q F"]
    usual: Float[np.ndarray, " F"]

    @classmethod
    def fit(
        cls,
        traits: Float[np.ndarray, "W F"],
        scene: Int[np.ndarray, "W"],
        agent: Int[np.ndarray, "W"],
        ends: Int[np.ndarray, "W"],
    ) -> Self:
        """Of windows of several scenes: each as far as it was seen, at each of its steps at which
        enough agents were.

        Args:
            traits: Of windows.
            scene: Of each, by a number.
            agent: Likewise, by a number of its own in its scene.
            ends: Its last step.
        """
        usual = np.zeros(traits.shape[1])
        found = cls(np.quantile(traits, _SHARES, axis=0), usual)
        for one in np.unique(scene):
            rows = scene == one
            steps = np.unique(ends[rows])
            apart, chance, seen = found._apart(traits[rows], agent[rows], ends[rows], steps)
            enough = seen >= min(_FEWEST, seen[-1])
            usual = np.maximum(usual, (apart - chance[:, None])[enough].max(axis=0))
        return found._replace(usual=usual)

    def holds(
        self,
        traits: Float[np.ndarray, "W F"],
        agent: Int[np.ndarray, "W"],
        ends: Int[np.ndarray, "W"],
        now: Int[np.ndarray, "N"],
    ) -> Bool[np.ndarray, "N"]:
        """Whether a scene is like the training part, at each of some steps, by what was seen then.

        The largest distance between the distribution functions of a trait (as Lévy's: what nearly
        is the same counts as the same) is to be no greater than of any scene of the training part,
        but for chance, which fades with the agents that were seen. Where the scenes of the training
        part are themselves so unlike each other that this would say nothing, none is like.

        Args:
            traits: Of a scene's windows.
            agent: Of each, by a number.
            ends: Its last step.
            now: The steps; where less than eight agents were seen it is not like.
        """
        if not len(traits) or (self.usual > _MOST).any():
            return np.zeros(len(now), dtype=bool)
        apart, chance, seen = self._apart(traits, agent, ends, now)
        allowed = np.maximum(self.usual, _LEAST) + chance[:, None]
        return (now >= ends.min()) & (seen >= _FEWEST) & (apart <= allowed).all(axis=1)

    def _apart(
        self,
        traits: Float[np.ndarray, "W F"],
        agent: Int[np.ndarray, "W"],
        ends: Int[np.ndarray, "W"],
        now: Int[np.ndarray, "N"],
    ) -> tuple[Float[np.ndarray, "N F"], Float[np.ndarray, "N"], Int[np.ndarray, "N"]]:
        """The distance of what was seen by each step, what chance may add, and how many agents."""
        order = np.argsort(ends, kind="stable")
        count = np.maximum(np.searchsorted(ends[order], now, side="right"), 1) - 1
        met = np.zeros(len(order), dtype=bool)
        met[np.unique(agent[order], return_index=True)[1]] = True
        seen = np.cumsum(met)[count]
        chance = np.minimum(_CHANCE / np.sqrt(seen), _MOST_CHANCE)
        low, high = (
            np.cumsum(traits[order, None] <= self.quantiles + shift, axis=0)[count]
            / (count + 1)[:, None, None]
            for shift in (-_NEAR, _NEAR)
        )
        shares = _SHARES[:, None]
        return np.maximum(low - shares, shares - high).max(axis=1), chance, seen

    def tensors(self) -> dict[str, np.ndarray]:
        """As arrays for a model file."""
        return {"quantiles": self.quantiles, "usual": self.usual}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Self:
        """What `tensors` gave; `BundleError` where it is none."""
        quantiles, usual = tensors.get("quantiles"), tensors.get("usual")
        fits = quantiles is not None and quantiles.shape == (len(_SHARES), len(TRAITS))
        fits = fits and usual is not None and usual.shape == (len(TRAITS),)
        if not fits or quantiles is None or usual is None:
            raise BundleError("likeness", "missing, or of another shape", "save the model again")
        if not (np.isfinite(quantiles).all() and np.isfinite(usual).all()):
            raise BundleError("likeness", "not finite", "save the model again")
        return cls(quantiles, usual)
