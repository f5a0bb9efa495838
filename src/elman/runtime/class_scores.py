"""What answers of classes are worth, of sequences or of steps, as `evaluate` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.metrics import log_loss
from elman.metrics.scorecards import Card, card_notes
from elman.metrics.scores import found_of_each

__all__ = ["class_scores", "found_by_class"]


def class_scores(
    card: Card,
    true: np.ndarray,
    found: np.ndarray,
    chances: np.ndarray,
    classes: Sequence[Any],
    weight: np.ndarray | None,
    what: str,
) -> dict[str, Any]:
    """The card, and what stands beside it: `score`, `log_loss` in nats, `by_class`, `notes`.

    Args:
        card: Of these answers; see `elman.metrics.scorecards`.
        true: Class indices `[N]`, -1 for one that was not learnt: then there is no `log_loss`.
        found: Class indices `[N]`.
        chances: Of each class `[N, K]`.
        classes: What the K classes are called.
        weight: `[N]`, or None.
        what: What the N are, as "steps".
    """
    notes, more = card_notes(card, true, len(classes)), {}
    unknown = int((true < 0).sum())
    if unknown:
        notes.insert(0, f"{unknown} {what} have a label that was not trained")
    else:
        more["log_loss"] = log_loss(true, chances, weight)
    by_class = found_by_class(true, found, classes, weight)
    return {"score": card["accuracy"], **card, **more, "by_class": by_class, "notes": notes}


def found_by_class(
    true: np.ndarray,
    found: np.ndarray,
    names: Sequence[Any],
    weight: np.ndarray | None,
    what: str = "class",
) -> list[dict[str, Any]]:
    """How well each class `[N]`, or each of several labels `[N, L]`, was found, by its name."""
    each = found_of_each(true, found, range(len(names)), weight)
    if weight is None:
        each["count"] = each["count"].astype(np.int64)
    rows = zip(*(column.tolist() for column in each.values()), strict=True)
    return [
        {what: name, **dict(zip(each, row, strict=True))}
        for name, row in zip(names, rows, strict=True)
    ]
