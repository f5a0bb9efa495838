"""Windows of paths as a network reads them, and what it says as places.

Each window is seen from its agent: the last place is the origin, the heading the first axis, the
typical step of the training part the unit. What comes is told as the deviation from constant
velocity, in coordinates in which the deviations of the training part are uncorrelated and of
variance one. So one number of these is a whole bend or a whole slowing down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Bool, Float

from elman.errors import BundleError

__all__ = ["NEIGHBOURS", "Framed", "PathFrames"]

NEIGHBOURS = ("none", "nearest", "grid")
"""How others are told of: not; some nearest ones side by side; all near ones pooled in a grid."""

NEAREST = 4
"""Others that are told of side by side."""
POOLED = 12
"""Others that are pooled in a grid, at most."""

_STILL = 0.1  # of the typical step: whoever moves less has no heading
_RECENT = 3  # steps whose mean is the heading
_RINGS = (4.0, 10.0)  # typical steps: where one ring of the grid ends
_SECTORS = 8
_NEAR, _SOON = 6.0, 8.0  # typical steps, and steps, at which a neighbour counts half or less
_FLOOR = 1e-4  # of the greatest variance: what less varies is not told apart


@dataclass(frozen=True, eq=False)
class Framed:
    """Windows as their agents see them, in typical steps.

    Attributes:
        seen: Places `[W, S, 2]`; the last is the origin.
        others: Places and velocities of others `[W, S, N, 4]`, NaN where there is none.
        extra: What else is told of each step, `[W, S, E]`, of mean 0 and deviation 1.
        heading: Whether the first axis is a heading, `[W]`; of who stands still it is the data's.
        origin: The last place, in the data's own unit and axes, `[W, 2]`.
        turn: Cosine and sine of the heading, `[W, 2]`.
        future: Deviations from constant velocity `[W, H, 2]`; None: not known.
    """

    seen: Float[np.ndarray, "W S 2"]
    others: Float[np.ndarray, "W S N 4"]
    extra: Float[np.ndarray, "W S E"]
    heading: Bool[np.ndarray, "W"]
    origin: Float[np.ndarray, "W 2"]
    turn: Float[np.ndarray, "W 2"]
    future: Float[np.ndarray, "W H 2"] | None = None

    def __len__(self) -> int:
        return len(self.seen)

    def select(self, rows: Any) -> Framed:
        """The windows at `rows`."""
        told: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        chosen: Any = {k: None if one is None else one[rows] for k, one in told.items()}
        return Framed(**chosen)

    def seen_otherwise(
        self, mirrored: Bool[np.ndarray, "W"], quarters: Float[np.ndarray, "W"]
    ) -> Framed:
        """The same windows in a mirror, and turned by quarters where there is no heading.

        Only what a network learns from: `origin` and `turn` stay as they are.
        """
        sign = np.where(mirrored, -1.0, 1.0).astype(self.seen.dtype)
        quarters = np.where(self.heading, 0, quarters)
        cos = np.array([1, 0, -1, 0], self.seen.dtype)[quarters]
        sin = np.array([0, 1, 0, -1], self.seen.dtype)[quarters]

        def seen(vectors: np.ndarray) -> np.ndarray:
            shape = (-1,) + (1,) * (vectors.ndim - 2)
            x, y = vectors[..., 0], vectors[..., 1] * sign.reshape(shape)
            a, b = cos.reshape(shape), sin.reshape(shape)
            return np.stack([a * x - b * y, b * x + a * y], axis=-1)

        others = np.concatenate([seen(self.others[..., :2]), seen(self.others[..., 2:])], axis=-1)
        future = None if self.future is None else seen(self.future)
        return replace(self, seen=seen(self.seen), others=others, future=future)


@dataclass(frozen=True, eq=False)
class PathFrames:
    """How windows are told to a network, fitted to a training part.

    Attributes:
        scale: The typical step: root mean square, in the data's own unit, > 0.
        neighbours: One of `NEIGHBOURS`.
        mean: Of the further columns, `[E]`.
        deviation: Likewise, > 0.
        basis: Along and across the heading, of each of H coordinates the deviation from constant
            velocity that it stands for, `[2, H, H]`: `basis[axis, :, k]` for the k-th.
    """

    scale: float
    neighbours: str
    mean: Float[np.ndarray, " E"]
    deviation: Float[np.ndarray, " E"]
    basis: Float[np.ndarray, "2 H H"]

    names: ClassVar = ("scale", "mean", "deviation", "basis")

    @classmethod
    def fit(cls, values: Float[np.ndarray, "W L C"], ahead: int, neighbours: str) -> Self:
        """What suits some windows.

        Args:
            values: Of each of L = S + H steps: x, y, and what else is told.
            ahead: H, steps that are forecast.
            neighbours: One of `NEIGHBOURS`.
        """
        moved = np.diff(values[..., :2], axis=1)
        scale = float(np.sqrt(np.square(moved).sum(axis=2).mean())) if len(values) else 0.0
        extra = values[:, : values.shape[1] - ahead, 2:]
        extra = extra.reshape(extra.shape[0] * extra.shape[1], extra.shape[2])
        deviation = extra.std(axis=0)
        blank = cls(
            scale if scale > 0 else 1.0,
            neighbours,
            extra.mean(axis=0),
            np.where(deviation > 0, deviation, 1.0),
            np.stack([np.eye(ahead)] * 2),
        )
        nobody = np.zeros((len(values), values.shape[1] - ahead, 0, 4))
        framed = blank.framed(values[:, : values.shape[1] - ahead], nobody, values[:, -ahead:, :2])
        assert framed.future is not None
        # Who has no heading deviates alike along and across.
        return replace(blank, basis=np.stack([_basis(framed.future[..., k]) for k in range(2)]))

    @property
    def ahead(self) -> int:
        """H, steps that are forecast."""
        return self.basis.shape[1]

    @property
    def told_of(self) -> int:
        """Of how many others a window holds places."""
        return {"none": 0, "nearest": NEAREST, "grid": POOLED}[self.neighbours]

    @property
    def features(self) -> int:
        """Numbers that are read of each step."""
        cells = (len(_RINGS) + 1) * _SECTORS
        pooled = {"none": 0, "nearest": 8 * NEAREST, "grid": 4 * cells}[self.neighbours]
        return 8 + len(self.mean) + pooled

    def framed(
        self,
        seen: Float[np.ndarray, "W S C"],
        others: Float[np.ndarray, "W S N 4"],
        came: Float[np.ndarray, "W H 2"] | None = None,
    ) -> Framed:
        """Windows as their agents see them.

        Args:
            seen: x, y and the further columns at each step read, in the data's own unit.
            others: Places and velocities of others, likewise; NaN where there is none.
            came: The places that came; None: not known.
        """
        place = seen[..., :2]
        turn, heading = self._turns(place)
        origin = place[:, -1]

        def turned(vectors: np.ndarray) -> np.ndarray:
            shape = (-1,) + (1,) * (vectors.ndim - 2)
            cos, sin = turn[:, 0].reshape(shape), turn[:, 1].reshape(shape)
            x, y = vectors[..., 0], vectors[..., 1]
            return (np.stack([cos * x + sin * y, cos * y - sin * x], -1) / self.scale).astype("f4")

        near = turned(others[..., :2] - origin[:, None, None])
        future = None
        if came is not None:
            steps = np.arange(1.0, came.shape[1] + 1)[:, None]
            onward = origin[:, None] + steps * (place[:, -1] - place[:, -2])[:, None]
            future = turned(came - onward)
        return Framed(
            turned(place - origin[:, None]),
            np.concatenate([near, turned(others[..., 2:])], axis=-1),
            ((seen[..., 2:] - self.mean) / self.deviation).astype("f4"),
            heading,
            origin,
            turn,
            future,
        )

    def inputs(self, framed: Framed) -> Float[np.ndarray, "W S F"]:
        """What a network reads, float32.

        Of each step the place, how far it came since the step before, by how much that differs
        from the last step, its length and whether there is a heading; then the further columns,
        and what is told of others.
        """
        seen = framed.seen
        moved = np.diff(seen, axis=1, prepend=2 * seen[:, :1] - seen[:, 1:2])
        length = np.sqrt(np.square(moved).sum(axis=2, keepdims=True))
        heading = np.broadcast_to(framed.heading[:, None, None], length.shape)
        parts = [0.2 * seen, moved, moved - moved[:, -1:], length, heading, framed.extra]
        if self.neighbours == "nearest":
            parts.append(_side_by_side(framed, moved))
        elif self.neighbours == "grid":
            parts.append(_in_grid(framed, moved))
        return np.concatenate(parts, axis=2, dtype=np.float32)

    def coded(self, future: Float[np.ndarray, "W H 2"]) -> Float[np.ndarray, "W 2H"]:
        """Deviations from constant velocity in uncorrelated coordinates, along, then across."""
        solved = [np.linalg.solve(self.basis[axis], future[..., axis].T).T for axis in range(2)]
        return np.concatenate(solved, axis=1).astype(np.float32)

    def decoded(self, coded: Float[np.ndarray, "... 2H"]) -> Float[np.ndarray, "... H 2"]:
        """The deviations, in typical steps, that coordinates stand for."""
        parts = np.split(np.asarray(coded, np.float64), 2, axis=-1)
        return np.stack([one @ self.basis[k].T for k, one in enumerate(parts)], axis=-1)

    def outward(
        self, framed: Framed, deviations: Float[np.ndarray, "W ... H 2"]
    ) -> Float[np.ndarray, "W ... H 2"]:
        """Deviations of framed windows in the data's own unit and axes."""
        shape = (-1,) + (1,) * (deviations.ndim - 2)
        cos, sin = framed.turn[:, 0].reshape(shape), framed.turn[:, 1].reshape(shape)
        x, y = deviations[..., 0], deviations[..., 1]
        return self.scale * np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)

    def _turns(
        self, place: Float[np.ndarray, "W S 2"]
    ) -> tuple[Float[np.ndarray, "W 2"], Bool[np.ndarray, "W"]]:
        """Cosine and sine of each heading, and whether there is one."""
        recent = min(_RECENT, place.shape[1] - 1)
        moved = (place[:, -1] - place[:, -1 - recent]) / recent
        length = np.sqrt(np.square(moved).sum(axis=1))
        heading = length > _STILL * self.scale
        turn = np.where(heading[:, None], moved / np.maximum(length, 1e-300)[:, None], [1.0, 0.0])
        return turn, heading

    # ---- model files --------------------------------------------------------------------------

    def tensors(self) -> dict[str, np.ndarray]:
        """As arrays for a model file."""
        return {name: np.atleast_1d(getattr(self, name)) for name in self.names}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], neighbours: str) -> Self:
        """What `tensors` gave.

        Raises:
            BundleError: It is none, or not finite.
        """
        arrays = {name: tensors.get(name) for name in cls.names}
        scale, mean, deviation, basis = arrays.values()
        fits = neighbours in NEIGHBOURS and all(one is not None for one in arrays.values())
        if not fits or basis is None or scale is None or mean is None or deviation is None:
            raise BundleError("frames", "a part is missing", "save the model again")
        if not all(np.isfinite(one).all() for one in (basis, scale, mean, deviation)):
            raise BundleError("frames", "not finite", "save the model again")
        shaped = basis.ndim == 3 and basis.shape[0] == 2 and basis.shape[1] == basis.shape[2]
        shaped = shaped and scale.shape == (1,) and mean.ndim == 1 and mean.shape == deviation.shape
        if not shaped or not scale[0] > 0 or not (deviation > 0).all():
            raise BundleError("frames", "of other shapes or signs", "save the model again")
        return cls(float(scale[0]), neighbours, mean, deviation, basis)


def _basis(deviations: Float[np.ndarray, "W H"]) -> Float[np.ndarray, "H H"]:
    """Coordinates in which deviations are uncorrelated and of variance one, the largest first."""
    ahead = deviations.shape[1]
    if not len(deviations):
        return np.eye(ahead)
    spread = deviations.T.astype(np.float64) @ deviations / len(deviations)
    variance, axes = np.linalg.eigh(spread)
    order = np.argsort(-variance, kind="stable")
    axes = axes[:, order] * np.where(axes[:, order].sum(axis=0) < 0, -1.0, 1.0)
    most = max(float(variance.max()), 1e-8)
    return axes * np.sqrt(np.maximum(variance[order], _FLOOR * most))


def _near(framed: Framed, moved: Float[np.ndarray, "W S 2"]) -> tuple[np.ndarray, ...]:
    """Of each other: place and velocity relative to the agent, nearness, how soon it is nearest.

    Places `[W, S, N, 2]`, velocities likewise, the rest `[W, S, N]`; zero where there is none.
    """
    there = np.isfinite(framed.others[..., 0])
    others = np.where(there[..., None], framed.others, np.float32(0))
    place = others[..., :2] - framed.seen[:, :, None]
    velocity = others[..., 2:] - moved[:, :, None]
    distance = np.sqrt(np.square(place).sum(axis=-1))
    near = there / (1 + np.square(distance / _NEAR))
    speed = np.square(velocity).sum(axis=-1) + 1e-3
    soon = np.clip(-(place * velocity).sum(axis=-1) / speed, 0.0, 20.0)
    passing = place + soon[..., None] * velocity
    missed = np.sqrt(np.square(passing).sum(axis=-1))
    danger = there * (soon > 0) * np.exp(-soon / _SOON - missed / 3)
    unit = place / (1 + distance)[..., None]
    return unit, velocity, near, danger, passing / (1 + missed)[..., None], distance, place


def _side_by_side(framed: Framed, moved: np.ndarray) -> np.ndarray:
    unit, velocity, near, danger, passing, _, _ = _near(framed, moved)
    told = [
        near[..., None],
        near[..., None] * unit,
        near[..., None] * velocity,
        danger[..., None],
        danger[..., None] * passing,
    ]
    found = np.concatenate(told, axis=-1)
    return found.reshape(*found.shape[:2], -1)


def _in_grid(framed: Framed, moved: np.ndarray) -> np.ndarray:
    """Sums over the others in each cell: nearness, relative velocity, how soon they are near."""
    _, velocity, near, danger, _, distance, place = _near(framed, moved)
    angle = np.arctan2(place[..., 1], place[..., 0])
    # Sectors lie evenly about the heading, so a mirror turns each into another.
    sector = np.floor(angle / (2 * np.pi) * _SECTORS).astype(int) % _SECTORS
    cell = np.searchsorted(_RINGS, distance) * _SECTORS + sector
    told = np.stack([near, near * velocity[..., 0], near * velocity[..., 1], danger], axis=-1)
    cells = (len(_RINGS) + 1) * _SECTORS
    found = np.zeros((*cell.shape[:2], cells, 4), np.float32)
    w, s = np.indices(cell.shape[:2])
    for n in range(cell.shape[2]):
        found[w, s, cell[:, :, n]] += told[:, :, n]
    return found.reshape(*found.shape[:2], -1)
