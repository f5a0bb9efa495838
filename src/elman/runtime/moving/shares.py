"""How much of what a network says against constant velocity is believed.

The network's correction is multiplied by a share in [0, 1], so that a forecast is never far from
constant velocity where corrections have not proved right. The share is chosen on validation
scenes, and in a scene it falls where corrections are seen to harm: those of windows whose future is
known by then are held against what came.

W windows, A shares; errors are two numbers each: of the average, and at the last step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

from elman.errors import BundleError
from elman.metrics.displacements import apart

__all__ = ["SHARES", "Share", "errors_by_share"]

SHARES = np.round(np.linspace(0, 1, 21), 2)
"""Those that are tried."""

_BELIEVED = 60.0  # windows of a scene that count as much as the validation part
_LEAST = 6  # agents of a scene whose future is known before the share follows them


def errors_by_share(
    plain: Float[np.ndarray, "W H 2"],
    correction: Float[np.ndarray, "W H 2"],
    came: Float[np.ndarray, "W H 2"],
) -> Float[np.ndarray, "W A 2"]:
    """The errors of each share of the correction, in the data's own unit."""
    found = np.zeros((len(plain), len(SHARES), 2))
    for k, share in enumerate(SHARES):
        distance = apart(plain + share * correction, came)
        found[:, k] = np.stack([distance.mean(axis=1), distance[:, -1]], axis=1)
    return found


class Share(NamedTuple):
    """The share of the correction, and what it was chosen by.

    Attributes:
        value: In [0, 1].
        curve: The errors of each of `SHARES` on the validation part, as parts of those of
            constant velocity: the mean over scenes and both errors, `[A]`.
        scenes: Of the validation part; 0: there was none.
    """

    value: float
    curve: Float[np.ndarray, " A"]
    scenes: int

    @classmethod
    def untested(cls) -> Self:
        """All of the correction: nothing is known against it, or for it."""
        return cls(1.0, 1 - SHARES, 0)

    @classmethod
    def choose(
        cls,
        errors: Float[np.ndarray, "W A 2"],
        scene: Int[np.ndarray, "W"],
        agent: Int[np.ndarray, "W"],
    ) -> Self:
        """The smallest share that is as good as the best within one standard error.

        Of shares that make neither error of any scene greater than constant velocity's: where
        there is none but 0, it is 0. Errors of one agent go together, so agents are counted, not
        windows.

        Args:
            errors: As of `errors_by_share`.
            scene: Of each window, any number.
            agent: Of each window, a number of its own in its scene.
        """
        scenes = np.unique(scene)
        if not len(scenes):
            return cls.untested()
        ratios, gaps = [], []
        for one in scenes:
            rows = scene == one
            usual = np.maximum(errors[rows, 0].mean(axis=0), 1e-12)
            scaled = errors[rows] / usual
            ratios.append(scaled.mean(axis=0))
            _, who = np.unique(agent[rows], return_inverse=True)
            sums = np.zeros((who.max() + 1, len(SHARES)))
            np.add.at(sums, who, scaled.mean(axis=2))
            gaps.append(sums / rows.sum())
        ratio = np.stack(ratios)
        curve = ratio.mean(axis=(0, 2))
        allowed = (ratio <= 1 + 1e-9).all(axis=(0, 2))
        best = int(np.argmin(np.where(allowed, curve, np.inf)))
        # The standard error of a difference: of sums over agents, scene by scene.
        variance = np.zeros(len(SHARES))
        for sums in gaps:
            difference = sums - sums[:, best : best + 1]
            count = len(difference)
            centred = difference - difference.mean(axis=0)
            variance += np.square(centred).sum(axis=0) * count / max(count - 1, 1)
        error = np.sqrt(variance) / len(scenes)
        good = allowed & (curve - curve[best] <= error)
        return cls(float(SHARES[int(np.flatnonzero(good)[0])]), curve, len(scenes))

    def following(
        self,
        errors: Float[np.ndarray, "W A 2"],
        agent: Int[np.ndarray, "W"],
        known: Int[np.ndarray, "W"],
        now: Int[np.ndarray, "N"],
    ) -> Float[np.ndarray, "N"]:
        """The share at some steps of one scene, by what was known there by then.

        It is the one, up to the share that was chosen, whose errors in the scene were least, the
        validation part counting as some windows: so corrections that harm there are believed less,
        down to not at all, and luck never makes them count for more. Before enough agents are known
        it is the share that was chosen.

        Args:
            errors: Of windows of the scene.
            agent: Of each window, by a number.
            known: The step from which on what came of each is known.
            now: The steps.
        """
        found = np.full(len(now), self.value)
        order = np.argsort(known, kind="stable")
        each = errors[order].mean(axis=2)  # both errors, one number
        met = np.zeros(len(order), dtype=bool)
        met[np.unique(agent[order], return_index=True)[1]] = True
        count = np.searchsorted(known[order], now, side="right")
        agents = np.concatenate([[0], np.cumsum(met)])[count]
        enough = agents >= _LEAST
        if not enough.any():
            return found
        total = np.cumsum(each, axis=0)[count[enough] - 1]
        usual = total[:, :1] / count[enough, None]
        told = total + _BELIEVED * usual * self.curve
        below = self.value >= SHARES
        found[enough] = SHARES[np.argmin(np.where(below, told, np.inf), axis=1)]
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """As arrays for a model file."""
        return {"share": np.array([self.value, float(self.scenes)]), "curve": self.curve}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Self:
        """What `tensors` gave; `BundleError` where it is none."""
        told, curve = tensors.get("share"), tensors.get("curve")
        fits = told is not None and told.shape == (2,) and 0 <= told[0] <= 1
        if not fits or curve is None or curve.shape != SHARES.shape:
            raise BundleError("share", "missing, or not in [0, 1]", "save the model again")
        assert told is not None  # for the type checker
        if not np.isfinite(curve).all():
            raise BundleError("share.curve", "not finite", "save the model again")
        return cls(float(told[0]), curve, int(told[1]))
