"""The scores that stand beside each other: for a model and for what it is held against alike.

A card is a mapping of a score's name to its value; None where it is not defined. Its first score is
the one by which the task is judged. `TITLES` says how each is called where it is printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from elman.metrics.scores import accuracy, balanced_accuracy, f1, mae, r2, rmse, roc_areas, varying

__all__ = [
    "SHARES",
    "TITLES",
    "Card",
    "card_notes",
    "class_card",
    "first_scores",
    "interval",
    "label_card",
    "number_card",
    "number_notes",
    "verdict",
]

Card = dict[str, float | None]

TITLES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "roc_auc": "ROC AUC",
    "span_f1": "span F1",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
}
"""What each score is called; those of numbers are in the targets' unit but for R²."""

SHARES = frozenset(("accuracy", "balanced_accuracy"))
"""Which of them are shares of rows, shown in per cent."""

_SURE = 1.96  # standard errors to either side that hold 95 %


def class_card(true: np.ndarray, found: np.ndarray, chances: np.ndarray, weight: Any) -> Card:
    """Of one class each.

    Args:
        true: Class indices `[N]`; -1 where the class is none of those that were learnt.
        found: Class indices `[N]`.
        chances: `[N, K]`: what ranks the rows for each class, as probabilities do.
        weight: `[N]`, or None.

    Returns:
        `accuracy`, `balanced_accuracy`, `macro_f1`, and `roc_auc`: the mean over the classes that
        occur; None where one alone does, or where a class was not learnt.
    """
    return {
        "accuracy": accuracy(true, found, weight),
        "balanced_accuracy": balanced_accuracy(true, found, weight),
        "macro_f1": f1(true, found, "macro", weight),
        "roc_auc": None if (true < 0).any() else _mean(roc_areas(true, chances, weight)),
    }


def label_card(true: np.ndarray, found: np.ndarray, chances: np.ndarray, weight: Any) -> Card:
    """Of several labels each, all `[N, L]`.

    Returns:
        `accuracy` (all labels of a row at once), `macro_f1`, `micro_f1`, and `roc_auc`: the mean
        over the labels that some rows have and some have not; None where there is none.
    """
    return {
        "accuracy": accuracy(true, found, weight),
        "macro_f1": f1(true, found, "macro", weight),
        "micro_f1": f1(true, found, "micro", weight),
        "roc_auc": _mean(roc_areas(true, chances, weight)),
    }


def number_card(true: np.ndarray, found: np.ndarray, weight: Any) -> Card:
    """Of numbers `[N]` or `[N, K]`: `r2`, `rmse`, `mae`, each the mean over the K.

    `r2` is the mean over those whose true values vary; None where none does.
    """
    varies = varying(true.reshape(len(true), -1), weight)
    wanted, said = (array.reshape(len(true), -1)[:, varies] for array in (true, found))
    return {
        "r2": r2(wanted, said, weight) if varies.any() else None,
        "rmse": rmse(true, found, weight),
        "mae": mae(true, found, weight),
    }


def first_scores(cards: Mapping[str, Card]) -> dict[str, float]:
    """Of each card the score by which the task is judged, where it is defined."""
    firsts = {name: next(iter(card.values())) for name, card in cards.items()}
    return {name: score for name, score in firsts.items() if score is not None}


def card_notes(card: Card, true: np.ndarray, learnt: int) -> list[str]:
    """What a reader of a card of classes or labels should know, a sentence each.

    Args:
        card: Of `class_card` or `label_card`.
        true: As given there.
        learnt: How many classes or labels there are.
    """
    if true.ndim == 2:
        telling = int(((true == 1).any(axis=0) & (true == 0).any(axis=0)).sum())
        what, why = "labels that some have and some have not", "no label tells two apart here"
    else:
        telling = len(np.unique(true))
        what, why = "classes that occur here", "one class only occurs here"
    if (true < 0).any():
        return []  # that a class was not learnt is said already
    if card["roc_auc"] is None:
        return [f"ROC AUC is not defined: {why}"]
    return [f"ROC AUC is the mean over the {telling} of {learnt} {what}"] * (telling < learnt)


def number_notes(
    card: Card, true: np.ndarray, weight: np.ndarray | None, names: Sequence[str]
) -> list[str]:
    """What a reader of a card of numbers should know, a sentence each.

    Args:
        card: Of `number_card`.
        true: `[N, K]`, as given there.
        weight: Likewise.
        names: Of the K.
    """
    varies = varying(true, weight)
    several = [f"R², RMSE and MAE are the means over {len(names)} outputs"] * (len(names) > 1)
    if card["r2"] is None:
        rows = len(true) if weight is None else int((weight > 0).sum())
        why = "there is one true value" if rows == 1 else "the true values do not vary"
        return [*several, f"R² is not defined: {why}"]
    constant = [name for name, varied in zip(names, varies, strict=True) if not varied]
    if constant:
        several.append(f"R² is the mean without {', '.join(constant)}, whose values do not vary")
    return several


def interval(share: float, rows: int) -> tuple[float, float]:
    """Where a share lies that was found in so many rows, in 95 of 100 cases (Wilson's interval).

    >>> tuple(round(end, 3) for end in interval(0.9, 20))
    (0.699, 0.972)
    """
    square = _SURE**2
    middle = share + square / (2 * rows)
    half = _SURE * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    low, high = ((middle + sign * half) / (1 + square / rows) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def verdict(
    name: str,
    score: float,
    baselines: Mapping[str, float],
    *,
    share: bool = False,
    between: tuple[float, float] | None = None,
) -> str:
    """In a sentence, whether the network is worth more than what needs none.

    Args:
        name: Of a score of which more is better.
        score: The model's.
        baselines: Theirs by name; at least one.
        share: Whether it is shown in per cent.
        between: The model's `interval`, if it has one.
    """

    def shown(value: float) -> str:
        return f"{100 * value:.1f} %" if share else f"{value:.4g}"

    best = max(baselines, key=lambda one: baselines[one])
    against = baselines[best]
    figures = f"{name} {shown(score)} against {shown(against)}"
    if score == against:
        return f"No better than the baseline {best}: {figures}. That one needs no network."
    better = score > against
    said = f"Better than the best baseline, {best}" if better else f"Worse than the baseline {best}"
    if between is not None and between[0] <= against <= between[1]:
        low, high = map(shown, between)
        said += ", but within what so few can tell"
        figures += f" (95 % interval {low} to {high})"
    return f"{said}: {figures}." + " That one needs no network." * (not better)


def _mean(areas: list[float | None]) -> float | None:
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None
