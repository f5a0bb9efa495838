"""Exact backpropagation through time: whole, of a cost over chosen steps, within a memory budget.

`elman.training.loop.truncated` has the form that is not exact, and goes on from window to window.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.kernels.memory_plan import Plan
from elman.state import LSTMState, RNNState, from_torch, map_leaves, to_torch
from elman.unrolling.budget import plans
from elman.unrolling.checks import Lengths, Resets
from elman.unrolling.chosen import Steps
from elman.unrolling.sequences import dynamic_unroll

__all__ = ["Backpropagation", "LayersAsCell", "bptt"]


class Backpropagation(NamedTuple):
    """What a way through time and back found; no tensor has a graph.

    Attributes:
        loss: `[]`, what the cost function gave.
        outputs: `[B, S, O]`, those that the cost used.
        final_state: After each row's last step.
        plan: What the memory budget led to; None without one.
    """

    loss: Tensor
    outputs: Shaped[Tensor, "B S *O"]
    final_state: Any
    plan: Plan | None


def bptt(
    network: Any,
    inputs: Shaped[Tensor, "B T *I"],
    loss: Callable[[Tensor, Any], Tensor],
    *,
    steps: Steps | None = None,
    memory: str | int | None = None,
    lengths: Lengths | None = None,
    initial_state: Any = None,
    resets: Resets | None = None,
    reverse: bool = False,
) -> Backpropagation:
    """Run forward, take the cost, and add its gradients to `.grad` of whatever needs them.

    Gradients are exact, however long the sequence is and however little the memory.

    >>> import torch
    >>> from elman.cells import GRUCell
    >>> cell, inputs = GRUCell(3, 5), torch.ones(2, 1000, 3)
    >>> whole = bptt(cell, inputs, lambda outputs, state: outputs.square().mean())
    >>> cell.zero_grad()
    >>> found = bptt(
    ...     cell,
    ...     inputs,
    ...     lambda outputs, state: outputs.sum() + state.hidden.sum(),
    ...     steps=slice(600, 700),
    ...     memory=30,
    ... )
    >>> found.outputs.shape, str(found.plan)
    (torch.Size([2, 100, 5]), 'T=1,000: 30 checkpoints, 1 extra forward')

    Args:
        network: A cell, or a module torch.nn.RNN, LSTM or GRU (or its twin) of one direction, which
            `LayersAsCell` wraps.
        inputs: `[B, T, ...]`, the batch first.
        loss: The cost, a scalar, from the outputs `[B, S, O]` and the final state.
        steps: The steps whose outputs the cost uses, as `elman.layers.dynamic_unroll` has them;
            gradients flow through exactly these, and through the final state.
        memory: What the gradients may need, as there; None keeps everything.
        lengths: As there.
        initial_state: As there.
        resets: As there.
        reverse: As there.

    Raises:
        ArgumentError: As there; or `loss` gives no scalar.
        ShapeError: As there.
    """
    cell = LayersAsCell(network) if isinstance(network, nn.RNNBase) else network
    with plans() as made:
        outputs, final = dynamic_unroll(
            cell,
            inputs,
            lengths=lengths,
            initial_state=initial_state,
            reverse=reverse,
            resets=resets,
            steps=steps,
            memory=memory,
        )
    cost = loss(outputs, final)
    if not isinstance(cost, Tensor) or cost.numel() != 1:
        found = list(cost.shape) if isinstance(cost, Tensor) else type(cost).__name__
        raise ArgumentError("loss", f"it gave {found}", "let it return one number, a tensor")
    cost.backward()
    ended = map_leaves(lambda leaf: leaf.detach(), final)
    return Backpropagation(cost.detach(), outputs.detach(), ended, made[0] if made else None)


class LayersAsCell:
    """A module torch.nn.RNN, LSTM or GRU, or its twin in `elman.nn`, as a cell.

    All its layers are run segment by segment: no layer's outputs are kept but those of the last.
    The state is a tuple with an `RNNState` or `LSTMState` for each layer.

    >>> import torch
    >>> cell = LayersAsCell(nn.LSTM(3, 5, num_layers=2))
    >>> outputs, (below, above) = dynamic_unroll(cell, torch.ones(2, 40, 3), memory=3)
    >>> outputs.shape, torch.equal(outputs[:, -1], above.hidden)
    (torch.Size([2, 40, 5]), True)

    Args:
        module: Of one direction.

    Raises:
        ArgumentError: It has two directions.
    """

    def __init__(self, module: nn.RNNBase) -> None:
        if module.bidirectional:
            raise ArgumentError(
                "network",
                f"found a bidirectional {type(module).__name__}, which reads whole sequences",
                "call its twin in elman.nn with memory=",
            )
        self._module: Any = module
        self.input_size = module.input_size
        self.output_size = module.proj_size or module.hidden_size

    def parameters(self) -> list[Tensor]:
        """The module's."""
        return list(self._module.parameters())

    def initial_state(self, batch: int) -> tuple[RNNState | LSTMState, ...]:
        """Zeros."""
        like = self._module.weight_ih_l0
        layers = range(self._module.num_layers)
        if self._module.mode != "LSTM":
            return tuple(RNNState(like.new_zeros(batch, self.output_size)) for _ in layers)
        width = self._module.hidden_size
        return tuple(
            LSTMState(like.new_zeros(batch, self.output_size), like.new_zeros(batch, width))
            for _ in layers
        )

    def __call__(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Tensor, Any]:
        """One step."""
        outputs, state = self.unroll(inputs[:, None], state)
        return outputs[:, 0], state

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """A whole sequence, by the module.

        Raises:
            ArgumentError: It is asked for what it cannot do: resets, another direction, or lengths
                where it is no twin.
        """
        module, options = self._module, {}
        if resets is not None or reverse:
            self._refuse("resets" if resets is not None else "reverse")
        if lengths is not None:
            if "lengths" not in signature(module.forward).parameters:
                self._refuse("lengths")
            options["lengths"] = lengths
        read = inputs if module.batch_first else inputs.transpose(0, 1)
        outputs, after = module(read, to_torch(state), **options)
        ended = tuple(from_torch(after, layer) for layer in range(module.num_layers))
        return outputs if module.batch_first else outputs.transpose(0, 1), ended

    def _refuse(self, name: str) -> None:
        raise ArgumentError(
            name,
            f"found some for a {type(self._module).__module__}.{type(self._module).__name__}",
            "use cells, which elman.cells.Stacked puts on top of each other",
        )
