"""Places among several on several sets."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["mean_ranks"]


def mean_ranks(sets: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The mean rank by MASE of all that forecast every set; 1 is the best."""
    who = sorted(set.intersection(*(set(found) for found in sets.values())))
    table = np.array([[found[one]["mase"] for one in who] for found in sets.values()])
    order = table.argsort(axis=1).argsort(axis=1) + 1
    return dict(zip(who, order.mean(axis=0).round(2).tolist(), strict=True))
