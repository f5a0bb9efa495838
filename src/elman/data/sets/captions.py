"""What is captioned by name, or from files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from elman.data.captions import Captions
from elman.data.readers.captions import read_captions
from elman.data.sets import catalogue
from elman.data.sets.scenes import scenes
from elman.errors import ArgumentError, DataError

__all__ = ["caption_names", "load_captions"]

_SCENES = {"train": (40_000, 0), "test": (2_000, 1)}  # how many, and the seed


def caption_names() -> tuple[str, ...]:
    """The names that `load_captions` takes, sorted."""
    return tuple(sorted(_LOADERS))


def load_captions(source: Any, part: str | None = None, captions: Any = None) -> Captions:
    """Things with captions by name, or from files.

    `scenes` are made on the spot of MNIST's digits: 40,000 scenes of two of the training part's,
    and 2,000 of the test part's.

    Args:
        source: A name from `caption_names()`, or what `elman.data.readers.captions.read_captions`
            takes.
        part: Of a name: 'train' (also for None) or 'test'; of a file None.
        captions: Beside a file: the file of its captions.

    Raises:
        ArgumentError, DataError, FormatError, ShapeError: As of `read_captions`, or there is no
            such part.
        ChecksumError: A file of a set is not the one that its manifest describes.
    """
    if not isinstance(source, str) or source not in _LOADERS:
        _check_source(source)
        if part is not None:
            raise ArgumentError("part", f"found {part!r}", f"None: {source} has no parts")
        return read_captions(source, captions)
    if captions is not None:
        raise ArgumentError("captions", f"given for {source}, which has its own", "leave it out")
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    return _LOADERS[source](part or "train")


def _check_source(source: Any) -> None:
    """`DataError` for the name of another set, and `ArgumentError` for one of none."""
    if not isinstance(source, str) or os.path.exists(source):
        return
    if source in catalogue.names():
        expected = f"one of {', '.join(caption_names())}; see: elman data show {source}"
        raise DataError(f"data set {source!r}", "has no captions", expected)
    if not os.path.splitext(source)[1] and os.sep not in source:  # no path was meant
        raise catalogue.unknown(source, caption_names())


def _scenes(part: str) -> Captions:
    count, seed = _SCENES[part]
    return scenes(count, seed, part)


_LOADERS: dict[str, Callable[[str], Captions]] = {"scenes": _scenes}
