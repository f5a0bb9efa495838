"""PyTorch: the modules of torch.nn, and the machine's own rate by its matrix product."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.peers.epoch import epoch_run
from benchmarks.peers.layers import layer_run, load, packed_run, weighted_layer
from benchmarks.peers.stepping import classifier_run, stepping_run
from benchmarks.peers.torch_loop import VariantLSTM
from benchmarks.peers.variants import variant_run
from benchmarks.problem import Problem, draw
from benchmarks.work import Run

__all__ = [
    "cell_step",
    "classifier_step",
    "epoch",
    "grid",
    "layer_step",
    "packed",
    "sgemm",
    "stepping",
    "variant",
]


def grid(problem: Problem, way: str) -> Run:
    return layer_run(getattr(torch.nn, problem.cell), problem, way == "batch first")


def sgemm(size: int) -> Run:
    """A square product in float32: what this machine can do at most."""
    a, b = torch.randn(2, size, size, generator=torch.Generator().manual_seed(0))
    out = torch.empty(size, size)
    return Run(lambda: torch.mm(a, b, out=out), dict)


def packed(problem: Problem) -> Run:
    return packed_run(getattr(torch.nn, problem.cell), problem)


def variant(name: str, problem: Problem) -> Run:
    return variant_run(VariantLSTM(name, problem.inputs, problem.hidden), name, problem)


def layer_step(problem: Problem) -> Run:
    """One step by `torch.nn.LSTM`, the state handed on."""
    numbers = draw(problem)
    layer = weighted_layer(torch.nn.LSTM, numbers, batch_first=True)
    frame = torch.from_numpy(numbers.inputs)
    state = None

    def call() -> torch.Tensor:
        nonlocal state
        with torch.inference_mode():
            outputs, state = layer(frame, state)
        return outputs

    return Run(call, lambda: {"outputs": call()[:, 0].numpy()})


def cell_step(problem: Problem) -> Run:
    """One step by `torch.nn.LSTMCell`, the state handed on."""
    numbers = draw(problem)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell = load(
        torch.nn.LSTMCell(problem.inputs, problem.hidden),
        {name: getattr(numbers, name) for name in names},
    )
    frame = torch.from_numpy(np.ascontiguousarray(numbers.inputs[:, 0]))
    state = None

    def call() -> torch.Tensor:
        nonlocal state
        with torch.inference_mode():
            state = cell(frame, state)
        return state[0]

    return Run(call, lambda: {"outputs": call().numpy()})


def stepping(problem: Problem) -> Run:
    return stepping_run(getattr(torch.nn, f"{problem.cell}Cell"), problem)


def classifier_step(problem: Problem) -> Run:
    return classifier_run(getattr(torch.nn, problem.cell), problem)


def epoch(cell: str) -> Run:
    return epoch_run(getattr(torch.nn, cell))
