"""Drawings as plain data: what a pen drew, with what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from elman.errors import DataError, ShapeError
from elman.transforms import strokes

__all__ = ["Drawings"]


@dataclass(frozen=True, eq=False)
class Drawings:
    """Drawings, with what is to be learnt about each.

    >>> corner = Drawings.of([[np.array([[0.0, 0], [0, 1], [1, 1]])]], labels=["L"])
    >>> corner.points[0].shape, corner.up[0].tolist(), corner.labels.tolist()
    ((3, 2), [False, False, True], ['L'])

    Attributes:
        points: N arrays float64 `[P_i, 2]`, P ≥ 1: x to the right, y downwards.
        up: N arrays bool `[P_i]`: true where the pen is lifted behind a point. The last one is.
        times: N arrays float64 `[P_i]`, seconds; not a number where they are not known. Or None.
        labels: Classes `[N]`, strings; or None where nothing is known.
        texts: What is written in each, N of them; or None likewise.
        ids: N names of the drawings.
        name: Where they come from: the name of a set, or a path.
        notes: What was inferred, left out or turned round when they were read, in sentences.
        groups: What each belongs to `[N]`, as who drew it; or None.
        failed: What could not be read, and why, a sentence each: it is not among the N.
    """

    input: ClassVar[str] = "drawings"

    points: tuple[np.ndarray, ...]
    up: tuple[np.ndarray, ...]
    times: tuple[np.ndarray, ...] | None = None
    labels: np.ndarray | None = None
    texts: tuple[str, ...] | None = None
    ids: tuple[str, ...] = ()
    name: str = "drawings"
    notes: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    failed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        points = tuple(_points(one, n) for n, one in enumerate(self.points))
        up = tuple(np.asarray(one, bool) for one in self.up)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "up", up)
        if not self.ids:
            object.__setattr__(self, "ids", tuple(map(str, range(len(points)))))
        for name in ("up", "times", "labels", "texts", "ids", "groups"):
            found = getattr(self, name)
            if found is not None and len(found) != len(points):
                raise ShapeError(name, f"{len(found)} of them", f"{len(points)}, one a drawing")
        for n, (one, lifted) in enumerate(zip(points, up, strict=True)):
            if lifted.shape != (len(one),) or not lifted[-1]:
                found = f"found shape {lifted.shape}, ending with {lifted[-1:]}"
                raise ShapeError(f"up[{n}]", found, f"[{len(one)}], true at the last point")

    @classmethod
    def of(cls, drawings: Sequence[Sequence[Any]], **known: Any) -> Drawings:
        """Drawings of strokes.

        Args:
            drawings: N drawings: of each its strokes, arrays `[P_i, 2]` of x and y (downwards).
            known: Fields of the class: `labels=`, `texts=`, `groups=`, ...

        Raises:
            ShapeError: A stroke is no such array.
            DataError: A drawing has no point, or one that is not finite.
        """
        parts = []
        for n, one in enumerate(drawings):
            found = [_points(stroke, f"{n}, stroke {k}") for k, stroke in enumerate(one)]
            parts.append(strokes.joined_strokes(found))
        for name in ("labels", "groups"):
            if known.get(name) is not None:
                known[name] = np.asarray(known[name]).astype(str)
        if known.get("texts") is not None:
            known["texts"] = tuple(known["texts"])
        return cls(tuple(one for one, _ in parts), tuple(up for _, up in parts), **known)

    def __len__(self) -> int:
        return len(self.points)

    def strokes(self, row: int) -> list[np.ndarray]:
        """The strokes of a drawing, `[P_i, 2]` each."""
        return strokes.strokes_of(self.points[row], self.up[row])

    def select(self, rows: Any) -> Drawings:
        """The drawings at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]

        def some(values: Any) -> Any:
            return None if values is None else tuple(values[k] for k in chosen)

        return replace(
            self,
            points=some(self.points),
            up=some(self.up),
            times=some(self.times),
            labels=None if self.labels is None else self.labels[chosen],
            texts=some(self.texts),
            ids=some(self.ids),
            groups=None if self.groups is None else self.groups[chosen],
        )

    def normalised(self, size: str = "larger") -> Drawings:
        """Each around its centre and of size 1; see `elman.transforms.strokes.normalised`."""
        return replace(self, points=tuple(strokes.normalised(one, size) for one in self.points))

    def simplified(self, tolerance: float) -> Drawings:
        """With fewer points; see `elman.transforms.strokes.simplified`. Times are left out."""
        return self._changed(lambda points, up: strokes.simplified(points, up, tolerance))

    def resampled(self, step: float) -> Drawings:
        """With points at equal distances; see `elman.transforms.strokes.resampled`.

        Times are left out.
        """
        return self._changed(lambda points, up: strokes.resampled(points, up, step))

    def resampled_in_time(self, interval: float) -> Drawings:
        """With points at equal times; see `elman.transforms.strokes.resampled_in_time`.

        Raises:
            DataError: Times are not known.
        """
        if self.times is None:
            raise DataError(self.name, "has no times", "resampled, by length")
        each = zip(self.points, self.up, self.times, strict=True)
        return self._with([strokes.resampled_in_time(*one, interval) for one in each])

    def deformed(self, amount: float, seed: int) -> Drawings:
        """Each of size 1, and as by another hand; see `elman.transforms.strokes.deformed`.

        Args:
            amount: ≥ 0.
            seed: What is drawn is a function of it, and of the drawings' places.
        """
        draws = np.random.default_rng([seed, len(self)])
        found = [strokes.deformed(one, amount, draws) for one in self.normalised().points]
        return replace(self, points=tuple(found))

    def with_all(self, others: Sequence[Drawings]) -> Drawings:
        """These and others behind them, which are known as these are.

        Raises:
            ShapeError: Something is known of some of them only.
        """
        every = [self, *others]
        found: dict[str, Any] = {}
        for name in ("points", "up", "times", "texts", "labels", "groups"):
            known = [getattr(one, name) for one in every]
            missing = sum(one is None for one in known)
            if 0 < missing < len(known):
                raise ShapeError(name, f"not known of {missing} of {len(known)}", "of all, or none")
            if missing:
                found[name] = None
            elif name in ("labels", "groups"):
                found[name] = np.concatenate(known)
            else:
                found[name] = tuple(value for one in known for value in one)
        ids = tuple(f"{k}/{name}" if k else name for k, one in enumerate(every) for name in one.ids)
        return replace(self, ids=ids, **found)

    def steps(self) -> list[np.ndarray]:
        """Of each drawing the pen's steps `[P_i, 3]`: see `elman.transforms.strokes.as_steps`."""
        return [strokes.as_steps(*one) for one in zip(self.points, self.up, strict=True)]

    def _changed(self, change: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Drawings:
        return self._with([change(*one) for one in zip(self.points, self.up, strict=True)])

    def _with(self, parts: list[tuple[np.ndarray, np.ndarray]]) -> Drawings:
        points, up = tuple(one for one, _ in parts), tuple(lifted for _, lifted in parts)
        return replace(self, points=points, up=up, times=None)


def _points(given: Any, where: Any) -> np.ndarray:
    values = np.asarray(given)
    if values.ndim != 2 or values.shape[1] != 2 or values.dtype.kind not in "iuf":
        found = f"{values.dtype} of shape {values.shape}"
        raise ShapeError(f"drawing {where}", found, "points [P, 2]: x, and y downwards")
    values = values.astype(np.float64)
    if not len(values):
        raise DataError(f"drawing {where}", "has no point", "at least one")
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        found = f"point {row} is {values[row].tolist()}"
        raise DataError(f"drawing {where}", found, "finite numbers")
    return values
