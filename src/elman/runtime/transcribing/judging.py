"""How good transcripts are: errors of labels, words and characters, beside what says always one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.metrics.edits import edits_of_all
from elman.printable import many
from elman.transforms.text import TextCodec

__all__ = ["SCORE", "SpokenBaselines", "card_of", "notes_on_silence", "verdict_of"]

SCORE = "label accuracy"
"""1 - edits for each true label; below 0 where there are more edits than labels."""


@dataclass(frozen=True)
class SpokenBaselines:
    """What says the same of every recording: the training part's most frequent text, or nothing.

    Attributes:
        text: The most frequent one; of equally frequent ones the first by spelling.
    """

    text: str

    @classmethod
    def fit(cls, texts: Sequence[str]) -> SpokenBaselines:
        """Of the texts of a training part."""
        counts = Counter(texts)
        return cls(min(counts, key=lambda text: (-counts[text], text)))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> SpokenBaselines:
        """What `tensors` gave; `BundleError` if it is something else."""
        (text,) = unpack_strings(dict(tensors), "most frequent text")
        return cls(text)

    def tensors(self) -> dict[str, np.ndarray]:
        """The same as arrays."""
        return pack_strings([self.text])

    def texts(self) -> dict[str, str]:
        """What each of them says."""
        return {"most frequent": self.text, "nothing": ""}


def card_of(said: Sequence[str], true: Sequence[str], codec: TextCodec) -> dict[str, Any]:
    """Scores of texts against those that are right.

    A label that the codec does not know can only be wrong.

    Returns:
        `SCORE`; `label_errors` (`substitutions`, `deletions`, `insertions`, `labels`, `rate`),
        `word_error_rate`, `character_error_rate`, `exact`: the share of texts that are right. What
        is not defined is None.
    """
    pairs = [*zip(true, said, strict=True)]
    labels = edits_of_all((_labels(a, codec), _labels(b, codec)) for a, b in pairs)
    words = edits_of_all((a.split(), b.split()) for a, b in pairs)
    letters = edits_of_all(pairs)
    counts = {"substitutions": labels.substitutions, "deletions": labels.deletions,
              "insertions": labels.insertions, "labels": labels.items}  # fmt: skip
    return {
        SCORE: None if labels.rate is None else 1 - labels.rate,
        "label_errors": {**counts, "rate": labels.rate},
        "word_error_rate": words.rate,
        "character_error_rate": letters.rate,
        "exact": sum(a == b for a, b in pairs) / len(pairs) if pairs else None,
    }


def verdict_of(score: float | None, baselines: Mapping[str, float | None]) -> str | None:
    """Whether a model is worth more than its baselines, in a sentence; None without any."""
    if score is None:
        return f"No verdict: {SCORE} is not defined here."
    known = {name: one for name, one in baselines.items() if one is not None}
    if not known:
        return None
    best = max(known, key=lambda name: known[name])
    worth = "more" if score > known[best] else "no more"
    return f"{SCORE} {score:.1%}: worth {worth} than the best baseline ({best}, {known[best]:.1%})."


def notes_on_silence(said: Sequence[str], true: Sequence[str]) -> tuple[str, ...]:
    """What is to be said where nearly all that a network says is blank."""
    spoken = [a for a, b in zip(said, true, strict=True) if b]
    silent = sum(not text for text in spoken)
    if not spoken or silent < 0.99 * len(spoken):
        return ()
    return (
        f"It says nothing of {silent:,} of {many(len(spoken), 'recording')}: every frame is blank, "
        "as at the beginning of each training with CTC. More epochs help, or a larger learning "
        "rate, scaled inputs, fewer frames for a label (a greater stride), and shorter recordings "
        "first.",
    )


def _labels(text: str, codec: TextCodec) -> list[Any]:
    """The labels of a text by id; an unknown one is what it is in the text, and equals none."""
    ids, pieces = codec.encode(text).tolist(), codec.pieces(text)
    return [
        ("unknown", piece) if one == codec.unknown else one
        for one, piece in zip(ids, pieces, strict=True)
    ]
