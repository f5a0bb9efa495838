"""A blueprint's blocks as trainable torch modules."""

from elman.models.blocks import layer_titles, limit_memory, sample_scores
from elman.models.networks import EncoderDecoder, Sequence, VectorToSequence, build

__all__ = [
    "EncoderDecoder",
    "Sequence",
    "VectorToSequence",
    "build",
    "layer_titles",
    "limit_memory",
    "sample_scores",
]
