"""How much of what a network says against constant velocity is believed.

The network's correction is multiplied by a share in [0, 1], so that a forecast is never far from
constant velocity where corrections have not proved right. A share is chosen on validation scenes.
In a scene it is believed from the start only if the scene is like those that were learnt from
(`elman.runtime.moving.likeness`) and no validation scene left a doubt; else only as far as
corrections have proved right in the scene itself, by what was known there at that step.

W windows, A shares; errors are two numbers each: of the average, and at the last step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import BundleError
from elman.metrics.displacements import apart

__all__ = ["SHARES", "Past", "Share", "errors_by_share"]

SHARES = np.round(np.linspace(0, 1, 21), 2)
"""Those that are tried."""

_STRONG = 0.1  # of the errors, which a share saves in each validation scene to be believed at once
_BELIEVED = 8.0  # agents of a scene that count as much as the validation part
_LEAST = 10  # agents of a scene whose future is known before it says anything
_SURE = 3.5  # standard errors by which corrections are to be better in a scene
_SURE_ENOUGH = 1.0  # where the scene is like those learnt from
_TIMES = 3  # as long as what is forecast, of which the same is asked as of agents
_RECENT = 4  # steps by which corrections are seen to do harm of late
_HARMED = 0.5  # standard errors by which they do


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


class Past(NamedTuple):
    """The W windows of one scene, and what came of them.

    Attributes:
        errors: As of `errors_by_share`, `[W, A, 2]`; NaN where the agent was not seen to the end.
        apart: How far constant velocity, and beside it the share that was chosen, is from what came
            at each step, `[W, H, 2]`; NaN where the agent was not seen.
        agent: Of each, by a number, `[W]`.
        ends: Its last step that is read, `[W]`.
    """

    errors: Float[np.ndarray, "W A 2"]
    apart: Float[np.ndarray, "W H 2"]
    agent: Int[np.ndarray, "W"]
    ends: Int[np.ndarray, "W"]


class Share(NamedTuple):
    """The share of the correction, and what it was chosen by.

    Attributes:
        value: In [0, 1].
        curve: How much greater than constant velocity's the errors of each of `SHARES` are on the
            validation part, as parts of it: the most of its scenes and of both errors, `[A]`.
        scenes: Of the validation part; 0: there was none.
    """

    value: float
    curve: Float[np.ndarray, " A"]
    scenes: int

    @classmethod
    def untested(cls) -> Self:
        """All of the correction: nothing is known against it, or for it."""
        return cls(1.0, np.zeros(len(SHARES)), 0)

    @property
    def strong(self) -> bool:
        """Whether it is believed in a scene of which nothing speaks against it."""
        return bool(self.scenes) and self.curve[self._index] <= -_STRONG

    @property
    def _index(self) -> int:
        return int(np.argmin(np.abs(SHARES - self.value)))

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
        most = (ratio - 1).max(axis=(0, 2))
        return cls(float(SHARES[int(np.flatnonzero(good)[0])]), most, len(scenes))

    def following(
        self, past: Past, like: Bool[np.ndarray, " steps"], now: Int[np.ndarray, "N"]
    ) -> Float[np.ndarray, "N"]:
        """The share at some steps of one scene, by what was known there by then.

        Where the scene is like those learnt from it is the one that was chosen, as long as the
        steps known so far of what was forecast are nearer to it than to constant velocity. Of
        agents whose whole future is known each speaks once: a share has proved right if both its
        errors in the scene are less than constant velocity's by so many standard errors, or by less
        of them where the validation part speaks for it, too. Elsewhere times speak as agents do,
        and it has to stay right for as many steps as are forecast. Nowhere is it believed while
        what came in the last few steps is nearer to constant velocity.

        Args:
            past: The windows of the scene; of what came no more is used than was known by a step.
            like: Of each of its steps whether the scene is like those that were learnt from.
            now: The steps, growing.
        """
        ahead, agents = past.apart.shape[1], int(past.agent.max(initial=-1)) + 1
        whole = _Known(past.agent, agents, *_whole(past))
        times = past.ends // ahead
        spells = _Known(times, int(times.max(initial=-1)) + 1, *_whole(past))
        parts = _Known(past.agent, agents, *_parts(past))
        recent = _Known(past.agent, agents, *_parts(past), lasting=_RECENT)
        first = max(int(now[0]) - ahead + 1, 0)
        told = []
        for step in range(first, int(now[-1]) + 1):
            start = self.strong and bool(like[step]) and not _doubtful(parts.until(step))
            known = whole.until(step), spells.until(step)
            told.append((start, self._proved(*known, start), _harms(recent.until(step))))
        starts, proved, harmed = (np.array(one) for one in zip(*told, strict=True))
        stayed = [proved[max(k - ahead + 1, 0) : k + 1].min() for k in range(len(proved))]
        at_once = np.where(np.isnan(proved), self.value, proved)
        found = np.where(starts, at_once, np.nan_to_num(np.array(stayed)))
        return np.where(harmed, 0.0, found)[now - first]

    def _proved(self, whole: _Known, spells: _Known, start: bool) -> float:
        """The share that has proved right in a scene; NaN: too few agents have told.

        What agents of one time have in common (a group, a crowd that turns, a camera that shakes)
        is no proof by each of them: so times are counted, too.
        """
        count = len(whole.met)
        if count < _LEAST or not (start or len(spells.met) >= _TIMES):
            return np.nan
        worse, error = whole.excess()
        sure = _SURE_ENOUGH if start else _SURE
        bound = worse + sure * (1 + 2 / count) * error
        if start:
            told = _BELIEVED * self.curve[:, None] + count * bound
            bound = told / (_BELIEVED + count)
        else:
            times = len(spells.met)
            bound = np.maximum(bound, worse + sure * (1 + 2 / times) * spells.excess()[1])
        able = (bound <= 0).all(axis=1)
        return float(SHARES[np.argmin(np.where(able, bound.mean(axis=1), np.inf))])

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


class _Known:
    """Sums of errors by agent, as they come to be known step by step.

    Args:
        agent: Of each of the W windows.
        agents: How many there are.
        windows: Of each of M observations the window, those known first before others.
        steps: When each is known.
        excess: By how much errors are greater than constant velocity's, `[M, A, E]`.
        usual: Constant velocity's errors, `[M, E]`.
        lasting: For how many steps what is known counts; None: for ever.
    """

    def __init__(
        self,
        agent: Int[np.ndarray, "W"],
        agents: int,
        windows: Int[np.ndarray, "M"],
        steps: Int[np.ndarray, "M"],
        excess: Float[np.ndarray, "M A E"],
        usual: Float[np.ndarray, "M E"],
        lasting: int | None = None,
    ) -> None:
        self._lasting = lasting
        self._who, self._steps, self._excess, self._usual = agent[windows], steps, excess, usual
        self._sums = np.zeros((agents, *excess.shape[1:]))
        self._total = np.zeros(usual.shape[1])
        self._count = np.zeros(agents, dtype=np.int64)
        self._from = self._at = 0

    def until(self, step: int) -> _Known:
        """Add what is known by a step, and drop what no longer counts."""
        self._at = self._moved(self._at, step, 1)
        if self._lasting is not None:
            self._from = self._moved(self._from, step - self._lasting, -1)
        return self

    def _moved(self, at: int, step: int, sign: int) -> int:
        """Add (or take away) observations from `at` up to a step; where the next ones begin."""
        rows = slice(at, max(int(np.searchsorted(self._steps, step, side="right")), at))
        np.add.at(self._sums, self._who[rows], sign * self._excess[rows])
        self._total += sign * self._usual[rows].sum(axis=0)
        np.add.at(self._count, self._who[rows], sign)
        return rows.stop

    @property
    def met(self) -> Int[np.ndarray, " agents"]:
        """The agents of which something is known."""
        return np.flatnonzero(self._count)

    def excess(self) -> tuple[Float[np.ndarray, "A E"], Float[np.ndarray, "A E"]]:
        """By how much errors are greater, as parts of the usual ones; and the standard error.

        Errors of one agent go together, so agents are counted.
        """
        each = self._sums[self._count > 0] / np.maximum(self._total, 1e-12)
        count = len(each)
        total = each.sum(axis=0)
        spread = np.square(each - total / count).sum(axis=0) * count / max(count - 1, 1)
        return total, np.sqrt(spread)


def _doubtful(parts: _Known) -> bool:
    """Whether what is known of forecasts under way does not speak for a share."""
    if not len(parts.met):
        return False
    worse, error = parts.excess()
    return bool(worse[0, 0] + error[0, 0] > 0)


def _harms(recent: _Known) -> bool:
    """Whether a share made errors greater of late, whatever it did before."""
    if not len(recent.met):
        return False
    worse, error = recent.excess()
    return bool(worse[0, 0] > _HARMED * error[0, 0])


def _whole(past: Past) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of windows whose whole future came: as `_Known` takes it."""
    windows = np.flatnonzero(np.isfinite(past.errors).all(axis=(1, 2)))
    steps = past.ends[windows] + past.apart.shape[1]
    order = np.argsort(steps, kind="stable")
    errors = past.errors[windows[order]]
    return windows[order], steps[order], errors - errors[:, :1], errors[:, 0]


def _parts(past: Past) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each step that came of any window: as `_Known` takes it."""
    windows, ahead = np.nonzero(np.isfinite(past.apart).all(axis=2))
    steps = past.ends[windows] + ahead + 1
    order = np.argsort(steps, kind="stable")
    plain, found = np.moveaxis(past.apart[windows[order], ahead[order]], 1, 0)
    return windows[order], steps[order], (found - plain)[:, None, None], plain[:, None]
