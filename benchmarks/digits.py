"""The lesson's reader of digits as a workload: its sizes, its numbers, its first weights.

Speed does not depend on what the pixels are, so they are drawn at random.
"""

from __future__ import annotations

import numpy as np

from benchmarks.problem import GATES

__all__ = ["BATCH", "BATCHES", "IMAGES", "NEURONS", "RATE", "draw_batches", "draw_weights"]

IMAGES = 60_000
BATCH = 150
BATCHES = 40  # that are drawn; an epoch is IMAGES / BATCH of them
ROWS, PIXELS, DIGITS = 28, 28, 10
NEURONS = 150
RATE = 0.001  # of Adam


def draw_batches(count: int = BATCHES) -> tuple[np.ndarray, np.ndarray]:
    """Images `[batches, B, 28, 28]`, float32 in [0, 1), and digits `[batches, B]`, int64."""
    random = np.random.default_rng(0)
    images = random.random((count, BATCH, ROWS, PIXELS), dtype=np.float32)
    return images, random.integers(0, DIGITS, (count, BATCH))


def draw_weights(cell: str) -> dict[str, np.ndarray]:
    """A recurrent layer's weights, named and laid out as torch's, and the reading-out layer's."""
    random = np.random.default_rng(1)
    rows = GATES[cell] * NEURONS
    shapes = {
        "weight_ih_l0": (rows, PIXELS),
        "weight_hh_l0": (rows, NEURONS),
        "bias_ih_l0": (rows,),
        "bias_hh_l0": (rows,),
        "weight": (DIGITS, NEURONS),
        "bias": (DIGITS,),
    }
    bound = NEURONS**-0.5
    return {n: random.uniform(-bound, bound, s).astype(np.float32) for n, s in shapes.items()}
