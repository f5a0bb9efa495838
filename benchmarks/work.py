"""What a contender brings: some work to be timed, and what it computed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Contender", "Run"]


class Run(NamedTuple):
    """Prepared work.

    Attributes:
        call: Does it once and returns when it is done; this is what is timed.
        results: Does it once and gives what it computed, in torch's layouts and gate orders.
    """

    call: Callable[[], Any]
    results: Callable[[], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Contender:
    """Who takes part in a case.

    Attributes:
        name: As the tables show it.
        module: Where its function is; contenders of one module share a process.
        function: Takes `arguments` and returns a `Run`.
        arguments: Plain data.
        way: Where a name stands for several contenders, the fastest of them is kept.
    """

    name: str
    module: str
    function: str
    arguments: tuple[Hashable, ...]
    way: str = ""
