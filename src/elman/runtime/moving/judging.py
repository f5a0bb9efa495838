"""What a forecaster of paths is worth in each scene, beside its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.metrics.displacements import CONSTANT, Displacement, apart, best_of
from elman.printable import many, quoted

__all__ = ["OF", "SceneJudged", "judged", "verdict_on"]

_ALIKE = 5e-4  # of an error: what differs by less is the same
OF = 20
"""Samples of which the best is chosen, as it is usual."""


class SceneJudged(NamedTuple):
    """One scene's windows, and what was said of them.

    Attributes:
        scene: Its name.
        agents: How many there are.
        share: The mean share of the correction.
        came: Where agents came, `[W, H, 2]`.
        found: What the model said, `[W, H, 2]`.
        samples: Its samples, `[W, K, H, 2]`.
        others: What each baseline said, by its name.
    """

    scene: str
    agents: int
    share: float
    came: Float[np.ndarray, "W H 2"]
    found: Float[np.ndarray, "W H 2"]
    samples: Float[np.ndarray, "W K H 2"]
    others: Mapping[str, Float[np.ndarray, "W H 2"]]


def judged(one: SceneJudged) -> dict[str, Any]:
    """The errors of a scene, as plain data; what is chosen in hindsight stands apart."""
    errors = {
        name: Displacement.of(apart(found, one.came))._asdict()
        for name, found in one.others.items()
    }
    best = best_of(one.samples, one.came)
    middle = one.samples.mean(axis=1, keepdims=True)
    radius = np.quantile(apart(one.samples, middle), 0.9, axis=1)
    inside = apart(middle[:, 0], one.came) <= radius
    return {
        "windows": len(one.came),
        "agents": one.agents,
        "share": round(one.share, 4),
        **Displacement.of(apart(one.found, one.came))._asdict(),
        "baselines": errors,
        "best_of": {"samples": one.samples.shape[1], **best._asdict()},
        "inside": float(inside.mean()),
    }


def verdict_on(scenes: Mapping[str, Mapping[str, Any]], share: float, tested: int) -> str:
    """What the errors say, in sentences.

    Args:
        scenes: As of `judged`, by name.
        share: Of the correction, as it was chosen.
        tested: Scenes of the validation part that it was chosen on.
    """
    better, worse, alike = [], [], []
    for name, one in scenes.items():
        usual = one["baselines"][CONSTANT]
        gains = [1 - one[error] / usual[error] for error in ("ade", "fde") if usual[error] > 0]
        if not gains or max(map(abs, gains)) < _ALIKE:
            alike.append(name)
        elif min(gains) > -_ALIKE:
            better.append(name)
        else:
            worse.append(name)
    said = _outcomes(better, worse, alike, len(scenes))
    return " ".join([*said, *_by_rule(scenes), _said_of(share, tested)])


def _by_rule(scenes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where another rule than constant velocity is better than it, or than the model."""
    rules = [name for name in next(iter(scenes.values()))["baselines"] if name != CONSTANT]

    def beaten(rule: str, by: Any) -> list[str]:
        """The scenes in which both errors of the rule are less."""
        found = []
        for name, one in scenes.items():
            told, other = one["baselines"][rule], by(one)
            if all(told[error] < (1 - _ALIKE) * other[error] for error in ("ade", "fde")):
                found.append(name)
        return found

    said = []
    for what, by in (
        ("this model", lambda one: one),
        ("constant velocity", lambda one: one["baselines"][CONSTANT]),
    ):
        wins = {rule: beaten(rule, by) for rule in rules}
        rule = max(rules, key=lambda one: len(wins[one]), default=None)
        if rule is not None and wins[rule]:
            where = f"{len(wins[rule])} of {many(len(scenes), 'scene')}: {quoted(wins[rule], 5)}"
            said.append(f"{rule.capitalize()} is better than {what} in {where}.")
    return said


def _outcomes(
    better: Sequence[str], worse: Sequence[str], alike: Sequence[str], count: int
) -> list[str]:
    if len(better) == count:
        return [f"Better than constant velocity in {_all(count)}."]
    said = [f"Better than constant velocity in {len(better)} of {many(count, 'scene')}"]
    if alike:
        said[0] += f", the same in {len(alike)}"
    said[0] += f", worse in {len(worse)}: {quoted(worse, 5)}." if worse else ", worse in none."
    return said


def _all(count: int) -> str:
    return "the one scene" if count == 1 else f"each of {count} scenes"


def _said_of(share: float, tested: int) -> str:
    if not tested:
        return "No validation part said how much of the network's correction is to be believed."
    where = "the scene kept for validation"
    where = where if tested == 1 else f"the {tested} scenes kept for validation"
    if share == 0:
        return (
            f"On {where} no share of the network's correction was better than none, so the "
            "forecast is constant velocity."
        )
    return f"{share:.0%} of the network's correction is believed, by {where}."
