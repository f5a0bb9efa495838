"""What is said of how agents go on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError

__all__ = ["Futures"]


@dataclass(frozen=True, eq=False)
class Futures:
    """How N agents go on, in the data's own unit.

    Attributes:
        scenes: The scene of each.
        agents: The name of each.
        seen: Where it was, `[N, S, 2]`.
        frames: Of the H steps ahead, `[N, H]`.
        mean: Where it is forecast to be, `[N, H, 2]`.
        share: How much of the network's correction to constant velocity is in that, `[N]`.
        samples: Where it may be, `[N, K, H, 2]`; none: they were not asked for.
        notes: What is to be known of the data, in sentences.
    """

    scenes: tuple[str, ...]
    agents: tuple[str, ...]
    seen: Float[np.ndarray, "N S 2"]
    frames: np.ndarray
    mean: Float[np.ndarray, "N H 2"]
    share: Float[np.ndarray, "N"]
    samples: Float[np.ndarray, "N K H 2"] = field(default_factory=lambda: np.zeros((0, 0, 0, 2)))
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.agents)

    def row(self, scene: str, agent: str) -> int:
        """Which of them an agent is.

        Raises:
            ArgumentError: There is none of that name.
        """
        for n, found in enumerate(zip(self.scenes, self.agents, strict=True)):
            if found == (scene, agent):
                return n
        known = ", ".join(dict.fromkeys(self.scenes))
        raise ArgumentError("agent", f"no {agent!r} in scene {scene!r}", f"an agent of {known}")
