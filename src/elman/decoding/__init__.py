"""One search for everything that writes: sequences of tokens out of a step function."""

from elman.decoding.constraints import Constraints
from elman.decoding.hypotheses import Answer
from elman.decoding.options import SearchOptions
from elman.decoding.search import Search, Step
from elman.decoding.streaming import Written
from elman.decoding.ways import Decoded, beam, greedy, sample

__all__ = [
    "Answer",
    "Constraints",
    "Decoded",
    "Search",
    "SearchOptions",
    "Step",
    "Written",
    "beam",
    "greedy",
    "sample",
]
