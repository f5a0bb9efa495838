"""The gated recurrent unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from elman.recurrences.recurrence import Recurrence, Shapes, Sizes

__all__ = ["GRU", "GRUWeights"]


class GRUWeights(NamedTuple):
    """Weights of `GRU`.

    With layer normalisation the products for r and z are normalised together over their 2·H
    entries and the candidate's over its H; gains `norm_ih [3·H]`, `norm_hh [3·H]`.
    """

    weight_ih: Any  # [3·H, I]
    weight_hh: Any  # [3·H, H]
    bias: Any  # [3·H]
    recurrent_bias: Any = None  # [H], inside the reset gate; reset_after only
    norm_ih: Any = None
    norm_hh: Any = None


@dataclass(frozen=True)
class GRU(Recurrence):
    """Gated recurrent unit; Cho et al. 2014 (arXiv 1406.1078v3).

    Its gates: reset gate r, update gate z, candidate n; h(t) = (1 - z)·n + z·h(t-1).

    Attributes:
        reset_after: True: the reset gate multiplies the candidate's recurrent product, bias
            included, as cuDNN and torch.nn do. False: it multiplies h(t-1) before that
            product, as the paper and TensorFlow 1 do.
    """

    reset_after: bool = True

    kind = "gru"
    title = "GRU"
    blocks = gate_names = ("r", "z", "n")
    candidate = "n"
    shut: ClassVar[Mapping[str, bool]] = {"z": True}  # never written
    weights_type = GRUWeights

    @property
    def variant(self) -> str:
        """`gru_after` or `gru_before`: where the reset gate multiplies."""
        return "gru_after" if self.reset_after else "gru_before"

    def weight_shapes(self, sizes: Sizes) -> Shapes:
        """The shape of every weight that it may have."""
        inputs, hidden, _ = sizes
        rows = 3 * hidden
        inside = {"recurrent_bias": (hidden,)} if self.reset_after else {}
        return {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, hidden),
            "bias": (rows,),
            **inside,
            "norm_ih": (rows,),
            "norm_hh": (rows,),
        }
