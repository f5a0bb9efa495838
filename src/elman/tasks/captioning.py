"""What a captioner learns from: items as they are read, captions as ids, a score that writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.captions import Captions
from elman.errors import ArgumentError
from elman.printable import many
from elman.runtime.captioning.reading import Scan, as_read
from elman.runtime.translating.judging import written_score
from elman.runtime.translating.sources import padded_ids
from elman.tasks.fitting import weights_of
from elman.training import PairExamples
from elman.transforms.scaler import Scaler
from elman.transforms.text import TextCodec

__all__ = [
    "CaptionParts",
    "CaptionScore",
    "PixelReader",
    "caption_parts",
    "examples_of",
    "fitted_scaler",
]


class CaptionParts(NamedTuple):
    """Captions to learn from, those that choose the epoch (None: none do), and how, in words."""

    train: Captions
    held_out: Captions | None
    how: str


def caption_parts(data: Captions, given: Any, seed: int) -> CaptionParts:
    """The parts that the parameter `validation` asks for.

    Args:
        data: N items with captions.
        given: A share of them in (0, 1), `Captions`, or None.
        seed: Of the drawing.

    Raises:
        ArgumentError: It is none of these, or leaves one part empty.
    """
    if given is None:
        return CaptionParts(data, None, "none: the last epoch is kept")
    if isinstance(given, Captions):
        given.checked_references()
        return CaptionParts(data, given, f"{many(len(given), 'item')} that were given")
    if not isinstance(given, float | np.floating) or not 0 < given < 1:
        expected = "a share between 0 and 1, Captions, or None"
        raise ArgumentError("validation", f"found {given!r:.80}", expected)
    size = round(len(data) * given)
    if not 0 < size < len(data):
        found = f"{given:g} of {many(len(data), 'item')} leaves one part empty"
        raise ArgumentError("validation", found, "more items, another share, or None")
    held = np.zeros(len(data), dtype=bool)
    held[np.random.default_rng(seed).permutation(len(data))[:size]] = True
    how = f"{given:g} of the items, at random (seed {seed})"
    return CaptionParts(data.select(~held), data.select(held), how)


def fitted_scaler(data: Captions) -> Scaler | None:
    """What brings numbers to a common scale; None for pixels, whose scale is known."""
    if data.items.dtype == np.uint8:
        return None
    items = data.items.astype(np.float32)
    if items.ndim == 4:
        items = items.reshape(len(items), -1, items.shape[-1])
    return Scaler.fit(items, data.lengths)


def examples_of(
    data: Captions,
    codec: TextCodec,
    scan: Scan,
    scaler: Scaler | None,
) -> PairExamples:
    """What is learnt from: each caption with its item, pixels as bytes, other numbers scaled.

    Args:
        data: N items with captions.
        codec: Of the captions, with `<go>` and `<eos>`.
        scan: How sequences and images become steps.
        scaler: Of numbers that are no pixels.
    """
    right = data.checked_references()
    owners = np.repeat(np.arange(len(data)), [len(one) for one in right])
    go, eos = codec.go, codec.eos
    assert go is not None  # the estimator has looked
    assert eos is not None
    targets = [np.append(codec.encode(text), eos) for one in right for text in one]
    target, lengths = padded_ids(targets)
    pixels = data.items.dtype == np.uint8
    items = data.items if pixels else as_read(data.items, scan, scaler)
    steps = None
    if data.lengths is not None:  # then a step is one of the sequence
        items[np.arange(items.shape[1]) >= data.lengths[:, None]] = 0
        steps = torch.from_numpy(data.lengths[owners].astype(np.int64))
    source = torch.from_numpy(np.ascontiguousarray(items))
    if len(owners) > len(data):
        source = source[torch.from_numpy(owners)]
    return PairExamples(source, torch.from_numpy(target), steps, torch.from_numpy(lengths), go)


class PixelReader(nn.Module):
    """A network behind what reads pixels: bytes as 0…1, images as steps.

    It does what `elman.runtime.captioning.reading.as_read` does, on tensors.
    """

    def __init__(self, network: nn.Module, scan: Scan) -> None:
        super().__init__()
        self.network = network
        self._scan = scan

    def forward(self, source: Tensor, target_in: Tensor, _steps: Any, lengths: Any) -> Any:
        """What the network gives; arguments as it takes them, the source as bytes."""
        pixels = source.to(torch.float32) / 255
        if pixels.dim() > 2:
            pixels = self._scan.steps(pixels, torch.cat)
        return self.network(pixels, target_in, None, lengths)


@dataclass(frozen=True, eq=False)
class CaptionScore:
    """What a network writes for items, judged by their captions.

    The runtime's model writes, with the weights as they are: so the saved model says the same.

    Attributes:
        name: One of `elman.runtime.translating.judging.CHOICES`.
        data: What is written for, and what is right.
        written: From weights to captions, one for each item.
    """

    name: str
    data: Captions
    written: Callable[[dict[str, np.ndarray]], list[str]]

    def whole(self, module: nn.Module) -> float:
        """The score of what a module's weights write."""
        network: Any = getattr(module, "network", module)
        said = self.written(weights_of(network))
        return written_score(self.name, said, self.data.checked_references())
