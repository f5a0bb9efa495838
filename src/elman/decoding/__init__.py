"""One search for everything that writes: sequences of tokens out of a step function."""

from elman.decoding.constraints import Constraints
from elman.decoding.drafts import Drafted, Drafting
from elman.decoding.hotwords import Hotwords
from elman.decoding.hypotheses import Answer
from elman.decoding.options import SearchOptions
from elman.decoding.prefixes import Collapse, LabelModel, Labels, PrefixOptions, PrefixSearch
from elman.decoding.search import Search, Step
from elman.decoding.streaming import Written
from elman.decoding.ways import Decoded, beam, greedy, sample

__all__ = [
    "Answer",
    "Collapse",
    "Constraints",
    "Decoded",
    "Drafted",
    "Drafting",
    "Hotwords",
    "LabelModel",
    "Labels",
    "PrefixOptions",
    "PrefixSearch",
    "Search",
    "SearchOptions",
    "Step",
    "Written",
    "beam",
    "greedy",
    "sample",
]
