"""What other tools have learnt, as ours, and back.

`tensorflow1`: the cells of TensorFlow 1; `word_vectors`: files of word2vec and GloVe.
"""

from elman.convert.tensorflow1 import from_tensorflow1, load_tensorflow1, to_tensorflow1
from elman.convert.word_vectors import WordVectors, read_vectors

__all__ = [
    "WordVectors",
    "from_tensorflow1",
    "load_tensorflow1",
    "read_vectors",
    "to_tensorflow1",
]
