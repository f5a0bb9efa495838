"""The cell protocol: what a recurrent cell is.

A cell is any object with two methods. A user's own one needs no base class:

>>> import torch
>>> from elman.state import RNNState
>>> class RunningSum:
...     output_size = 1
...     def initial_state(self, batch):
...         return RNNState(torch.zeros(batch, 1))
...     def __call__(self, inputs, state):
...         total = state.hidden + inputs
...         return total, RNNState(total)
>>> isinstance(RunningSum(), Cell)
True

A third method, `unroll`, is optional: a cell that can run a whole sequence faster than step
by step offers it, and `elman.layers.dynamic_unroll` uses it where it is present.

So is an attribute, `mixes_rows`: while it is true, the numbers of a row depend on the other rows
of the batch, and the cell is called without those that have ended.

And so is `sole_recurrence`: a cell that is one recurrence and nothing else tells its equations,
weights and second bias (None: it has none), for whoever runs the kernels without the cell.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["Cell", "UnrollingCell"]


@runtime_checkable
class Cell(Protocol):
    """One step of a recurrent network. A cell whose step depends on t keeps t in its state."""

    def initial_state(self, batch: int) -> Any:
        """The state before the first step for `batch` rows: NamedTuples of tensors, batch first."""
        ...

    def __call__(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Tensor, Any]:
        """Outputs `[B, O]` and the next state, of the same structure as `state`."""
        ...


@runtime_checkable
class UnrollingCell(Cell, Protocol):
    """A cell that also runs whole sequences; must equal its steps to rounding."""

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None,
        resets: Bool[Tensor, "B T"] | None,
        reverse: bool,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """Outputs (zero past each length) and the state after each row's last step."""
        ...
