"""Files and arrays to labelled sequences: readers, the catalogue of public sets, downloads.

`load`, `labelled_names` and `read` are loaded when first used: who only checks arrays, as the
runtime does, pays for no download machinery.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from elman.data.sequences import LabelledSequences, Sequences, as_sequences

if TYPE_CHECKING:
    from elman.data.loaders import labelled_names as labelled_names
    from elman.data.loaders import load as load
    from elman.data.readers import read as read

__all__ = ["LabelledSequences", "Sequences", "as_sequences", "labelled_names", "load", "read"]

_HOME = {
    "labelled_names": "elman.data.loaders",
    "load": "elman.data.loaders",
    "read": "elman.data.readers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
