"""The blocks that a network is made of, as plain data.

A block turns one of four values into another: token `ids [B, T]`, `words [B, T, 1 + letters]` as
codes, `steps [B, T, F]` of features, one `vector [B, F]` a row. What it accepts and gives decides
which blocks may follow each other; `shapes` and `output_features` decide the sizes.
"""

from __future__ import annotations

from typing import get_args

from elman.blueprint.attention import Attend
from elman.blueprint.chord import Chord
from elman.blueprint.convolution import MAX_WIDTH, Convolution
from elman.blueprint.heads import Adaptive, Tied
from elman.blueprint.layers import (
    MAX_VOCABULARY,
    Dense,
    Dropout,
    Embedding,
    Given,
    Pool,
    Recurrent,
)
from elman.blueprint.mixture import Mixture
from elman.blueprint.soft_window import SoftWindow
from elman.blueprint.tagging import Crf, Words
from elman.blueprint.windows import (
    MAX_POSITIONS,
    MAX_STEPS,
    Flatten,
    Parallel,
    Recall,
    Segments,
    Tail,
)

__all__ = [
    "BLOCKS",
    "MAX_POSITIONS",
    "MAX_STEPS",
    "MAX_VOCABULARY",
    "MAX_WIDTH",
    "Adaptive",
    "Attend",
    "Block",
    "Chord",
    "Convolution",
    "Crf",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Given",
    "Mixture",
    "Parallel",
    "Pool",
    "Recall",
    "Recurrent",
    "Segments",
    "SoftWindow",
    "Tail",
    "Tied",
    "WindowBlock",
    "Words",
]

WindowBlock = Segments | Tail | Flatten | Parallel | Recall
"""Blocks that read a whole window and give no answer before its end."""

Block = (
    Embedding
    | Words
    | Given
    | Convolution
    | Recurrent
    | Pool
    | Dense
    | Tied
    | Adaptive
    | Mixture
    | SoftWindow
    | Chord
    | Dropout
    | Crf
    | Attend
    | WindowBlock
)

BLOCKS: dict[str, type[Block]] = {block.kind: block for block in get_args(Block)}
"""Every kind of block by its name; models and runtime each have a twin of every one."""
