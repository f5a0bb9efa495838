from __future__ import annotations

from dataclasses import replace

import pytest

from elman.blueprint import (
    Attend,
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


SIZES = {"source_vocabulary": 8, "target_vocabulary": 9, "embedding": 4, "go": 0, "eos": 1}


def test_states_of_other_sizes_or_directions_are_bridged():
    gru = CellConfig("gru", 4)
    assert "bridge" not in encoder_decoder(cells=gru, **SIZES).chains
    deep = encoder_decoder(cells=(gru, gru), encoder_cells=gru, bidirectional=True, **SIZES)
    assert deep.chains["bridge"] == (Dense(8, "tanh"),)
    assert deep.shapes()["bridge.0.weight"] == (8, 8)
    assert not deep.reverse_source  # it is read backwards anyway
    assert [*deep.chains] == ["encoder", "bridge", "decoder"]
    other = encoder_decoder(cells=CellConfig("lstm", 3), encoder_cells=gru, **SIZES)
    assert other.shapes()["bridge.0.weight"] == (6, 4)
    assert other.reverse_source
    with pytest.raises(BlueprintError, match="reverse_source: set for an encoder that reads in bo"):
        encoder_decoder(cells=gru, bidirectional=True, reverse_source=True, **SIZES)


def test_an_encoder_may_read_features():
    sizes = {name: size for name, size in SIZES.items() if name != "source_vocabulary"}
    blueprint = encoder_decoder(
        cells=CellConfig("gru", 4), input_size=3, input_dropout=0.1, **sizes
    )
    assert blueprint.input_size == 3
    assert blueprint.chains["encoder"] == (Dropout(0.1), Recurrent(CellConfig("gru", 4)))
    assert blueprint.shapes()["decoder.0.weight"] == (9, 4)
    for wrong in ({}, {"input_size": 3, "source_vocabulary": 8}):
        with pytest.raises(BlueprintError, match="input_size"):
            encoder_decoder(cells=CellConfig("gru", 4), **sizes | wrong)


def test_what_is_attended_to_and_fed_back_has_its_size():
    top = CellConfig("gru", 4, residual=True)
    options = {"attention": "additive", "dropout": 0.1, "input_dropout": 0.2}
    blueprint = encoder_decoder(cells=top, encoder_cells=top, feeding=False, **options, **SIZES)
    assert blueprint.chains["encoder"][-1].cells == (top,)  # its outputs are read, too
    assert blueprint.chains["decoder"][1:] == (
        Dropout(0.2),
        Recurrent(top),
        Attend("additive", 4, 4),
        Dropout(0.1),
        Dense(9),
    )
    plain = replace(top, residual=False)
    fed = encoder_decoder(cells=plain, encoder_cells=plain, feeding=True, **options, **SIZES)
    assert fed.shapes()["decoder.2.cells.0.weight_ih"] == (12, 4 + 4)
    assert fed.shapes()["decoder.3.weight"] == (4, 8)
    with pytest.raises(BlueprintError, match="feeding: set without attention"):
        encoder_decoder(cells=plain, feeding=True, **SIZES)


def test_one_embedding_for_both_sides_is_one_weight():
    cell = CellConfig("gru", 4)
    blueprint = encoder_decoder(
        cells=cell, shared=True, head="tied", **SIZES | {"target_vocabulary": 8}
    )
    assert "decoder.0.weight" not in blueprint.shapes()
    assert blueprint.parameters == 8 * 4 + 2 * (12 * 4 + 12 * 4 + 12 + 4) + 8
    with pytest.raises(
        BlueprintError, match=r"chains.decoder\[0\]: shares the vectors of embedding"
    ):
        encoder_decoder(cells=cell, shared=True, **SIZES)


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
