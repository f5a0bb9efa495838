"""The ways to a horizon, a file each, and what each of them says: a `Strategy`."""

from elman.runtime.forecasting.strategies.strategy import (
    Asked,
    Parts,
    Reach,
    Shape,
    Spans,
    Strategy,
)

__all__ = ["Asked", "Parts", "Reach", "Shape", "Spans", "Strategy"]
