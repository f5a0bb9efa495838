"""Blocks that read whole windows, as torch modules; twins of `elman.runtime.network.horizon`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman import blueprint as plan
from elman.cells import Stacked
from elman.cells.weight_drop import for_one_pass
from elman.errors import ShapeError
from elman.kernels.recall import RECALL_SHARPNESS, recallable
from elman.layers import dynamic_unroll
from elman.models.cells import build_cell
from elman.models.flow import Flow
from elman.state import map_leaves

__all__ = ["Flatten", "Parallel", "Recall", "Segments", "Tail"]


class Segments(nn.Module):
    """Every so many steps become one; see the blueprint's `Segments`."""

    def __init__(self, block: plan.Segments, features: int) -> None:
        super().__init__()
        self.length = block.length
        self.changing = features - block.static

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps.

        Raises:
            ShapeError: The steps are no multiple of the length, or a row is shorter than others.
        """
        values = _windows(flow, "Segments")
        batch, steps, features = values.shape
        if steps % self.length:
            raise ShapeError("steps", f"found {steps}", f"give a multiple of {self.length}")
        parts = values.reshape(batch, steps // self.length, self.length, features)
        changing, static = parts[..., : self.changing].flatten(2), parts[:, :, -1, self.changing :]
        return Flow(torch.cat([changing, static], dim=2), segments=parts)


class Tail(nn.Module):
    """The last steps of each row."""

    def __init__(self, block: plan.Tail, features: int) -> None:
        super().__init__()
        self.steps = block.steps

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps.

        Raises:
            ShapeError: A row has fewer steps.
        """
        values, lengths = flow.values, flow.lengths
        shortest = values.shape[1]
        if lengths is not None and len(lengths):
            shortest = int(lengths.min())
        if shortest < self.steps:
            raise ShapeError("steps", f"found a row of {shortest}", f"give {self.steps} or more")
        if lengths is None:
            return Flow(values[:, -self.steps :])
        last = lengths[:, None] - self.steps + torch.arange(self.steps, device=lengths.device)
        return Flow(values[torch.arange(len(values), device=lengths.device)[:, None], last])


class Flatten(nn.Module):
    """All features of a window as one vector."""

    def __init__(self, block: plan.Flatten, features: int) -> None:
        super().__init__()
        self.steps = block.steps

    def forward(self, flow: Flow) -> Flow:
        """Steps to a vector.

        Raises:
            ShapeError: There are more or fewer steps, or a row is shorter than others.
        """
        values = _windows(flow, "Flatten")
        if values.shape[1] != self.steps:
            raise ShapeError("steps", f"found {values.shape[1]}", f"give {self.steps}")
        return Flow(values.flatten(1))


class Parallel(nn.Module):
    """Cells read a window, then take one step for each of m later positions at once.

    In training the masks of dropout and zoneout are those of step n for all positions alike.

    Attributes:
        position: `[m, I]`, what each position is fed; starts normal with deviation 1.
        memory: What gradients of the reading may need, as `elman.layers.dynamic_unroll` has it;
            None: no bound.
    """

    def __init__(self, block: plan.Parallel, features: int) -> None:
        super().__init__()
        self.ahead = block.ahead
        self.memory: str | int | None = None
        self.position = nn.Parameter(torch.randn(block.steps, features))
        self.cells = nn.ModuleList()
        for config in block.cells:
            self.cells.append(build_cell(config, features))
            features = config.output_size

    def forward(self, flow: Flow) -> Flow:
        """N steps (n + m with `ahead`) to m steps.

        Raises:
            ShapeError: There are fewer than m steps with `ahead`, or a row is shorter than others.
        """
        values = _windows(flow, "Parallel")
        batch, steps, features = values.shape
        count = len(self.position)
        read = steps - count if self.ahead else steps
        if read < 0:
            raise ShapeError("steps", f"found {steps}", f"give {count} or more, known ahead")
        stack = Stacked([*map(for_one_pass, self.cells)])
        _, state = dynamic_unroll(stack, values[:, :read], steps="last", memory=self.memory)
        fed = self.position + values[:, read:] if self.ahead else self.position
        outputs, _ = dynamic_unroll(
            stack,
            fed.expand(batch, count, features).reshape(batch * count, 1, features),
            initial_state=map_leaves(lambda leaf: leaf.repeat_interleave(count, dim=0), state),
        )
        return Flow(outputs.reshape(batch, count, outputs.shape[2]), segments=flow.segments)


class Recall(nn.Module):
    """A dense layer and a mixture of the segments read; see the blueprint's `Recall`.

    Attributes:
        weight: As a dense layer's; starts Glorot uniform, its bias at zero.
        mix_weight: `[n, I]`; starts small, and the bias `[m, n]` at zero: all are mixed alike.
    """

    def __init__(self, block: plan.Recall, features: int) -> None:
        super().__init__()
        self.block = block
        units = block.output_features(features)
        self.weight = nn.Parameter(torch.empty(units, features))
        self.bias = nn.Parameter(torch.zeros(units))
        self.mix_weight = nn.Parameter(torch.empty(block.segments, features))
        self.mix_bias = nn.Parameter(torch.zeros(block.positions, block.segments))
        nn.init.xavier_uniform_(self.weight)
        bound = 1 / (RECALL_SHARPNESS * features)
        nn.init.uniform_(self.mix_weight, -bound, bound)

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps.

        Raises:
            ShapeError: There are more or fewer positions, or too few segments were read.
        """
        block, values = self.block, _windows(flow, "Recall")
        parts = recallable(block, values, flow.segments)
        scores = nn.functional.linear(values, self.mix_weight) + self.mix_bias
        mixed = torch.softmax(RECALL_SHARPNESS * scores, dim=-1) @ parts.flatten(2)
        numbers = nn.functional.linear(values, self.weight, self.bias)
        each = numbers.unflatten(2, (-1, block.parameters))
        moved = each[..., : block.shifted] + mixed[..., None]
        return Flow(torch.cat([moved, each[..., block.shifted :]], dim=-1).flatten(2))


def _windows(flow: Flow, block: str) -> Tensor:
    """The values, if all their steps are real."""
    steps = flow.values.shape[1]
    if flow.lengths is not None and bool((flow.lengths < steps).any()):
        row = int((flow.lengths < steps).nonzero()[0])
        raise ShapeError(
            f"lengths[{row}]",
            f"found {int(flow.lengths[row])} of {steps} steps before {block}",
            "give windows of one length",
        )
    return flow.values
