"""Torch layers as runs: torch.nn's and elman.nn's modules are called alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from benchmarks.problem import Numbers, Problem, draw, lengths, sample
from benchmarks.work import Run

__all__ = ["layer_run", "load", "module_run", "pack", "packed_run", "weighted_layer"]


def layer_run(layer_type: Any, problem: Problem, batch_first: bool, frozen: bool = False) -> Run:
    """A layer at one point of the grid."""
    numbers = draw(problem)
    layer = weighted_layer(layer_type, numbers, batch_first=batch_first)
    if frozen:
        layer.freeze()

    def arrange(array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor if batch_first else tensor.transpose(0, 1).contiguous()

    def observe(outputs: Tensor) -> np.ndarray:
        return sample((outputs if batch_first else outputs.transpose(0, 1)).numpy())

    inputs, grad_outputs = arrange(numbers.inputs), arrange(numbers.grad_outputs)
    return module_run(
        layer, lambda: layer(inputs)[0], grad_outputs if problem.training else None, observe
    )


def packed_run(layer_type: Any, problem: Problem) -> Run:
    """A layer over a packed sequence of ragged rows, packed beforehand."""
    numbers = draw(problem)
    layer = weighted_layer(layer_type, numbers)
    inputs = pack(torch.from_numpy(numbers.inputs), problem)
    grad_outputs = pack(torch.from_numpy(numbers.grad_outputs), problem).data
    return module_run(
        layer, lambda: layer(inputs)[0].data, grad_outputs if problem.training else None
    )


def pack(rows: Tensor, problem: Problem) -> PackedSequence:
    """Rows `[B, T, *]` of which each is as long as `problem.lengths` says."""
    real = torch.from_numpy(lengths(problem))
    return pack_padded_sequence(rows, real, batch_first=True, enforce_sorted=False)


def weighted_layer(layer_type: Any, numbers: Numbers, **options: Any) -> Any:
    """A layer of one direction that has the given weights."""
    hidden, inputs = numbers.weight_hh.shape[1], numbers.weight_ih.shape[1]
    weights = numbers._asdict()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return load(
        layer_type(inputs, hidden, **options), {f"{name}_l0": weights[name] for name in names}
    )


def load(module: Any, weights: dict[str, np.ndarray]) -> Any:
    """The module, with weights given by name."""
    module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return module


def module_run(
    module: torch.nn.Module,
    forward: Callable[[], Tensor],
    grad_outputs: Tensor | None,
    observe: Callable[[Tensor], np.ndarray] = Tensor.numpy,
) -> Run:
    """`forward()` and, if gradients of its outputs are given, those of the module's weights."""

    def infer() -> Tensor:
        with torch.inference_mode():
            return forward()

    def train() -> Tensor:
        module.zero_grad(set_to_none=True)
        outputs = forward()
        outputs.backward(grad_outputs)
        return outputs

    call = infer if grad_outputs is None else train

    def results() -> dict[str, np.ndarray]:
        outputs = observe(call().detach())
        if grad_outputs is None:
            return {"outputs": outputs}
        gradients = {n: p.grad.numpy() for n, p in module.named_parameters() if p.grad is not None}
        return {"outputs": outputs, **{n.removesuffix("_l0"): g for n, g in gradients.items()}}

    return Run(call, results)
