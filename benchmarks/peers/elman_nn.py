"""Elman: the twins of torch.nn's modules, cells along time, and the stepper."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.epoch import epoch_run
from benchmarks.peers.layers import layer_run, module_run, pack, packed_run, weighted_layer
from benchmarks.peers.variants import OPTIONS, ZONEOUT, variant_run
from benchmarks.problem import Problem, draw, lengths
from benchmarks.work import Run
from elman import cells, nn
from elman.kernels import native
from elman.kernels.contract import LSTM, LSTMWeights
from elman.layers import dynamic_unroll

__all__ = ["epoch", "final_state", "grid", "packed", "ragged", "resets", "step", "variant"]


def grid(problem: Problem, way: str) -> Run:
    return layer_run(getattr(nn, problem.cell), problem, batch_first=True, frozen="frozen" in way)


def packed(problem: Problem) -> Run:
    return packed_run(getattr(nn, problem.cell), problem)


def ragged(problem: Problem) -> Run:
    """A padded batch of ragged rows with `lengths=`; the outputs are compared packed."""
    numbers, real = draw(problem), torch.from_numpy(lengths(problem))
    layer = weighted_layer(getattr(nn, problem.cell), numbers, batch_first=True)
    inputs = torch.from_numpy(numbers.inputs)
    return module_run(
        layer,
        lambda: layer(inputs, lengths=real)[0],
        torch.from_numpy(numbers.grad_outputs) if problem.training else None,
        lambda outputs: pack(outputs, problem).data.numpy(),
    )


def resets(problem: Problem, share: float) -> Run:
    """A cell along time, of whose steps a share begin anew; None at all if it is 0."""
    numbers = draw(problem)
    cell = getattr(cells, f"{problem.cell}Cell")(
        problem.inputs, problem.hidden, generator=torch.Generator().manual_seed(0)
    )
    inputs = torch.from_numpy(numbers.inputs)
    drawn = np.random.default_rng(0).random((problem.batch, problem.steps)) < share
    given = torch.from_numpy(drawn) if share else None
    return module_run(
        cell,
        lambda: dynamic_unroll(cell, inputs, resets=given)[0],
        torch.from_numpy(numbers.grad_outputs) if problem.training else None,
    )


class _Variant(torch.nn.Module):
    """A cell along time as a module of inputs."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: Tensor) -> Tensor:
        return dynamic_unroll(self.cell, inputs)[0]


def variant(name: str, problem: Problem) -> Run:
    options = OPTIONS[name](problem.hidden)
    cell: Any = cells.LSTMCell(problem.inputs, problem.hidden, forget_bias=0.0, **options)
    if name == "zoneout":
        cell = cells.Zoneout(cell, ZONEOUT)
    return variant_run(_Variant(cell), name, problem)


def final_state(problem: Problem, memory: str | int | None) -> Run:
    """Gradients of a cost on the final state, within so much memory; None: keep everything."""
    generator = torch.Generator().manual_seed(0)
    cell = cells.LSTMCell(problem.inputs, problem.hidden, generator=generator)
    inputs = torch.randn(problem.batch, problem.steps, problem.inputs, generator=generator)

    def call() -> None:
        cell.zero_grad(set_to_none=True)
        _, state = dynamic_unroll(cell, inputs, steps=[], memory=memory)
        state.hidden.sum().backward()

    def results() -> dict[str, np.ndarray]:
        call()
        found = cell.named_parameters()
        return {name: p.grad.numpy() for name, p in found if p.grad is not None}

    return Run(call, results)


def step(problem: Problem) -> Run:
    """One step by the stepping object, which keeps the state."""
    numbers = draw(problem)
    bias = numbers.bias_ih + numbers.bias_hh
    weights = LSTMWeights(numbers.weight_ih, numbers.weight_hh, bias)
    stepper = native.Stepper(LSTM(), weights, problem.batch)
    frame = np.ascontiguousarray(numbers.inputs[:, 0])
    return Run(lambda: stepper.step(frame), lambda: {"outputs": stepper.step(frame).copy()})


def epoch(cell: str) -> Run:
    return epoch_run(getattr(nn, cell))
