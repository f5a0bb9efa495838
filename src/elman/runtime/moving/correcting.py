"""What the network says of windows: corrections to constant velocity, and samples of futures.

The mixture's components are whole futures: weight, and for each uncorrelated coordinate of the
deviation (`elman.transforms.path_frames`) a mean and a deviation. So a sample is one consistent
way to go, which a mixture at each step would not give.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint import Mixture
from elman.data.paths import PathWindows
from elman.decoding import SearchOptions
from elman.decoding.sampling import Draws, token_at
from elman.kernels.mixture import draw_values, parameters_of, token_logits
from elman.metrics.displacements import constant_velocity
from elman.transforms.path_frames import Framed, PathFrames

__all__ = ["Correcting", "Said"]

_BATCH = 2048  # windows that are read at once


class Said(NamedTuple):
    """What a network said of W windows.

    Attributes:
        plain: Constant velocity, `[W, H, 2]` in the data's own unit, as what follows.
        correction: The mean of the mixture, `[W, H, 2]`.
        raw: The mixture's raw parameters, `[W, P]`.
        framed: The windows.
        ids: Of each a number that is a function of its scene's and its agent's name and of its
            last step: what its samples are drawn by.
    """

    plain: Float[np.ndarray, "W H 2"]
    correction: Float[np.ndarray, "W H 2"]
    raw: Float[np.ndarray, "W P"]
    framed: Framed
    ids: Int[np.ndarray, "W"]

    def __len__(self) -> int:
        return len(self.plain)

    def select(self, rows: Any) -> Said:
        """Of the windows at `rows`."""
        plain, correction, raw, framed, ids = self
        return Said(plain[rows], correction[rows], raw[rows], framed.select(rows), ids[rows])


class Correcting:
    """A network and how it is told of windows.

    Args:
        run: The network: inputs `[B, S, F]` and lengths to raw parameters `[B, P]`.
        block: Its last block.
        frames: How windows are told.
        width: What deviations of samples from the mean are multiplied by, > 0.
    """

    def __init__(
        self, run: Callable[..., np.ndarray], block: Mixture, frames: PathFrames, width: float = 1.0
    ) -> None:
        self._run, self.block, self.frames, self.width = run, block, frames, width

    def said(self, windows: PathWindows) -> Said:
        """What the network says of windows."""
        parts = [self._said(windows.select(rows)) for rows in _cut(len(windows))]
        if len(parts) == 1:
            return parts[0]
        plain, correction, raw, framed, ids = zip(*parts, strict=True)
        told = {
            name: np.concatenate([getattr(one, name) for one in framed])
            for name in ("seen", "others", "extra", "heading", "origin", "turn")
        }
        plain, correction, raw = (np.concatenate(one) for one in (plain, correction, raw))
        return Said(plain, correction, raw, Framed(**told), np.concatenate(ids))

    def _said(self, windows: PathWindows) -> Said:
        frames, values = self.frames, windows.values()[:, : windows.seen]
        framed = frames.framed(values, windows.others(frames.told_of))
        ids = [
            zlib.crc32(f"{scene}\0{agent}\0{end}".encode("utf-8", "surrogatepass"))
            for (scene, agent), end in zip(windows.agents(), windows.ends, strict=True)
        ]
        lengths = np.full(len(values), windows.seen)
        raw = self._run(frames.inputs(framed), lengths)
        said = parameters_of(self.block, raw)
        mean = (said["weights"][..., None] * said["parts"][0]["location"]).sum(axis=1)
        correction = frames.outward(framed, frames.decoded(mean))
        plain = constant_velocity(values[..., :2], frames.ahead)
        return Said(plain, correction, raw, framed, np.array(ids, np.int64))

    def samples(
        self, said: Said, share: Float[np.ndarray, "W"], count: int, seed: int
    ) -> Float[np.ndarray, "W K H 2"]:
        """Futures drawn for each window: a pure function of seed, window and number.

        Their middle is the forecast: constant velocity and `share` of the correction.
        """
        frames = self.frames
        logits = token_logits(self.block, said.raw)
        logits = logits - logits.max(axis=1, keepdims=True)
        draws, usual = Draws(seed), SearchOptions()
        tokens = np.array(
            [
                [token_at(draws(int(row), k), of_row, usual) for k in range(count)]
                for row, of_row in zip(said.ids, logits, strict=True)
            ],
            dtype=np.int64,
        ).reshape(len(said), count)
        found = np.zeros((len(said), count, frames.ahead, 2))
        for k in range(count):
            steps = np.full(len(said), k, np.int64)
            drawn = draw_values(self.block, said.raw, tokens[:, k], seed, said.ids, steps)
            deviation = frames.outward(said.framed, frames.decoded(drawn))
            apart = self.width * (deviation - said.correction)
            found[:, k] = said.plain + share[:, None, None] * said.correction + apart
        return found


def _cut(count: int) -> Iterator[slice]:
    """Slices of at most so many windows; one of no window where there is none."""
    for start in range(0, max(count, 1), _BATCH):
        yield slice(start, start + _BATCH)
