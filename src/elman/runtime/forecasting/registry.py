"""The strategies of forecasting, a row for each.

A row says where the two sides of a strategy are, as `module:name`, and each is loaded when it is
used: what plans and answers (a `Strategy`, on NumPy), and what it learns by (a `Learner` of
`elman.tasks.forecasting.stage`, on torch). Nothing else tells strategies apart by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from elman.errors import ArgumentError
from elman.registry import loaded

if TYPE_CHECKING:
    from elman.runtime.forecasting.strategies import Strategy

__all__ = ["WINDOWS", "known_strategies", "learning_of", "register_strategy", "strategy_of"]

WINDOWS = "elman.tasks.forecasting.windows:window_learning"
"""Learning from windows, as most strategies do."""


class _Row(NamedTuple):
    answers: str
    learns: str = WINDOWS


_HERE = "elman.runtime.forecasting.strategies"
_ROWS = {
    "recursive": _Row(f"{_HERE}.recursive:RECURSIVE"),
    "direct": _Row(f"{_HERE}.direct:DIRECT"),
    "segments": _Row(f"{_HERE}.segments:SEGMENTS"),
    "smoothing": _Row(
        f"{_HERE}.smoothing:SMOOTHING", "elman.tasks.forecasting.smoothing:smoothing_learning"
    ),
}
_TAKEN = ("names", "scaler", "covariates", "calibration", "linear", "until", "share")
_TAKEN += ("exponential",)
"""Groups of a model file's tensors; what a strategy has besides stands under its name."""


def known_strategies() -> tuple[str, ...]:
    """The names of all that are known."""
    return tuple(_ROWS)


def strategy_of(name: str) -> Strategy:
    """What plans and answers; the name is one of `known_strategies()`."""
    return loaded(_ROWS[name].answers)


def learning_of(name: str) -> Any:
    """What it learns by; needs torch."""
    return loaded(_ROWS[name].learns)


def register_strategy(name: str, answers: str, learns: str = WINDOWS) -> None:
    """Add a strategy; who loads a model of it adds it first, too.

    Args:
        name: As `Forecaster(strategy=...)` and model files have it.
        answers: Where its `Strategy` is, as `module:name`.
        learns: Where what it learns by is, likewise.

    Raises:
        ArgumentError: Another strategy, or another part of a model file, has its name.
    """
    row = _Row(answers, learns)
    if name in _TAKEN or _ROWS.get(name, row) != row:
        raise ArgumentError("strategy", f"{name!r} is there already", "another name")
    _ROWS[name] = row
