"""One step at a time in torch: cells in a loop, and a layer whose last output is read out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.layers import load, module_run, weighted_layer
from benchmarks.problem import Numbers, Problem, draw, sample
from benchmarks.work import Run

__all__ = ["CLASSES", "classifier_run", "read_out", "stepping_run"]

CLASSES = 10


def stepping_run(cell_type: Any, problem: Problem) -> Run:
    """A cell called once a step in a loop, as torch.nn's and elman.nn's are alike."""
    numbers = draw(problem)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = numbers._asdict()
    cell = load(cell_type(problem.inputs, problem.hidden), {name: weights[name] for name in names})
    rows = torch.from_numpy(numbers.inputs).transpose(0, 1).contiguous()

    def forward() -> Tensor:
        state, outputs = None, []
        for row in rows:
            state = cell(row, state)
            outputs.append(state[0] if problem.cell == "LSTM" else state)
        return torch.stack(outputs, dim=1)

    grad_outputs = torch.from_numpy(numbers.grad_outputs) if problem.training else None
    return module_run(cell, forward, grad_outputs, lambda outputs: sample(outputs.numpy()))


def classifier_run(layer_type: Any, problem: Problem) -> Run:
    """A step of a layer and the scores read out from it, the state handed on."""
    numbers = draw(problem)
    layer = weighted_layer(layer_type, numbers, batch_first=True)
    dense = load(torch.nn.Linear(problem.hidden, CLASSES), read_out(numbers))
    frame = torch.from_numpy(numbers.inputs)

    def step(state: Any) -> tuple[Tensor, Any]:
        with torch.inference_mode():
            outputs, state = layer(frame, state)
            return dense(outputs[:, -1]), state

    state = None

    def call() -> Tensor:
        nonlocal state
        scores, state = step(state)
        return scores

    return Run(call, lambda: {"scores": step(None)[0].numpy()})


def read_out(numbers: Numbers) -> dict[str, np.ndarray]:
    """Weights `[10, H]` and biases `[10]` of the layer that reads out."""
    hidden = numbers.weight_hh.shape[1]
    random = np.random.default_rng(1)
    bound = hidden**-0.5
    shapes = {"weight": (CLASSES, hidden), "bias": (CLASSES,)}
    return {n: random.uniform(-bound, bound, s).astype(np.float32) for n, s in shapes.items()}
