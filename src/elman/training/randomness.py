"""Randomness of training as a pure function of seed, purpose, epoch and step.

Nothing has to be stored to resume a run: whoever knows the place in it knows the numbers.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

__all__ = ["Purpose", "generator"]

Purpose = Literal["order", "augment", "module", "split"]
_STREAMS: dict[Purpose, int] = {"order": 0, "augment": 1, "module": 2, "split": 3}


def generator(seed: int, purpose: Purpose, epoch: int = 0, step: int = 0) -> np.random.Generator:
    """A generator of its own for each purpose, epoch and step of a run.

    >>> a, b = generator(7, "order", epoch=3), generator(7, "order", epoch=3)
    >>> bool((a.permutation(9) == b.permutation(9)).all())
    True

    Args:
        seed: The run's, ≥ 0; only its lowest 64 bits count.
        purpose: What the numbers are for.
        epoch: From 1; 0 for what happens before training.
        step: From 0 in its epoch.
    """
    key = np.array([seed % 2**64, _STREAMS[purpose]], dtype=np.uint64)
    counter = np.array([0, 0, step, epoch], dtype=np.uint64)  # the lowest words count draws
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
