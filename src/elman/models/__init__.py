"""A blueprint's blocks as trainable torch modules."""

from elman.models.blocks import (
    begin_with_frequencies,
    layer_titles,
    limit_memory,
    sample_scores,
    score_late,
)
from elman.models.networks import EncoderDecoder, Sequence, VectorToSequence, build

__all__ = [
    "EncoderDecoder",
    "Sequence",
    "VectorToSequence",
    "begin_with_frequencies",
    "build",
    "layer_titles",
    "limit_memory",
    "sample_scores",
    "score_late",
]
