"""Files and arrays to labelled sequences and time series: readers, public sets, downloads.

What reads files, frames or sets is loaded when first used: who only checks arrays, as the
runtime does, pays for no download machinery.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from elman.data.captions import Captions, as_captions
from elman.data.drawings import Drawings
from elman.data.labelled_sequences import LabelledSequences
from elman.data.melodies import Chorales, Melodies
from elman.data.pairs import Pairs, as_pairs
from elman.data.paths import Paths, Scene
from elman.data.recordings import Recordings
from elman.data.sequences import Sequences, as_sequences
from elman.data.tagged import TaggedSentences
from elman.data.texts import LabelledTexts

if TYPE_CHECKING:
    from elman.data.readers import read as read
    from elman.data.readers.captions import read_captions as read_captions
    from elman.data.readers.chorales import read_chorales as read_chorales
    from elman.data.readers.conll import read_tagged as read_tagged
    from elman.data.readers.conll import write_tagged as write_tagged
    from elman.data.readers.drawings import read_drawings as read_drawings
    from elman.data.readers.melodies import read_melodies as read_melodies
    from elman.data.readers.pairs import read_pairs as read_pairs
    from elman.data.readers.paths import read_paths as read_paths
    from elman.data.readers.sound import read_recordings as read_recordings
    from elman.data.readers.text import read_texts as read_texts
    from elman.data.series.panel import Panel as Panel
    from elman.data.sets.captions import load_captions as load_captions
    from elman.data.sets.drawings import drawing_names as drawing_names
    from elman.data.sets.drawings import load_drawings as load_drawings
    from elman.data.sets.labelled import labelled_names as labelled_names
    from elman.data.sets.labelled import load as load
    from elman.data.sets.melodies import load_chorales as load_chorales
    from elman.data.sets.melodies import load_melodies as load_melodies
    from elman.data.sets.pairs import load_pairs as load_pairs
    from elman.data.sets.series import as_panel as as_panel
    from elman.data.sets.series import load_series as load_series
    from elman.data.sets.series import series_names as series_names
    from elman.data.sets.sounds import load_recordings as load_recordings
    from elman.data.sets.texts import load_tagged as load_tagged
    from elman.data.sets.texts import load_texts as load_texts
    from elman.data.sets.walkers import load_paths as load_paths
    from elman.data.sets.walkers import path_set_names as path_set_names

__all__ = [
    "Captions",
    "Chorales",
    "Drawings",
    "LabelledSequences",
    "LabelledTexts",
    "Melodies",
    "Pairs",
    "Panel",
    "Paths",
    "Recordings",
    "Scene",
    "Sequences",
    "TaggedSentences",
    "as_captions",
    "as_pairs",
    "as_panel",
    "as_sequences",
    "drawing_names",
    "labelled_names",
    "load",
    "load_captions",
    "load_chorales",
    "load_drawings",
    "load_melodies",
    "load_pairs",
    "load_paths",
    "load_recordings",
    "load_series",
    "load_tagged",
    "load_texts",
    "path_set_names",
    "read",
    "read_captions",
    "read_chorales",
    "read_drawings",
    "read_melodies",
    "read_pairs",
    "read_paths",
    "read_recordings",
    "read_tagged",
    "read_texts",
    "series_names",
    "write_tagged",
]

_HOME = {
    "Panel": "elman.data.series.panel",
    "as_panel": "elman.data.sets.series",
    "drawing_names": "elman.data.sets.drawings",
    "load_drawings": "elman.data.sets.drawings",
    "read_drawings": "elman.data.readers.drawings",
    "labelled_names": "elman.data.sets.labelled",
    "load": "elman.data.sets.labelled",
    "load_captions": "elman.data.sets.captions",
    "load_chorales": "elman.data.sets.melodies",
    "load_melodies": "elman.data.sets.melodies",
    "load_paths": "elman.data.sets.walkers",
    "path_set_names": "elman.data.sets.walkers",
    "load_pairs": "elman.data.sets.pairs",
    "load_recordings": "elman.data.sets.sounds",
    "load_series": "elman.data.sets.series",
    "load_tagged": "elman.data.sets.texts",
    "load_texts": "elman.data.sets.texts",
    "read": "elman.data.readers",
    "read_captions": "elman.data.readers.captions",
    "read_chorales": "elman.data.readers.chorales",
    "read_melodies": "elman.data.readers.melodies",
    "read_paths": "elman.data.readers.paths",
    "read_pairs": "elman.data.readers.pairs",
    "read_recordings": "elman.data.readers.sound",
    "read_tagged": "elman.data.readers.conll",
    "read_texts": "elman.data.readers.text",
    "write_tagged": "elman.data.readers.conll",
    "series_names": "elman.data.sets.series",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
