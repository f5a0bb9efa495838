"""What may be wrong with data, before anything is trained: texts, sentences, pairs, captions,
sounds, sequences.

Counts and places as plain data; nothing is repaired.
"""

from elman.data.doctor.captions import part_of_captions
from elman.data.doctor.facts import examined
from elman.data.doctor.pairs import part_of_pairs
from elman.data.doctor.parts import Part, encodings_of, part_of
from elman.data.doctor.sounds import part_of_recordings

__all__ = ["Part", "encodings_of", "examined", "part_of", "part_of_captions", "part_of_pairs"]
__all__ += ["part_of_recordings"]
