"""What may be wrong with data, before anything is trained: texts, sentences, sounds, sequences.

Counts and places as plain data; nothing is repaired.
"""

from elman.data.doctor.facts import examined
from elman.data.doctor.parts import Part, encodings_of, part_of
from elman.data.doctor.sounds import part_of_recordings

__all__ = ["Part", "encodings_of", "examined", "part_of", "part_of_recordings"]
