"""The simple recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from elman.errors import ArgumentError
from elman.recurrences.recurrence import Recurrence, Shapes, Sizes

__all__ = ["RNNWeights", "Simple"]


class RNNWeights(NamedTuple):
    """Weights of `Simple`.

    `norm_ih [H]` and `norm_hh [H]` are the gains of layer normalisation (Ba et al. 2016, arXiv
    1607.06450v1) of the input's and the recurrent product; both or neither are given.
    """

    weight_ih: Any  # [H, I]
    weight_hh: Any  # [H, H]
    bias: Any  # [H]
    norm_ih: Any = None
    norm_hh: Any = None


@dataclass(frozen=True)
class Simple(Recurrence):
    """h(t) = activation(W_ih x(t) + W_hh h(t-1) + b). Elman 1990. One block, which is no gate."""

    activation: Literal["tanh", "relu"] = "tanh"

    kind = "rnn"
    title = "simple cell"
    blocks = ("h",)
    gate_names = ()
    candidate = "h"
    weights_type = RNNWeights

    def __post_init__(self) -> None:
        if self.activation not in ("tanh", "relu"):
            raise ArgumentError("activation", f"found {self.activation!r}", "use 'tanh' or 'relu'")

    @property
    def variant(self) -> str:
        """Its activation."""
        return self.activation

    def weight_shapes(self, sizes: Sizes) -> Shapes:
        """The shape of every weight that it may have."""
        inputs, hidden, _ = sizes
        return {
            "weight_ih": (hidden, inputs),
            "weight_hh": (hidden, hidden),
            "bias": (hidden,),
            "norm_ih": (hidden,),
            "norm_hh": (hidden,),
        }
