"""Scenes of walkers, made up: some turn and keep out of each other's way, some stroll about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.data.paths import Paths, Scene
from elman.errors import ArgumentError
from elman.parameters import whole_number

__all__ = ["SECONDS", "load_paths", "path_set_names", "strollers", "walkers"]

SECONDS = 0.4
"""Of a step."""

_FINER = 8  # steps of the simulation in one
_TRAIN, _TEST = 12, 4  # scenes of the two parts


@dataclass(frozen=True)
class _Habits:
    """How the walkers of a set move.

    Attributes:
        size: Of the place, metres, both ways.
        agents: How many are there at a time, about: the fewest and the most of a scene.
        speed: Wanted, m/s: mean and deviation.
        turns: Deviation of the wanted turning, radians/s; each is kept for some seconds.
        kept: Seconds for which a turning is kept: the least and the most.
        push: How much two that meet push each other, m/s².
        reach: Over which distance that fades, metres.
        jitter: Deviation of the acceleration's noise, m/s² in a simulated step.
        standing: Share that stand still.
        noise: Deviation of the measured places, metres.
    """

    size: float = 16.0
    agents: tuple[int, int] = (8, 16)
    speed: tuple[float, float] = (1.3, 0.25)
    turns: float = 0.28
    kept: tuple[float, float] = (6.0, 14.0)
    push: float = 2.2
    reach: float = 0.7
    jitter: float = 0.15
    standing: float = 0.0
    noise: float = 0.01


_STROLLERS = _Habits(turns=0.0, push=0.6, reach=0.4, jitter=0.6, standing=0.15, noise=0.002)


def walkers(scenes: int, seed: int, *, steps: int = 150) -> Paths:
    """Walkers who turn for a while at one rate, and push each other aside where they meet.

    A walker comes in at an edge, wants to walk at its own speed and to turn at a rate that it
    keeps for some seconds, and goes when it is outside. From others it is pushed away as by the
    social force of Helbing and Molnár 1995 (arXiv cond-mat/9805244), stronger from those ahead.
    Places are metres, measured with a deviation of one centimetre, every 0.4 s, told as ten frames.

    >>> found = walkers(2, seed=0, steps=40)
    >>> found.columns, len(found), found.scenes[0].every
    (('x', 'y'), 2, 10.0)

    Args:
        scenes: How many, ≥ 1; each has its own number of walkers and its own speeds.
        seed: ≥ 0.
        steps: Of each scene, ≥ 1.

    Raises:
        ArgumentError: A number is below its least.
    """
    return _made("walkers", scenes, seed, steps, _Habits())


def strollers(scenes: int, seed: int, *, steps: int = 150) -> Paths:
    """Walkers whose velocity changes by chance alone, and some who stand: nothing to foresee.

    Constant velocity is hard to beat here, but for what the measuring adds (two millimetres).
    Arguments and errors as of `walkers`.
    """
    return _made("strollers", scenes, seed, steps, _STROLLERS)


def path_set_names() -> tuple[str, ...]:
    """The names that `load_paths` takes, sorted."""
    return tuple(sorted(_MAKERS))


def load_paths(name: str, part: str | None = None) -> Paths:
    """Made-up scenes by name: twelve of the training part, four of the test part.

    Args:
        name: One of `path_set_names()`.
        part: "train" (also for None), "test" or "all".

    Raises:
        ArgumentError: There is no such set or part.
    """
    if name not in _MAKERS:
        raise ArgumentError("name", f"no paths called {name!r}", ", ".join(path_set_names()))
    if part not in (None, "train", "test", "all"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    found = _MAKERS[name](_TRAIN + _TEST, 0)
    kept = {"train": slice(_TRAIN), "test": slice(_TRAIN, None), "all": slice(None)}
    return replace(found, scenes=found.scenes[kept[part or "train"]])


_MAKERS: dict[str, Callable[[int, int], Paths]] = {"strollers": strollers, "walkers": walkers}


def _made(name: str, scenes: int, seed: int, steps: int, habits: _Habits) -> Paths:
    whole_number("scenes", scenes, 1)
    whole_number("seed", seed, 0)
    whole_number("steps", steps, 1)
    made = []
    for k in range(scenes):
        draws = np.random.Generator(np.random.Philox(key=[seed, k]))
        made.append(_scene(f"{name}-{k + 1}", steps, habits, draws))
    note = f"{name}: {scenes} made-up scenes, seed {seed}"
    return Paths(tuple(made), ("x", "y"), "m", name, (note,))


def _scene(name: str, steps: int, habits: _Habits, draws: np.random.Generator) -> Scene:
    """One scene, simulated in finer steps."""
    crowd = _Crowd(habits, draws)
    warm = 20  # steps before the first one that is seen
    agents, at, places = [], [], []
    for step in range(-warm, steps):
        crowd.step()
        if step < 0:
            continue
        agents.append(crowd.number.copy())
        at.append(np.full(len(crowd.number), step))
        measured = crowd.place + habits.noise * draws.normal(size=crowd.place.shape)
        places.append(np.round(measured, 4))
    numbers = np.concatenate(agents)
    known, who = np.unique(numbers, return_inverse=True)
    names = tuple(str(k + 1) for k in range(len(known)))
    return Scene(name, names, who, np.concatenate(at), np.concatenate(places), 0.0, 10.0)


class _Crowd:
    """All who are there."""

    def __init__(self, habits: _Habits, draws: np.random.Generator) -> None:
        self._habits, self._draws = habits, draws
        self._wanted = int(draws.integers(habits.agents[0], habits.agents[1] + 1))
        self._speed = habits.speed[0] * draws.uniform(0.8, 1.2)  # scenes differ
        self._met = 0
        self.number = np.zeros(0, np.int64)
        self.place, self._velocity = np.zeros((0, 2)), np.zeros((0, 2))
        self._heading, self._pace = np.zeros(0), np.zeros(0)
        self._turn, self._left = np.zeros(0), np.zeros(0)

    def step(self) -> None:
        """One step; who is outside goes, and perhaps others come."""
        for _ in range(_FINER):
            self._move(SECONDS / _FINER)
        half = self._habits.size / 2 + 1.0
        self._keep(np.abs(self.place).max(axis=1, initial=0.0) <= half)
        while len(self.number) < self._wanted and self._draws.random() < 0.5:
            self._come()

    def _move(self, seconds: float) -> None:
        habits, draws = self._habits, self._draws
        self._left -= seconds
        anew = self._left <= 0
        self._turn[anew] = habits.turns * draws.normal(size=anew.sum())
        self._left[anew] = draws.uniform(*habits.kept, size=anew.sum())
        self._heading += self._turn * seconds
        towards = np.stack([np.cos(self._heading), np.sin(self._heading)], axis=1)
        if habits.turns:
            force = (self._pace[:, None] * towards - self._velocity) / 0.5
        else:  # velocity itself wanders
            force = np.zeros_like(self._velocity)
        moving = (self._pace > 0)[:, None]
        force = force + self._pushed(towards)
        force = force + habits.jitter * draws.normal(size=force.shape) / np.sqrt(seconds) * 0.3
        self._velocity = np.where(moving, self._velocity + seconds * force, 0.0)
        self.place = self.place + seconds * self._velocity

    def _pushed(self, towards: Float[np.ndarray, "A 2"]) -> Float[np.ndarray, "A 2"]:
        """The acceleration of each, away from all others."""
        apart = self.place[:, None] - self.place[None]
        distance = np.sqrt(np.square(apart).sum(axis=2)) + 1e-9
        strength = self._habits.push * np.exp((0.6 - distance) / self._habits.reach)
        np.fill_diagonal(strength, 0.0)
        ahead = -(apart * towards[:, None]).sum(axis=2) / distance  # 1: straight ahead
        strength = strength * (0.25 + 0.75 * (1 + ahead) / 2)
        return (strength[..., None] * apart / distance[..., None]).sum(axis=1)

    def _come(self) -> None:
        """One more, at an edge and on its way in; or one who stands somewhere."""
        habits, draws = self._habits, self._draws
        half = habits.size / 2
        stands = draws.random() < habits.standing
        side, along = int(draws.integers(4)), draws.uniform(-half, half)
        place = np.array([[half, along], [along, half], [-half, along], [along, -half]][side])
        heading = np.pi + side * np.pi / 2 + draws.uniform(-0.6, 0.6)
        pace = max(0.4, self._speed + habits.speed[1] * draws.normal())
        if stands:
            place, pace = draws.uniform(-half, half, size=2), 0.0
        velocity = pace * np.array([np.cos(heading), np.sin(heading)])
        self.number = np.append(self.number, self._met)
        self._met += 1
        self.place = np.concatenate([self.place, place[None]])
        self._velocity = np.concatenate([self._velocity, velocity[None]])
        self._heading = np.append(self._heading, heading)
        self._pace = np.append(self._pace, pace)
        self._turn = np.append(self._turn, habits.turns * draws.normal())
        self._left = np.append(self._left, draws.uniform(*habits.kept))

    def _keep(self, kept: Any) -> None:
        for name in ("number", "place", "_velocity", "_heading", "_pace", "_turn", "_left"):
            setattr(self, name, getattr(self, name)[kept])
