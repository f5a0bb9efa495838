"""Sequences of tokens out of a step function: greedy, sampled, or by beam search."""

from elman.decoding.beam import beam
from elman.decoding.greedy import greedy
from elman.decoding.loop import Decoded, Step
from elman.decoding.sampling import sample

__all__ = ["Decoded", "Step", "beam", "greedy", "sample"]
