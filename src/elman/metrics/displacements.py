"""How far forecast paths are from those that came, and the baselines that they are held against.

W windows, S steps seen, H steps ahead; all places in the data's own unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float

from elman.errors import BundleError, ShapeError

__all__ = ["CONSTANT", "Displacement", "PathBaselines", "apart", "best_of", "constant_velocity"]

CONSTANT = "constant velocity"
"""The baseline that a forecaster of paths corrects."""

_GAINS = np.round(np.arange(0.1, 1.01, 0.1), 1)  # of which the smoothing's is chosen


class Displacement(NamedTuple):
    """Errors of forecast paths, in the data's own unit.

    Attributes:
        ade: The average displacement error: the mean distance over all steps and windows.
        fde: The final one: the mean distance at the last step.
    """

    ade: float
    fde: float

    @classmethod
    def of(cls, distances: Float[np.ndarray, "W H"]) -> Self:
        """Of the distances of some windows; NaN of none."""
        if not distances.size:
            return cls(float("nan"), float("nan"))
        return cls(float(distances.mean()), float(distances[:, -1].mean()))


def apart(
    found: Float[np.ndarray, "... H 2"], came: Float[np.ndarray, "... H 2"]
) -> Float[np.ndarray, "... H"]:
    """The distance at each step.

    >>> apart(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [5.0]

    Raises:
        ShapeError: The steps or places of both do not fit.
    """
    if found.shape[-2:] != came.shape[-2:] or came.shape[-1] != 2:
        raise ShapeError("found", f"{list(found.shape)} for {list(came.shape)}", "[..., H, 2]")
    return np.sqrt(np.square(found - came).sum(axis=-1))


def best_of(
    samples: Float[np.ndarray, "W K H 2"], came: Float[np.ndarray, "W H 2"]
) -> Displacement:
    """The errors of the best of K samples, chosen in hindsight, each error by its own best.

    It is no error of a forecast, since nobody knows beforehand which is best: it says how well the
    samples cover what comes, and falls with K. So it stands apart from `Displacement.of`.
    """
    distances = apart(samples, came[:, None])
    if not distances.size:
        return Displacement(float("nan"), float("nan"))
    average, final = distances.mean(axis=2).min(axis=1), distances[:, :, -1].min(axis=1)
    return Displacement(float(average.mean()), float(final.mean()))


def constant_velocity(
    seen: Float[np.ndarray, "W S 2"], ahead: int
) -> Float[np.ndarray, "W {ahead} 2"]:
    """Each goes on as it moved in the last step.

    >>> constant_velocity(np.array([[[0.0, 0.0], [1.0, 2.0]]]), 2).tolist()
    [[[2.0, 4.0], [3.0, 6.0]]]
    """
    return _onward(seen[:, -1], seen[:, -1] - seen[:, -2], ahead)


class PathBaselines(NamedTuple):
    """How paths go on by rules.

    Attributes:
        gain: Of `smoothed velocity`: the share of the last step in the velocity, in (0, 1]; the
            fixed gain in which a Kalman filter of constant velocity settles.
    """

    gain: float

    @classmethod
    def fit(cls, seen: Float[np.ndarray, "W S 2"], came: Float[np.ndarray, "W H 2"]) -> Self:
        """The gain whose average error is least on some windows."""
        found = {
            float(gain): float(apart(_smoothed(seen, gain, came.shape[1]), came).mean())
            for gain in _GAINS
        }
        return cls(min(found, key=lambda gain: found[gain]) if len(seen) else 1.0)

    def answers(
        self, seen: Float[np.ndarray, "W S 2"], ahead: int
    ) -> dict[str, Float[np.ndarray, "W {ahead} 2"]]:
        """What each baseline says, by its name."""
        still = np.repeat(seen[:, -1:], ahead, axis=1)
        return {
            CONSTANT: constant_velocity(seen, ahead),
            "standing still": still,
            "linear fit": _linear(seen, ahead),
            "smoothed velocity": _smoothed(seen, self.gain, ahead),
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """As arrays for a model file."""
        return {"gain": np.array([self.gain])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Self:
        """What `tensors` gave; `BundleError` where it is none."""
        gain = tensors.get("gain")
        if gain is None or gain.shape != (1,) or not 0 < gain[0] <= 1:
            raise BundleError("baselines.gain", "no gain in (0, 1]", "save the model again")
        return cls(float(gain[0]))


def _onward(
    last: Float[np.ndarray, "W 2"], velocity: Float[np.ndarray, "W 2"], ahead: int
) -> Float[np.ndarray, "W H 2"]:
    steps = np.arange(1.0, ahead + 1)[:, None]
    return last[:, None] + steps * velocity[:, None]


def _linear(seen: Float[np.ndarray, "W S 2"], ahead: int) -> Float[np.ndarray, "W H 2"]:
    """The straight line of least squares through all steps seen, continued."""
    at = np.arange(seen.shape[1]) - (seen.shape[1] - 1) / 2
    slope = np.einsum("s,wsk->wk", at, seen) / np.square(at).sum()
    steps = (at[-1] + np.arange(1.0, ahead + 1))[:, None]
    return seen.mean(axis=1)[:, None] + steps * slope[:, None]


def _smoothed(
    seen: Float[np.ndarray, "W S 2"], gain: float, ahead: int
) -> Float[np.ndarray, "W H 2"]:
    """From the last place on with a velocity that follows each step by the share `gain`."""
    moved = np.diff(seen, axis=1)
    velocity = moved[:, 0]
    for step in range(1, moved.shape[1]):
        velocity = velocity + gain * (moved[:, step] - velocity)
    return _onward(seen[:, -1], velocity, ahead)
