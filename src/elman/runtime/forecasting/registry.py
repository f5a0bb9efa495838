"""The strategies of forecasting, a row for each.

A row says where the two sides of a strategy are, as `module:name`, and each is loaded when it is
used: what plans and answers (a `Strategy`, on NumPy), and what makes its lesson (see
`elman.tasks.forecasting.stage`, on torch). Nothing else tells strategies apart by their names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from elman.errors import ArgumentError

if TYPE_CHECKING:
    from elman.runtime.forecasting.strategies import Strategy

__all__ = ["WINDOWS", "lesson_of", "register", "strategy_names", "strategy_of"]

WINDOWS = "elman.tasks.forecasting.windows:window_lesson"
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
        f"{_HERE}.smoothing:SMOOTHING", "elman.tasks.forecasting.smoothing:smoothing_lesson"
    ),
}
_TAKEN = ("names", "scaler", "covariates", "calibration", "linear", "until")
"""Groups of a model file's tensors; what a strategy has besides stands under its name."""


def strategy_names() -> tuple[str, ...]:
    """The names of all that are known."""
    return tuple(_ROWS)


def strategy_of(name: str) -> Strategy:
    """What plans and answers; the name is one of `strategy_names()`."""
    return _loaded(_ROWS[name].answers)


def lesson_of(name: str) -> Any:
    """What makes its lesson; needs torch."""
    return _loaded(_ROWS[name].learns)


def register(name: str, answers: str, learns: str = WINDOWS) -> None:
    """Make another strategy known, or put one in the place of another.

    Who loads a model of it registers it first, too.

    Args:
        name: As `Forecaster(strategy=...)` and model files have it.
        answers: Where its `Strategy` is, as `module:name`.
        learns: Where what makes its lesson is, likewise.

    Raises:
        ArgumentError: Another part of a model file has that name.
    """
    if name in _TAKEN:
        raise ArgumentError("name", f"found {name!r}, a part of every forecaster's file", "another")
    _ROWS[name] = _Row(answers, learns)


def _loaded(home: str) -> Any:
    module, _, name = home.partition(":")
    return getattr(import_module(module), name)
