"""Music as plain data: keys, tunes, ABC, and tunes as token ids."""

from elman.transforms.music.abc_reading import notes_of_rules, read_tune, read_tunes
from elman.transforms.music.abc_writing import written
from elman.transforms.music.codec import MelodyCodec
from elman.transforms.music.keys import Key, key_from_name
from elman.transforms.music.tune import Bar, Ending, Melody, Metre, Note, Sounding, Symbol

__all__ = [
    "Bar",
    "Ending",
    "Key",
    "Melody",
    "MelodyCodec",
    "Metre",
    "Note",
    "Sounding",
    "Symbol",
    "key_from_name",
    "notes_of_rules",
    "read_tune",
    "read_tunes",
    "written",
]
