"""Going on from a fitted network: with the same answers, or with a head for others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from elman.blueprint import Blueprint, Dense, Dropout
from elman.errors import ArgumentError
from elman.printable import quoted

__all__ = ["Head", "OtherNetworkError", "check_same_network", "head_of_classes", "started"]


class OtherNetworkError(ArgumentError):
    """A training cannot go on from a fitted network; another may begin with its layers."""


class Head(NamedTuple):
    """Which answers of a network are those of the one that it goes on from.

    Attributes:
        rows: For each of the K answers the row of the fitted head that it keeps; -1: a fresh one.
        note: The change in a sentence.
    """

    rows: np.ndarray
    note: str


def head_of_classes(classes: np.ndarray, fitted: np.ndarray) -> Head | None:
    """The head for these classes after those; None where they are the same.

    >>> head_of_classes(np.array(["a", "c"]), np.array(["a", "b"])).note
    "The head is replaced: kept 'a'; new 'c'; dropped 'b'."

    Args:
        classes: Sorted.
        fitted: Sorted.
    """
    now, before = classes.tolist(), fitted.tolist()
    alike = all((classes.dtype.kind == kind) == (fitted.dtype.kind == kind) for kind in "Ub")
    if now == before and alike:
        return None
    places = {_name(label): row for row, label in enumerate(before)}
    rows = np.array([places.get(_name(label), -1) for label in now])
    if now == before and "U" not in (classes.dtype.kind, fitted.dtype.kind):
        return Head(
            rows, f"The head stays; its labels are {quoted(now)} now, not {quoted(before)}."
        )
    told = {
        "kept": [label for label, row in zip(now, rows, strict=True) if row >= 0],
        "new": [label for label, row in zip(now, rows, strict=True) if row < 0],
        "dropped": [label for row, label in enumerate(before) if row not in rows],
    }
    return Head(rows, f"The head is replaced: {_listed(told)}.")


def _name(label: Any) -> tuple[bool, Any]:
    """Numbers are alike whatever their type; no text is a number."""
    return isinstance(label, str), label


def _listed(told: dict[str, list[Any]]) -> str:
    return "; ".join(f"{word} {quoted(labels)}" for word, labels in told.items() if labels)


def started(
    blueprint: Blueprint,
    fitted: Blueprint,
    fresh: dict[str, np.ndarray],
    weights: dict[str, np.ndarray],
    head: Head | None,
    where: str = "warm_start",
) -> dict[str, np.ndarray]:
    """The weights that a network begins with which goes on from a fitted one.

    All are the fitted one's; of a head that is replaced, those rows that are kept, and fresh ones.

    Args:
        blueprint: The network.
        fitted: The one it goes on from.
        fresh: Weights of the network, drawn anew.
        weights: Of the fitted one.
        head: What becomes of its last layer; None: it stays.
        where: What messages say it goes on by: "warm_start" or "partial_fit".

    Raises:
        OtherNetworkError: They differ in more than the head.
    """
    if head is None:
        check_same_network(blueprint, fitted, where)
        return weights
    check_same_network(blueprint, _answering(fitted, len(head.rows)), where)
    kept, found = head.rows >= 0, dict(weights)
    for name in _of_last_layer(blueprint):
        found[name] = fresh[name].copy()
        found[name][kept] = weights[name][head.rows[kept]]
    return found


def check_same_network(blueprint: Blueprint, fitted: Blueprint, where: str = "warm_start") -> None:
    """`OtherNetworkError` unless training can go on from the fitted network.

    Rates of dropout are no part of what is fitted: another one may go on.
    """
    if _without_rates(blueprint) == _without_rates(fitted):
        return
    now, before = blueprint.describe().splitlines(), fitted.describe().splitlines()
    pairs = [pair for pair in zip_longest(now, before, fillvalue="nothing") if len({*pair}) == 2]
    found = "another network than the fitted one"
    if pairs:  # the first line sums up the others
        here, there = (line.strip() for line in (pairs[1:] or pairs)[0])
        found += f": {here}, where that has {there}"
    fresh = "warm_start=False" if where == "warm_start" else "a new estimator"
    expected = f"what the fitted network has, or {fresh} for a fresh one"
    raise OtherNetworkError(where, found, expected)


def _without_rates(blueprint: Blueprint) -> Blueprint:
    """The same network, dropped out at one rate wherever there is dropout."""
    if not blueprint.described:  # one of a user's own
        return blueprint
    chains = {
        name: tuple(Dropout(0.5) if isinstance(one, Dropout) else one for one in blocks)
        for name, blocks in blueprint.chains.items()
    }
    return replace(blueprint, chains=chains)


def _answering(blueprint: Blueprint, outputs: int) -> Blueprint:
    """The same network with another number of answers."""
    *before, (name, blocks) = blueprint.chains.items()
    return replace(blueprint, chains={**dict(before), name: (*blocks[:-1], Dense(outputs))})


def _of_last_layer(blueprint: Blueprint) -> Collection[str]:
    *_, (name, blocks) = blueprint.chains.items()
    start = f"{name}.{len(blocks) - 1}."
    return [weight for weight in blueprint.shapes() if weight.startswith(start)]
