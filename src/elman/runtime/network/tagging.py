"""Words and their letters as numbers, on NumPy arrays; the twin of `elman.models.tagging`."""

from __future__ import annotations

import numpy as np

from elman import blueprint as plan
from elman.runtime.network.cells import Arrays, real_steps, under
from elman.runtime.network.flow import Flow
from elman.runtime.network.layers import Pointwise, Recurrent

__all__ = ["Words"]


class Words(Pointwise):
    """Codes `[..., 1 + letters]` become steps; each word alone."""

    def __init__(self, block: plan.Words, features: int, weights: Arrays) -> None:
        super().__init__(self._numbers)
        self.weight = weights["weight"]
        self.reader = None
        if block.reader is not None:
            self.characters = weights["character_weight"]
            read = under(weights, "reader.")
            self.reader = Recurrent(block.reader, block.character_size, read)

    def _numbers(self, codes: np.ndarray) -> np.ndarray:
        """Of each word: its vector, and what its letters say."""
        values = self.weight[codes[..., 0]]
        if self.reader is None:
            return values
        different, place = np.unique(
            codes[..., 1:].reshape(-1, codes.shape[-1] - 1), axis=0, return_inverse=True
        )
        said = self._read(different)[place.ravel()]
        return np.concatenate([values, said.reshape(*codes.shape[:-1], said.shape[1])], axis=-1)

    def _read(self, letters: np.ndarray) -> np.ndarray:
        """What the cells say of words, from their letters' ids `[M, L]`."""
        assert self.reader is not None
        lengths = (letters != 0).sum(axis=1)
        read = self.characters[letters[:, : max(1, int(lengths.max(initial=0)))]]
        real = real_steps(lengths, read.shape[1])[..., None]
        flow = Flow(np.where(real, read, np.float32(0)), lengths)
        done, _ = self.reader.run(flow, self.reader.initial_state(len(letters)), False)
        assert done.hidden is not None
        return done.hidden
