"""The recurrences as plain data: each one describes itself, and whoever needs to know asks it.

What a step computes stands in `elman.kernels.equations`; here is what it is made of: its options,
the shapes of its weights and states, the names of its gates.
"""

from elman.recurrences.gru import GRU, GRUWeights
from elman.recurrences.lstm import LSTM, PEEPHOLES, LSTMWeights
from elman.recurrences.recurrence import LSTMState, Recurrence, RNNState, Shapes, Sizes
from elman.recurrences.simple import RNNWeights, Simple

__all__ = [
    "GRU",
    "LSTM",
    "PEEPHOLES",
    "RECURRENCES",
    "GRUWeights",
    "LSTMState",
    "LSTMWeights",
    "RNNState",
    "RNNWeights",
    "Recurrence",
    "Shapes",
    "Simple",
    "Sizes",
    "Weights",
]

RECURRENCES: dict[str, type[Recurrence]] = {kind.kind: kind for kind in (Simple, LSTM, GRU)}
"""Every recurrence by the name that blueprints have for it."""

Weights = RNNWeights | LSTMWeights | GRUWeights
