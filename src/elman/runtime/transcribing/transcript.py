"""What was said in a recording, with times and how sure each label is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.decoding import Labels
from elman.transforms.text import TextCodec

__all__ = ["Transcript", "label_of", "spoken_ids", "token_of", "transcript_of"]


@dataclass(frozen=True, eq=False)
class Transcript:
    """What was said.

    Attributes:
        text: Of all labels.
        labels: As the codec shows them, U of them.
        times: Seconds `[U, 2]`: where each label begins and where it has ended, on the most
            probable path. A network that reads forward says a label once it is sure, mostly
            near its end.
        confidences: `[U]`: the greatest probability of each label at its frames.
        log_probability: In nats: of all paths that were followed.
        value: What it was ranked by among others.
    """

    text: str
    labels: tuple[str, ...]
    times: Float[np.ndarray, "U 2"]
    confidences: Float[np.ndarray, "U"]
    log_probability: float
    value: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        each = zip(self.labels, self.times.tolist(), self.confidences.tolist(), strict=True)
        return {
            "text": self.text,
            "log_probability": self.log_probability,
            "value": self.value,
            "labels": [
                {"label": label, "start": start, "end": end, "confidence": sure}
                for label, (start, end), sure in each
            ],
        }


def label_of(ids: Int[np.ndarray, "U"]) -> Int[np.ndarray, "U"]:
    """The classes of a codec's ids: class 0 is the blank, so each is one more."""
    return np.asarray(ids, np.int64) + 1


def token_of(labels: Int[np.ndarray, "U"]) -> Int[np.ndarray, "U"]:
    """The codec's ids of classes that are no blank."""
    return np.asarray(labels, np.int64) - 1


def spoken_ids(codec: TextCodec, text: str) -> tuple[np.ndarray, int]:
    """The ids of what is known of a text, and how many of its tokens are unknown and left out."""
    ids = codec.encode(text)
    known = np.ones(len(ids), bool) if codec.unknown is None else ids != codec.unknown
    return ids[known], int((~known).sum())


def transcript_of(
    found: Labels, codec: TextCodec, step_seconds: float, first: int = 0
) -> Transcript:
    """What a search found, as text.

    Args:
        found: Of the search.
        codec: Of the labels.
        step_seconds: Seconds of a frame.
        first: The frame of the recording that the search's first one is.
    """
    ids = token_of(found.labels)
    return Transcript(
        codec.decode(ids),
        tuple(codec.tokens[k] for k in ids),
        (found.frames + first) * step_seconds,
        found.confidences,
        found.log_probability,
        found.value,
    )
