"""Futures of agents to draw."""

from __future__ import annotations

import numpy as np

from elman.runtime.moving.futures import Futures

__all__ = ["futures_of"]


def futures_of(agents=3, samples=20, scene="street", names=None):
    """Agents side by side who walk on, with samples that wander."""
    draws = np.random.default_rng(0)
    steps = np.arange(-7.0, 1.0)
    start = np.array([[0.0, k] for k in range(agents)])
    velocity = np.array([[1.0, 0.1 * (1 - k)] for k in range(agents)])
    seen = start[:, None] + steps[:, None] * velocity[:, None]
    mean = start[:, None] + np.arange(1.0, 13.0)[:, None] * velocity[:, None]
    drawn = mean[:, None] + np.cumsum(0.1 * draws.normal(size=(agents, samples, 12, 2)), axis=2)
    names = tuple(names or (f"p{k}" for k in range(agents)))
    frames = np.tile(np.arange(10, 130, 10), (agents, 1))
    return Futures((scene,) * agents, names, seen, frames, mean, np.ones(agents), drawn)
