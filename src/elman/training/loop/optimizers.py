"""Optimisers and learning rates by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from elman.training.config import TrainingConfig
from elman.training.loop.rows import RowsOptimizer, tables_of

__all__ = ["build_optimizer", "clip_gradients", "learning_rate"]

_MOMENTUM = 0.9
_TINY = 1e-6  # what torch's `clip_grad_norm_` adds to a norm that it divides by


def build_optimizer(module: nn.Module, config: TrainingConfig) -> Any:
    """The optimiser that `config` names, over all trainable parameters of `module`: one of torch's.

    Of tables whose gradients hold rows only those are updated, by what behaves as one of torch's;
    see `elman.training.loop.rows`.

    Weight decay applies to weight matrices only: parameters whose own name begins with
    `weight` or is `projection`, and that have two axes. Biases, gains, peepholes and learned
    initial states are left alone.
    """
    tables = tables_of(module)
    stands = {name: nn.Parameter(table.new_empty(0, table.shape[1]))
              for name, table in tables.items()}  # fmt: skip
    trained = [
        (name, stands.get(name, p)) for name, p in module.named_parameters() if p.requires_grad
    ]
    groups = [
        {
            "params": [p for name, p in trained if _decays(name, p)],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for name, p in trained if not _decays(name, p)], "weight_decay": 0.0},
    ]
    make = _MAKERS[config.optimizer]
    made = make([group for group in groups if group["params"]], lr=config.learning_rate)
    if not tables:
        return made
    return RowsOptimizer(made, {stands[name]: table for name, table in tables.items()})


def _decays(name: str, parameter: nn.Parameter) -> bool:
    own = name.rsplit(".", 1)[-1]
    return parameter.ndim >= 2 and (own.startswith("weight") or own == "projection")


def _sgd(momentum: float, nesterov: bool = False) -> Callable[..., torch.optim.Optimizer]:
    def make(groups: Iterable[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=nesterov)

    return make


_MAKERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),  # one pass over memory instead of ten
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": _sgd(0.0),
    "momentum": _sgd(_MOMENTUM),
    "nesterov": _sgd(_MOMENTUM, nesterov=True),
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}


def clip_gradients(parameters: Sequence[nn.Parameter], config: TrainingConfig) -> float:
    """Clip gradients in place as `config` says: first by value, then by norm.

    >>> weight = nn.Parameter(torch.zeros(2))
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_gradients([weight], TrainingConfig(clip_value=3.0, clip_norm=1.0))
    5.0
    >>> weight.grad
    tensor([0.7071, 0.7071])

    Returns:
        The norm of all of them together before they were clipped. If it is not finite, they are
        of no use.
    """
    grads = [_dense(p) for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([*map(torch.linalg.vector_norm, grads)])).item()
    if config.clip_value is not None:
        for grad in grads:
            grad.clamp_(-config.clip_value, config.clip_value)
    if config.clip_norm is not None and norm > config.clip_norm:
        held = torch.stack([*map(torch.linalg.vector_norm, grads)])
        scale = config.clip_norm / (torch.linalg.vector_norm(held) + _TINY)
        for grad in grads:
            grad.mul_(scale.clamp(max=1.0))
    return norm


def _dense(parameter: nn.Parameter) -> torch.Tensor:
    """A gradient; of one that holds rows only their values, which share its memory."""
    assert parameter.grad is not None
    if not parameter.grad.is_sparse:
        return parameter.grad
    parameter.grad = parameter.grad.coalesce()
    return parameter.grad.values()


def learning_rate(config: TrainingConfig, step: int, steps: int) -> float:
    """The learning rate of one step: a pure function of its number.

    >>> config = TrainingConfig(learning_rate=1.0, schedule="linear", warmup_steps=2)
    >>> [round(learning_rate(config, step, 6), 2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]

    Args:
        config: Peak rate, schedule and warm-up.
        step: From 0, counted over all epochs.
        steps: Of the whole training.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    if config.schedule == "cosine":
        return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
    if config.schedule == "linear":
        return config.learning_rate * (1.0 - done)
    return config.learning_rate
