"""Music as plain data: keys, tunes, ABC, MIDI, tones."""

from elman.music.abc_reading import read_tune, read_tunes
from elman.music.abc_rules import notes_of_rules
from elman.music.abc_writing import written
from elman.music.keys import Key, key_from_name
from elman.music.tune import Bar, Ending, Melody, Metre, Note, Sounding, Symbol

__all__ = [
    "Bar",
    "Ending",
    "Key",
    "Melody",
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
