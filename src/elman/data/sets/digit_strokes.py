"""scikit-learn's digits as a pen would have drawn them: made when they are read.

Each image of 8 by 8 pixels is traced by a template of its class, a few strokes: of the class's
templates the one whose ink lies best. A template is laid onto the image by the moments of its ink
(place, size, slant), then its points are drawn towards the ink near them, smoothly along each
stroke. So every digit has the shape of one handwriting, and the order of strokes is made up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.data.drawings import Drawings
from elman.data.sets import catalogue
from elman.data.sets.splitting import split_by_hash
from elman.errors import ArgumentError
from elman.parameters import whole_number
from elman.transforms import strokes as pens

__all__ = ["digit_numbers", "digit_strokes"]

_TEMPLATES: dict[int, tuple[tuple[str, ...], ...]] = {
    0: (("5,0 1.5,2 0.5,5 1.5,8.5 5,10 8,8.5 9,5 8,2 5,0",),),
    1: (("5.5,0 5.2,3 5,6 5,10",), ("2.5,3 5.5,0 5.2,4 5,10",)),
    2: (
        ("1.5,2.5 3,0.5 6,0.3 7.5,2.5 6.5,5 4,7.5 1,9.8 4.5,9.5 9,9.6",),
        ("1.5,2 4,0.2 7,1 7.5,3.5 5.5,6.5 2,9 2.5,7.8 5,8.8 9,9.5",),
    ),
    3: (("1.5,1.2 4.5,0 7.5,1.5 7,3.8 4,4.8 7.3,5.8 8,8 5.5,9.8 1.5,9",),),
    4: (
        ("4,0 2.5,3 1,6 5,6 9,5.8", "6.5,3 6,6 5.8,10"),
        ("2.5,1 2,4 2.5,5.5 5,5.5 7,4.8", "7.5,0.5 6.8,5 6.2,10"),
        ("6,0 3.5,3 1,6.5 5,6.6 9,6.5", "6,0 6,5 6,10"),
    ),
    5: (
        ("3,0.3 2.6,2 2.2,4.3 5,3.8 7.8,5.5 7.6,8.3 5,9.8 1.5,9.2", "3,0.3 5.5,0.4 8.5,0.2"),
        ("8.5,0.3 3.2,0.5 2.4,4.5 5.5,4 7.8,6 7,9 4.2,10 1.5,9.2",),
    ),
    6: (("6.5,0 3.5,2.5 1.8,6 2.2,9 5,10 7.8,8.5 7.2,6.2 4.5,5.5 2.2,7.2",),),
    7: (
        ("1,0.6 4.5,0.4 8.5,0.3 6.5,4 4.8,7 4,10",),
        ("1,0.8 4.5,0.4 8.5,0.3 6.5,4 4.8,7 4,10", "2.5,5.2 5,5 8,4.8"),
    ),
    8: (
        ("7.5,1.8 5,0 2.3,1.8 4,4.3 7,6.3 7.6,8.6 5,10 2.2,8.6 3.2,6.2 6.5,3.8 7.5,1.8",),
        ("5,4.6 2.4,2.4 5,0.1 7.6,2.4 5,4.6 2,7.3 5,10 8,7.3 5,4.6",),
    ),
    9: (
        ("7.5,2.5 5,0.2 2.2,2.2 3,4.8 5.8,4.8 7.5,2.5 7.2,6 5.5,10",),
        ("7.5,2.5 5,0.2 2.2,2.2 3,4.8 5.8,4.8 7.5,2.5 7.5,7 5.5,9.8 2,9.2",),
    ),
}
"""Of each digit its templates, of each their strokes: corners of smooth lines, in a box of 10."""

_STEP = 0.5  # pixels between two points while a template is fitted
_ROUNDS = ((1.5, 0.6, 3.0), (1.0, 0.7, 2.0), (0.8, 0.7, 1.5), (0.6, 0.7, 1.0))
"""Of each: how near ink is looked for, how far points go, how smoothly: pixels, share, points."""
_INERTIA = 0.1  # ink by which a point stays where it is
_TOLERANCE = 0.02  # of the drawing's size: what simplifying may leave out
_GAP = (0.1, 0.3)  # between the digits of a number, in digits' heights
_TURN = 0.06  # radians, at most, of a digit in a number


def digit_strokes(part: str = "all") -> Drawings:
    """1,797 handwritten digits as strokes, of size 1 and around their centres.

    Args:
        part: 'train', 'test' (of each class the fifth part whose numbers hash lowest, as of
            `digits`) or 'all'.

    Raises:
        ArgumentError: There is no such part.
        MissingExtraError: scikit-learn, whose digits these are, is not installed.
    """
    if part not in ("train", "test", "all"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    whole = _traced()
    assert whole.labels is not None
    return whole if part == "all" else whole.select(split_by_hash(whole.labels.astype(int), part))


def digit_numbers(count: int, seed: int, part: str = "train", digits: Any = (2, 4)) -> Drawings:
    """Numbers written in these digits, side by side, with what they say as their texts.

    Args:
        count: How many, ≥ 1.
        seed: Draws them: digits, their sizes, turns and gaps.
        part: Of the digits: 'train' or 'test', so that no digit is in both.
        digits: The fewest and the most of a number.

    Returns:
        Drawings of height 1; texts as "372".

    Raises:
        ArgumentError: An argument is outside its range.
    """
    whole_number("count", count, 1)
    least, most = (whole_number("digits", one, 1) for one in digits)
    if least > most:
        raise ArgumentError("digits", f"found {digits}", "the fewest, then the most")
    source, draws = digit_strokes(part), np.random.default_rng([seed, part == "test"])
    assert source.labels is not None
    drawings, texts = [], []
    for _ in range(count):
        rows = draws.integers(0, len(source), int(draws.integers(least, most + 1)))
        found, right = list[np.ndarray](), 0.0
        for row in rows:
            some = _turned(source.strokes(int(row)), draws)
            low = min(float(one[:, 0].min()) for one in some)
            found += [one + np.array([right - low, 0.0]) for one in some]
            right = max(float(one[:, 0].max()) for one in found) + float(draws.uniform(*_GAP))
        drawings.append(found)
        texts.append("".join(source.labels[rows]))
    name = f"digit_strokes/numbers, {part} part"
    return Drawings.of(drawings, texts=texts, name=name).normalised("height")


def _turned(some: list[np.ndarray], draws: np.random.Generator) -> list[np.ndarray]:
    """A digit a little turned, larger or smaller."""
    angle, size = draws.uniform(-_TURN, _TURN), draws.uniform(0.85, 1.0)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [one @ turn.T for one in some]


@lru_cache(maxsize=1)
def _traced() -> Drawings:
    catalogue.locate("digits")
    from sklearn.datasets import load_digits  # optional; locate has made sure of it

    found: Any = load_digits()
    templates = {digit: [*map(_template, told)] for digit, told in _TEMPLATES.items()}
    drawings = []
    for image, digit in zip(found.images / 16.0, found.target.tolist(), strict=True):
        fitted = [_fitted(image, template) for template in templates[digit]]
        drawings.append(min(fitted, key=lambda one: _mismatch(image, one)))
    whole = Drawings.of(drawings, labels=found.target, name="digit_strokes")
    return whole.normalised().simplified(_TOLERANCE).normalised()


def _template(told: tuple[str, ...]) -> list[np.ndarray]:
    corners = [np.array([[*map(float, one.split(","))] for one in stroke.split()])
               for stroke in told]  # fmt: skip
    return [_smooth(one * 0.7) for one in corners]  # in pixels


def _smooth(corners: np.ndarray) -> np.ndarray:
    """A line through corners (Catmull and Rom 1974), its points at equal distances."""
    padded = np.concatenate([2 * corners[:1] - corners[1:2], corners,
                             2 * corners[-1:] - corners[-2:-1]])  # fmt: skip
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = []
    for k in range(len(corners) - 1):
        a, b, c, d = padded[k : k + 4]
        square, cube = t**2, t**3
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * square
                            + (3 * b - 3 * c + d - a) * cube))  # fmt: skip
    line = np.concatenate([*parts, corners[-1:]])
    ended = np.arange(len(line)) == len(line) - 1
    return pens.resampled(line, ended, _STEP)[0]


def _fitted(image: Float[np.ndarray, "8 8"], template: list[np.ndarray]) -> list[np.ndarray]:
    """A template laid onto an image, its points drawn towards the ink near them."""
    places, ink = _ink(image)
    points = _laid(np.concatenate(template), places, ink)
    ends = np.cumsum([len(one) for one in template])[:-1]
    for near, share, smoothness in _ROUNDS:
        square = ((points[:, None] - places) ** 2).sum(axis=-1)
        # Of each place's ink so much is drawn by each point: all ink is drawn by some of them.
        drawn = np.exp(-0.5 * (square - square.min(axis=0)) / near**2)
        drawn *= ink / drawn.sum(axis=0)
        wanted = drawn @ places + _INERTIA * points
        wanted /= drawn.sum(axis=1, keepdims=True) + _INERTIA
        moves = np.split(share * (wanted - points), ends)
        points = points + np.concatenate([_evened(one, smoothness) for one in moves])
    return np.split(points, ends)


def _ink(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places `[M, 2]` in pixels, and how much ink is there."""
    y, x = np.nonzero(image > 0.15)
    return np.column_stack([x, y]).astype(float), image[y, x] ** 1.5


def _laid(points: np.ndarray, places: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Points with the mean and the spread of an image's ink, slant included."""
    share = ink / ink.sum()
    middle = share @ places
    wanted = (share[:, None] * (places - middle)).T @ (places - middle) - 0.1 * np.eye(2)
    own = np.cov(points.T, bias=True)
    lower = np.linalg.cholesky(_positive(wanted)) @ np.linalg.inv(np.linalg.cholesky(own))
    return (points - points.mean(axis=0)) @ lower.T + middle


def _positive(spread: np.ndarray) -> np.ndarray:
    """A spread of some pixels at least along each axis."""
    values, axes = np.linalg.eigh(spread)
    return (axes * np.maximum(values, 0.05)) @ axes.T


def _evened(moves: np.ndarray, smoothness: float) -> np.ndarray:
    """Moves of a stroke's points, averaged with those of the points beside them."""
    apart = np.arange(len(moves))[:, None] - np.arange(len(moves))
    weights = np.exp(-0.5 * (apart / smoothness) ** 2)
    return weights @ moves / weights.sum(axis=1, keepdims=True)


def _mismatch(image: np.ndarray, strokes: list[np.ndarray]) -> float:
    """How far ink lies from the strokes, and strokes from the ink, in pixels."""
    places, ink = _ink(image)
    points = np.concatenate(strokes)
    apart = np.sqrt(((points[:, None] - places) ** 2).sum(axis=-1))
    return float(ink @ apart.min(axis=0) / ink.sum() + apart.min(axis=1).mean())
