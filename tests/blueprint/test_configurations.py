from __future__ import annotations

import pytest

from elman.blueprint import (
    CellConfig,
    Dense,
    Dropout,
    Embedding,
    Pool,
    Recurrent,
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.errors import BlueprintError

CELLS = (CellConfig("lstm", 4, projection=3), CellConfig("gru", 5))


def test_sequence_to_vector():
    blueprint = sequence_to_vector(
        input_size=3, cells=CELLS, outputs=2, bidirectional=True, pool="mean", dropout=0.5
    )
    assert blueprint.chains == {
        "body": (Recurrent(CELLS, True), Pool("mean"), Dropout(0.5), Dense(2))
    }


def test_sequence_to_sequence_of_tokens():
    blueprint = sequence_to_sequence(vocabulary=9, embedding=3, cells=CELLS[1], outputs=2)
    assert blueprint.input_size is None
    assert blueprint.chains == {"body": (Embedding(9, 3), Recurrent(CELLS[1]), Dense(2))}


def test_vector_to_sequence_starts_every_part_of_the_decoders_state():
    blueprint = vector_to_sequence(
        input_size=7, vocabulary=9, embedding=3, cells=CELLS, go=0, eos=1
    )
    assert blueprint.chains["bridge"] == (Dense(3 + 4 + 5, "tanh"),)
    assert blueprint.chains["decoder"] == (Embedding(9, 3), Recurrent(CELLS), Dense(9))


def test_encoder_decoder_leaves_out_what_would_not_be_read():
    top = CellConfig("gru", 4, residual=True, output_projection=2, learned_state=True)
    blueprint = encoder_decoder(
        source_vocabulary=8,
        target_vocabulary=9,
        embedding=4,
        cells=(top, top.__class__("gru", 4, output_projection=3)),
        go=0,
        eos=1,
    )
    encoder, decoder = blueprint.chains["encoder"][1], blueprint.chains["decoder"][1]
    assert encoder.cells == (top, CellConfig("gru", 4))
    assert decoder.cells == (
        CellConfig("gru", 4, residual=True, output_projection=2),
        CellConfig("gru", 4, output_projection=3),
    )
    assert blueprint.reverse_source


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"input_size": 3, "vocabulary": 5},
        {"vocabulary": 5},
        {"embedding": 5},
        {"input_size": 3, "vocabulary": 5, "embedding": 5},
    ],
)
def test_inputs_are_features_or_tokens(inputs):
    with pytest.raises(BlueprintError, match="give either input_size, or both"):
        sequence_to_vector(cells=CELLS, outputs=2, **inputs)
