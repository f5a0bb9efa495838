"""Optimisers and learning rates by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from elman.training.config import TrainingConfig

__all__ = ["build_optimizer", "clip_gradients", "learning_rate"]

_MOMENTUM = 0.9


def build_optimizer(module: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimiser that `config` names, over all trainable parameters of `module`.

    Weight decay applies to weight matrices only: parameters whose own name begins with
    `weight` or is `projection`, and that have two axes. Biases, gains, peepholes and learned
    initial states are left alone.
    """
    trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    groups = [
        {
            "params": [p for name, p in trained if _decays(name, p)],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for name, p in trained if not _decays(name, p)], "weight_decay": 0.0},
    ]
    make = _MAKERS[config.optimizer]
    return make([group for group in groups if group["params"]], lr=config.learning_rate)


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
    norms = [torch.linalg.vector_norm(p.grad) for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(norms)).item()
    if config.clip_value is not None:
        nn.utils.clip_grad_value_(parameters, config.clip_value)
    if config.clip_norm is not None and norm > config.clip_norm:
        nn.utils.clip_grad_norm_(parameters, config.clip_norm)
    return norm


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
