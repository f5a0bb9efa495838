"""A network as plain data: blocks, chains of them, and the four configurations.

Models train what is described here and the runtime answers with it; neither is needed to read,
write, check or count a blueprint.
"""

from elman.blueprint.blocks import (
    BLOCKS,
    Adaptive,
    Attend,
    Block,
    Chord,
    Convolution,
    Crf,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Given,
    Mixture,
    Parallel,
    Pool,
    Recall,
    Recurrent,
    Segments,
    SoftWindow,
    Tail,
    Tied,
    Words,
)
from elman.blueprint.cells import (
    CellConfig,
    CellKind,
    cell_kinds,
    register_cell,
    written_kind,
)
from elman.blueprint.configurations import (
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.blueprint.network import CONFIGURATIONS, Blueprint
from elman.blueprint.own import OwnNetwork
from elman.blueprint.schema import from_data, from_json, to_data, to_json

__all__ = [
    "BLOCKS",
    "CONFIGURATIONS",
    "Adaptive",
    "Attend",
    "Block",
    "Blueprint",
    "CellConfig",
    "CellKind",
    "Chord",
    "Convolution",
    "Crf",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Given",
    "Mixture",
    "OwnNetwork",
    "Parallel",
    "Pool",
    "Recall",
    "Recurrent",
    "Segments",
    "SoftWindow",
    "Tail",
    "Tied",
    "Words",
    "cell_kinds",
    "encoder_decoder",
    "from_data",
    "from_json",
    "register_cell",
    "sequence_to_sequence",
    "sequence_to_vector",
    "to_data",
    "to_json",
    "vector_to_sequence",
    "written_kind",
]
