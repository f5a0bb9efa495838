"""What may be wrong with data, told before anything is trained: texts, tagged sentences, sequences.

Counts and places as plain data; nothing is repaired.
"""

from elman.data.doctor.facts import examined
from elman.data.doctor.parts import Part, encodings_of, part_of

__all__ = ["Part", "encodings_of", "examined", "part_of"]
