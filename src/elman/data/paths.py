"""Paths: where agents are in scenes, step by step, and the windows that are cut from them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import ArgumentError, DataError, ShapeError
from elman.parameters import whole_number
from elman.printable import many

__all__ = ["AHEAD", "SEEN", "PathWindows", "Paths", "Scene"]

SEEN, AHEAD = 8, 12
"""Steps that are read and forecast where nothing else is told, as is usual (3.2 s and 4.8 s)."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene: agents that move among each other.

    Attributes:
        name: Of the scene.
        agents: The names of the A agents.
        who: Of each of M observations the agent, `[M]`, 0…A-1.
        steps: Likewise its step, `[M]`, from 0; sorted by agent, then by step.
        values: Likewise x, y and what else is told, `[M, C]` float64, in the data's own unit.
        first: The frame of step 0.
        every: Frames from one step to the next, > 0.
        filled: Likewise whether it was not seen but lies on a line between two places that were,
            `[M]`; left out: none does.

    Raises:
        ShapeError: The arrays do not fit each other.
        DataError: Two observations of one agent at a step, or a number that is not finite.
    """

    name: str
    agents: tuple[str, ...]
    who: Int[np.ndarray, "M"]
    steps: Int[np.ndarray, "M"]
    values: Float[np.ndarray, "M C"]
    first: float = 0.0
    every: float = 1.0
    filled: Bool[np.ndarray, "M"] = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        who, steps = (np.asarray(one, dtype=np.int64) for one in (self.who, self.steps))
        if values.ndim != 2 or values.shape[1] < 2 or not len(who) == len(steps) == len(values):
            found = f"{len(who)} agents, {len(steps)} steps, values {list(values.shape)}"
            raise ShapeError(self.name, found, "M of each: values [M, C], x and y first")
        if len(who) and not 0 <= who.min() <= who.max() < len(self.agents):
            raise ShapeError(self.name, f"an agent of number {who.max()}", f"{len(self.agents)}")
        filled = np.asarray(self.filled, dtype=bool)
        filled = filled if len(filled) else np.zeros(len(who), bool)
        if len(filled) != len(who):
            raise ShapeError(self.name, f"{len(filled)} marks of what is filled", f"{len(who)}")
        order = np.lexsort((steps, who))
        who, steps, values = who[order], steps[order], values[order]
        twice = (np.diff(who) == 0) & (np.diff(steps) == 0)
        if twice.any():
            row = int(np.flatnonzero(twice)[0])
            said = f"agent {self.agents[who[row]]} twice at step {steps[row]}"
            raise DataError(self.name, said, "one place for an agent at a time")
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            said = f"agent {self.agents[who[row]]}, step {steps[row]}: a number that is not finite"
            raise DataError(self.name, said, "finite numbers")
        told = {"who": who, "steps": steps, "values": values, "filled": filled[order]}
        for name, array in told.items():
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """How many observations there are."""
        return len(self.who)

    def frame(self, step: Any) -> Any:
        """The frame of a step, or of steps."""
        found = self.first + self.every * np.asarray(step)
        whole = float(self.first).is_integer() and float(self.every).is_integer()
        return found.astype(np.int64) if whole else found

    @cached_property
    def last(self) -> int:
        """The scene's last step; -1: it has none."""
        return int(self.steps.max()) if len(self) else -1

    @cached_property
    def breaks(self) -> Int[np.ndarray, " pieces+1"]:
        """The rows at which a piece without a gap begins, and the number of rows behind them."""
        new = (np.diff(self.who) != 0) | (np.diff(self.steps) != 1)
        inner = np.flatnonzero(new) + 1
        return np.concatenate([[0] if len(self) else [], inner, [len(self)]]).astype(np.int64)

    @cached_property
    def velocity(self) -> Float[np.ndarray, "M 2"]:
        """How far each came since the step before; zero where it was not seen then."""
        found = np.zeros((len(self), 2))
        found[1:] = np.diff(self.values[:, :2], axis=0)
        found[self.breaks[:-1]] = 0.0
        return found

    @cached_property
    def moved(self) -> Float[np.ndarray, " moves"]:
        """How far each came in each step, wherever it was there the step before."""
        inner = np.delete(self.velocity, self.breaks[:-1], axis=0)
        return np.sqrt(np.square(inner).sum(axis=1))

    def nearest(self, count: int) -> Int[np.ndarray, "M count"]:
        """The rows of the nearest others at the same step, nearest first; -1: there is none.

        Others whose place is filled are left out: that it was there is known from later steps.
        """
        found = np.full((len(self), count), -1, dtype=np.int64)
        order = np.argsort(self.steps, kind="stable")
        bounds = np.flatnonzero(np.diff(self.steps[order])) + 1
        for rows in np.split(order, bounds):
            if len(rows) < 2:
                continue
            place = self.values[rows, :2]
            apart = np.square(place[:, None] - place[None]).sum(axis=2)
            np.fill_diagonal(apart, np.inf)
            apart[:, self.filled[rows]] = np.inf
            some = min(count, len(rows) - 1)
            nearest = np.argsort(apart, axis=1, kind="stable")[:, :some]
            there = np.isfinite(np.take_along_axis(apart, nearest, axis=1))
            found[rows, :some] = np.where(there, rows[nearest], -1)
        return found

    def bridged(self, most: int) -> Scene:
        """The same with gaps of at most so many steps filled, by straight lines between the ends.

        Raises:
            ArgumentError: The number is below 0.
        """
        whole_number("most", most, 0)
        missing = np.where(np.diff(self.who) == 0, np.diff(self.steps) - 1, 0)
        ends = np.flatnonzero((missing > 0) & (missing <= most))
        row = np.repeat(ends, missing[ends])  # of each step that is missing, the one before the gap
        if not len(row):
            return self
        nth = np.arange(len(row)) - np.searchsorted(row, row) + 1
        part = (nth / (missing[row] + 1))[:, None]
        places = (1 - part) * self.values[row] + part * self.values[row + 1]
        return replace(
            self,
            who=np.concatenate([self.who, self.who[row]]),
            steps=np.concatenate([self.steps, self.steps[row] + nth]),
            values=np.concatenate([self.values, places]),
            filled=np.concatenate([self.filled, np.ones(len(row), bool)]),
        )

    def until(self, step: int) -> Scene:
        """What was seen up to a step, that one included."""
        return self._of(self.steps <= step)

    def after(self, step: int) -> Scene:
        """What was seen from the step behind that one on."""
        return self._of(self.steps > step)

    def _of(self, kept: np.ndarray) -> Scene:
        """The observations chosen; of what is filled only what still lies between two places."""
        seen = np.flatnonzero(kept & ~self.filled)
        rows = np.arange(len(self))
        place = np.searchsorted(seen, rows)
        before, after = np.maximum(place - 1, 0), np.minimum(place, len(seen) - 1)
        if len(seen):
            between = (seen[before] < rows) & (rows < seen[after])
            between &= (self.who[seen[before]] == self.who) & (self.who[seen[after]] == self.who)
            kept = kept & (~self.filled | between)
        else:
            kept = np.zeros(len(self), bool)
        told = {name: getattr(self, name)[kept] for name in ("who", "steps", "values", "filled")}
        return replace(self, **told)


@dataclass(frozen=True, eq=False)
class Paths:
    """Scenes of agents that move.

    >>> line = np.stack([np.arange(30.0), np.zeros(30)], axis=1)
    >>> scene = Scene("street", ("a",), np.zeros(30, int), np.arange(30), line)
    >>> len(Paths((scene,)).windows(8, 12))
    11

    Attributes:
        scenes: Any number.
        columns: What the C numbers of an observation are: x, y and perhaps more.
        unit: Of x and y, as "m"; empty where it is not known.
        name: Of the data.
        notes: What was repaired, left out or inferred, in sentences.
        written: How their files were read, for those that are read later.
    """

    input: ClassVar[str] = "paths"

    scenes: tuple[Scene, ...]
    columns: tuple[str, ...] = ("x", "y")
    unit: str = ""
    name: str = "paths"
    notes: tuple[str, ...] = ()
    written: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenes", tuple(self.scenes))
        names = [scene.name for scene in self.scenes]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(self.name, f"two scenes called {twice!r}", "names that differ")
        for scene in self.scenes:
            if scene.values.shape[1] != len(self.columns):
                found = f"{scene.values.shape[1]} numbers of each observation"
                raise ShapeError(f"{self.name}, {scene.name}", found, f"{list(self.columns)}")

    def __len__(self) -> int:
        """How many scenes there are."""
        return len(self.scenes)

    @property
    def agents(self) -> int:
        """How many agents are in all scenes."""
        return sum(len(scene.agents) for scene in self.scenes)

    @property
    def observations(self) -> int:
        """How many observations there are."""
        return sum(map(len, self.scenes))

    def select(self, names: Sequence[str]) -> Paths:
        """The scenes of these names, in this order.

        Raises:
            ArgumentError: There is none of that name.
        """
        known = {scene.name: scene for scene in self.scenes}
        for name in names:
            if name not in known:
                raise ArgumentError("scenes", f"no scene {name!r}", f"one of {', '.join(known)}")
        return replace(self, scenes=tuple(known[name] for name in names))

    def windows(self, seen: int, ahead: int, stride: int = 1) -> PathWindows:
        """All windows of agents that were there at each step of one.

        The last step that is read and the last one of all are no filled ones: so nothing that is
        read was filled by what follows, and every path ends where an agent was seen.

        Args:
            seen: Steps that are read, ≥ 2.
            ahead: Steps that follow, ≥ 0.
            stride: Steps from one window of an agent to the next, ≥ 1.

        Raises:
            ArgumentError: A number is below its least.
        """
        whole_number("seen", seen, 2)
        whole_number("ahead", ahead, 0)
        whole_number("stride", stride, 1)
        scenes, rows = [], []
        for k, scene in enumerate(self.scenes):
            for begin, end in zip(scene.breaks[:-1], scene.breaks[1:], strict=True):
                starts = np.arange(begin, end - (seen + ahead) + 1, stride)
                ends = starts + seen - 1
                starts = starts[~(scene.filled[ends] | scene.filled[ends + ahead])]
                rows.append(starts)
                scenes.append(np.full(len(starts), k))
        return PathWindows(self, seen, ahead, _joined(scenes), _joined(rows))

    def latest(self, seen: int, every: bool = False) -> tuple[PathWindows, dict[str, int]]:
        """A window for each agent, up to its last step; and what was left out or filled.

        An agent that was seen for fewer steps has a window that begins before it: `PathWindows`
        has it move there as it moved first. One that was seen once moves in no known way.

        Args:
            seen: Steps that are read, ≥ 2.
            every: Whether agents are asked for, too, that were not seen at the scene's last step.

        Returns:
            The windows; and how many agents had gone before the last step (`gone`), were seen once
            (`once`) and for fewer steps than are read (`short`).
        """
        whole_number("seen", seen, 2)
        counted = {"gone": 0, "once": 0, "short": 0}
        scenes, rows, short = [], [], []
        for k, scene in enumerate(self.scenes):
            ends = np.flatnonzero(np.diff(scene.who, append=len(scene.agents)) != 0)
            begins = scene.breaks[np.searchsorted(scene.breaks, ends, side="right") - 1]
            there = np.ones(len(ends), bool) if every else scene.steps[ends] == scene.last
            once = there & (ends == begins)
            counted["gone"] += int((~there).sum())
            counted["once"] += int(once.sum())
            kept = there & ~once
            known = np.minimum(ends - begins + 1, seen)[kept]
            counted["short"] += int((known < seen).sum())
            rows.append(ends[kept] - seen + 1)
            short.append(seen - known)
            scenes.append(np.full(int(kept.sum()), k))
        found = PathWindows(self, seen, 0, _joined(scenes), _joined(rows), _joined(short))
        return found, counted

    def described(self) -> str:
        """How much there is, in words."""
        said = f"{many(len(self), 'scene')}, {many(self.agents, 'agent')}"
        return f"{said}, {many(self.observations, 'observation')}"

    def fingerprint(self) -> str:
        """A checksum of all that is seen, in eight letters."""
        code = 0
        for scene in self.scenes:
            for array in (scene.who, scene.steps, scene.values):
                code = zlib.crc32(np.ascontiguousarray(array).data, code)
        return f"{code:08x}"


@dataclass(frozen=True, eq=False)
class PathWindows:
    """Windows of paths: of each the scene, and the row at which it begins.

    Attributes:
        paths: What they are cut from.
        seen: Steps that are read.
        ahead: Steps that follow.
        scene: Of each of W windows, `[W]`.
        rows: Its first row in the scene, `[W]`.
        short: How many of the first steps were not seen, `[W]`; None: none of any.
    """

    paths: Paths
    seen: int
    ahead: int
    scene: Int[np.ndarray, "W"]
    rows: Int[np.ndarray, "W"]
    short: Int[np.ndarray, "W"] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ends(self) -> Int[np.ndarray, "W"]:
        """The last step that is read of each, in its scene's steps."""
        return self._gathered(lambda scene, rows: scene.steps[rows + self.seen - 1])

    @cached_property
    def who(self) -> Int[np.ndarray, "W"]:
        """The agent of each, by its number in its scene."""
        return self._gathered(lambda scene, rows: scene.who[rows + self.seen - 1])

    def agents(self) -> list[tuple[str, str]]:
        """The names of scene and agent of each."""
        scenes = [self.paths.scenes[k] for k in self.scene]
        return [(one.name, one.agents[who]) for one, who in zip(scenes, self.who, strict=True)]

    def values(self) -> Float[np.ndarray, "W L C"]:
        """What is known at each of the `seen + ahead` steps; before the first one seen made up."""
        span = np.arange(self.seen + self.ahead)
        lead = np.zeros(len(self), np.int64) if self.short is None else self.short
        place = np.maximum(self.rows[:, None] + span, (self.rows + lead)[:, None])
        found = self._gathered(lambda scene, rows: scene.values[rows], place)
        if lead.any():
            missing = (lead[:, None] - span)[..., None] * (span < lead[:, None])[..., None]
            first = np.take_along_axis(found, np.stack([lead, lead + 1], 1)[..., None], axis=1)
            found[..., :2] -= missing * np.diff(first[..., :2], axis=1)
        return found

    def others(self, count: int) -> Float[np.ndarray, "W S count 4"]:
        """Places and velocities of the nearest others at each step read, NaN where there is none.

        In the data's own unit and axes: x, y, and how far it came since the step before.
        """
        span = np.arange(self.seen)
        lead = np.zeros(len(self), np.int64) if self.short is None else self.short
        place = np.maximum(self.rows[:, None] + span, (self.rows + lead)[:, None])

        def of(scene: Scene, rows: np.ndarray) -> np.ndarray:
            near = scene.nearest(count)[rows]
            told = np.concatenate([scene.values[:, :2], scene.velocity], axis=1)
            found = told[near]
            found[near < 0] = np.nan
            return found

        found = self._gathered(of, place, (count, 4))
        found[span < lead[:, None]] = np.nan
        return found

    def came(self, ahead: int) -> Float[np.ndarray, "W ahead 2"]:
        """Where each agent was in the steps behind its window; NaN where it was not seen."""
        place = self.rows[:, None] + self.seen + np.arange(ahead)

        def of(scene: Scene, rows: np.ndarray) -> np.ndarray:
            first = rows[:, :1] - 1  # the last step that is read
            end = scene.breaks[np.searchsorted(scene.breaks, first, side="right")]
            there = np.minimum(rows, len(scene) - 1)
            known = (rows < end) & ~scene.filled[there]
            return np.where(known[..., None], scene.values[there, :2], np.nan)

        return self._gathered(of, place, (2,))

    def select(self, rows: Any) -> Self:
        """The windows at `rows` (indices, a slice or a mask `[W]`)."""
        short = None if self.short is None else self.short[rows]
        return replace(self, scene=self.scene[rows], rows=self.rows[rows], short=short)

    def _gathered(self, of: Any, rows: np.ndarray | None = None, more: tuple = ()) -> np.ndarray:
        """What `of(scene, rows)` gives, for the windows of each scene."""
        rows = self.rows if rows is None else rows
        found = None
        for k in np.unique(self.scene):
            chosen = self.scene == k
            some = of(self.paths.scenes[k], rows[chosen])
            if found is None:
                found = np.zeros((len(self), *some.shape[1:]), some.dtype)
            found[chosen] = some
        if found is None:  # not one window
            width = (len(self.paths.columns),) if rows.ndim == 2 else ()
            return np.zeros((*rows.shape, *(more or width)), np.float64 if rows.ndim == 2 else int)
        return found


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)
