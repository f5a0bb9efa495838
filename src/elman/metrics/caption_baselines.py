"""What a captioner must beat: always the same caption, and that of the nearest known item.

    baselines = fit_captions(vectors, captions)
    baselines.answers(new)  # {"the most frequent caption": ["a cat", …], …}

They are fitted on the training part, travel with the model as a few arrays, and answer in plain
NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError, ShapeError
from elman.metrics.linear_answers import array_of

__all__ = ["FREQUENT", "MOST_BYTES", "NEAREST", "CaptionBaselines", "fit_captions", "vectors_of"]

FREQUENT = "the most frequent caption"
NEAREST = "the nearest training item's caption"
MOST_BYTES = 2**23
"""Most bytes of vectors that are kept; of more items some are drawn."""

_WIDEST = 1024  # numbers that an item is compared by; of more the means of runs of them
_TOGETHER = 256  # items that are compared at once


def vectors_of(
    items: Num[np.ndarray, "N *I"], lengths: np.ndarray | None = None
) -> Float[np.ndarray, "N F"]:
    """What items are compared by: their numbers side by side, or means over neighbouring ones.

    Args:
        items: Vectors, sequences or images; of sequences with lengths the mean of the real steps.
        lengths: Real steps of each, or None.
    """
    if lengths is not None:
        real = np.arange(items.shape[1]) < lengths[:, None]
        steps = np.where(real[:, :, None], items, 0)
        return (steps.sum(axis=1) / lengths[:, None]).astype(np.float32)
    if items.ndim > 2 and items[0].size > _WIDEST:
        block = int(np.ceil(np.sqrt(items[0].size / _WIDEST)))
        items = _blocks(_blocks(items, 1, block), 2, block)
    return items.reshape(len(items), -1).astype(np.float32)


def _blocks(items: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Means of so many neighbours along an axis; what is left over at its end is their last."""
    starts = np.arange(0, items.shape[axis], size)
    counts = np.diff(np.append(starts, items.shape[axis]))
    shape = [-1 if k == axis else 1 for k in range(items.ndim)]
    return np.add.reduceat(items.astype(np.float32), starts, axis) / counts.reshape(shape)


@dataclass(frozen=True, eq=False)
class CaptionBaselines:
    """Two ways to caption an item without a network.

    Attributes:
        frequent: The caption that is said most often.
        vectors: Of M known items, as `vectors_of` gives them: float32 `[M, F]`.
        captions: Of each its first caption.
        available: Items that there were.
    """

    frequent: str
    vectors: np.ndarray
    captions: tuple[str, ...]
    available: int

    @property
    def names(self) -> tuple[str, str]:
        """How to print the two."""
        return FREQUENT, NEAREST

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        kept = len(self.captions)
        if kept == self.available:
            return ()
        return (f"the nearest training item is one of {kept:,} of {self.available:,}, drawn",)

    def answers(self, vectors: Float[np.ndarray, "N F"]) -> dict[str, list[str]]:
        """What each says of N items, by its name; of equally near items the first one's."""
        near: list[str] = []
        known = self.vectors.astype(np.float64)
        sizes = (known**2).sum(axis=1)
        for start in range(0, len(vectors), _TOGETHER):
            asked = vectors[start : start + _TOGETHER].astype(np.float64)
            distances = sizes - 2 * asked @ known.T  # less what is the same for all
            near += [self.captions[k] for k in distances.argmin(axis=1).tolist()]
        return {FREQUENT: [self.frequent] * len(vectors), NEAREST: near}

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        packed = pack_strings([self.frequent, *self.captions])
        return {
            "caption_vectors": self.vectors,
            "captions_available": np.array([self.available], dtype=np.int64),
            **{f"captions_{name}": part for name, part in packed.items()},
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> CaptionBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        vectors, available = (
            array_of(tensors, name) for name in ("caption_vectors", "captions_available")
        )
        packed = {k: array_of(tensors, f"captions_{k}") for k in ("bytes", "offsets")}
        frequent, *captions = unpack_strings(packed, "baselines, captions") or [""]
        sound = vectors.ndim == 2 and vectors.dtype == np.float32 and available.shape == (1,)
        if not sound or not captions or len(vectors) != len(captions):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(frequent, vectors, tuple(captions), int(available[0]))


def fit_captions(
    vectors: Float[np.ndarray, "N F"], references: Sequence[Sequence[str]], seed: int = 0
) -> CaptionBaselines:
    """Fit the baselines of a captioner on its training part.

    Args:
        vectors: Of N items, as `vectors_of` gives them.
        references: For each one or more captions.
        seed: Draws items where there are too many (`MOST_BYTES`).

    Raises:
        ShapeError: There is no item, or not as many of both.
    """
    if len(vectors) != len(references) or not len(vectors):
        found = f"{len(references):,} for {len(vectors):,} items"
        raise ShapeError("references", found, "as many of both, and at least one")
    counted = Counter(text for right in references for text in right)
    frequent = max(counted, key=lambda text: counted[text])  # of equally frequent ones the first
    most = max(1, MOST_BYTES // max(vectors[0].nbytes, 1))
    rows = np.arange(len(vectors))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
    captions = tuple(references[row][0] for row in rows.tolist())
    return CaptionBaselines(frequent, vectors[rows].astype(np.float32), captions, len(vectors))
