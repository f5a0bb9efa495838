"""The work of a written cell for whoever computes with torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.written_cells import drawn_arrays, drawn_sequences, told
from benchmarks.problem import Problem, sample
from benchmarks.work import Run

__all__ = ["drawn_weights", "sequence_run"]


def drawn_weights(shapes: dict[str, tuple[int, ...]], problem: Problem) -> dict[str, Tensor]:
    """Weights by name."""
    drawn = drawn_arrays(shapes, problem)
    return {name: torch.from_numpy(array) for name, array in drawn.items()}


def sequence_run(
    problem: Problem, weights: dict[str, Tensor], run: Callable[[Tensor], Tensor]
) -> Run:
    """Outputs of inputs, in training with the gradients of all weights from given gradients."""
    inputs, by = map(torch.from_numpy, drawn_sequences(problem))
    parameters = list(weights.values())

    def call() -> list[Tensor]:
        if not problem.training:
            with torch.inference_mode():
                return [run(inputs)]
        for parameter in parameters:
            parameter.requires_grad_()
        outputs = run(inputs)
        grads = torch.autograd.grad(outputs, parameters, by)
        return [outputs.detach(), *grads]

    def results() -> dict[str, np.ndarray]:
        outputs, *grads = call()
        by_name = dict(zip(weights, (grad.numpy() for grad in grads), strict=False))
        return told(sample(outputs.numpy()), by_name)

    return Run(call, results)
