from __future__ import annotations

import numpy as np
import pytest

from elman.blueprint import (
    Attend,
    Blueprint,
    CellConfig,
    Crf,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Given,
    Parallel,
    Pool,
    Recall,
    Recurrent,
    Segments,
    Tail,
    Words,
    sequence_to_vector,
)
from elman.errors import BlueprintError, ShapeError

CELL = CellConfig("rnn", 4)
LAYER = Recurrent(CELL)


def body(*blocks, configuration="sequence_to_vector", input_size=3, **options) -> Blueprint:
    return Blueprint(configuration, input_size, {"body": blocks}, **options)


def decoder(*blocks, go=0, eos=1) -> Blueprint:
    chains = {"encoder": (Embedding(7, 3), LAYER), "decoder": blocks}
    return Blueprint("encoder_decoder", None, chains, go, eos)


READER = (Embedding(6, 3), LAYER)


def translator(*blocks, encoder=READER, **more) -> Blueprint:
    chains = {"encoder": encoder, "decoder": (Embedding(6, 3), LAYER, *blocks, Dense(6))}
    return Blueprint("encoder_decoder", None, chains | more.pop("chains", {}), 0, 1, **more)


BOTH = (Embedding(6, 3), Recurrent(CELL, True))
SHARED = Embedding(6, 3, shared=True)


def residual(units=3) -> CellConfig:
    return CellConfig("rnn", units, residual=True)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: Blueprint("many_to_many", 3, {"body": (LAYER,)}), "configuration"),
        (lambda: Blueprint(["x"], 3, {"body": (LAYER,)}), "configuration"),
        (lambda: Blueprint("sequence_to_vector", 3, {}), "chains"),
        (lambda: Blueprint("sequence_to_vector", 3, {"head": (LAYER,)}), "chains"),
        (lambda: Blueprint("sequence_to_vector", 3, (LAYER,)), "chains"),
        (lambda: body(), "chains.body"),
        (lambda: body(*[Dropout(0.1)] * 65), "chains.body"),
        (lambda: body(LAYER, Given(2), Pool()), "chains.body[1]"),
        (lambda: body(Given(2), Given(2), LAYER, Pool()), "chains.body[1]"),
        (lambda: decoder(Embedding(7, 3), Given(2), LAYER, Dense(7)), "chains.decoder[1]"),
        (lambda: body(LAYER, Pool(), input_size=0), "input_size"),
        (lambda: body(LAYER, Pool(), input_size=65_537), "input_size"),
        (lambda: body(LAYER, "pool"), "chains.body[1]"),
        # What a block is fed, and what the configuration needs in the end.
        (lambda: body(Pool("mean"), LAYER), "chains.body[1]"),
        (lambda: body(Embedding(5, 2), LAYER, Pool()), "chains.body[0]"),
        (lambda: body(LAYER, Pool(), input_size=None), "chains.body[0]"),
        (lambda: body(LAYER, Dense(2)), "chains.body[1]"),
        (lambda: body(LAYER, Pool(), configuration="sequence_to_sequence"), "chains.body[1]"),
        (lambda: body(Dense(2), configuration="sequence_to_sequence"), "chains.body"),
        (lambda: body(LAYER, Flatten(4), Flatten(4)), "chains.body[2]"),
        (lambda: body(Flatten(4), Segments(2)), "chains.body[1]"),
        (lambda: body(Tail(4), configuration="sequence_to_sequence"), "chains.body"),
        (
            lambda: body(LAYER, Crf(), Dense(2), configuration="sequence_to_sequence"),
            "chains.body[1]",
        ),
        (lambda: body(Words(3, 2), LAYER, Pool()), "chains.body[0]"),
        (lambda: body(Segments(2, static=3), LAYER, Pool()), "chains.body[0].static"),
        (lambda: body(Parallel(residual(5), 2), Flatten(2)), "chains.body[0].cells[0].residual"),
        (lambda: body(Parallel(CELL, 2), Pool()), "chains.body[0]"),
        (lambda: body(Parallel(CELL, 2), Recall(2, 3, 2), Flatten(2)), "chains.body[1]"),
        (lambda: body(Segments(3), LAYER, Recall(2, 3, 2), Flatten(2)), "chains.body[2]"),
        (
            lambda: body(Segments(2, 1), LAYER, Recall(2, 3, 2, targets=3), Flatten(2)),
            "chains.body[2].targets",
        ),
        # A final state is read here, not the outputs.
        (lambda: body(Dense(3), Pool()), "chains.body[0]"),
        (lambda: body(Pool()), "chains.body[0]"),
        (lambda: body(LAYER, Dense(3), Pool()), "chains.body[1]"),
        (lambda: body(Recurrent(residual()), Pool()), "chains.body[0].cells[0].residual"),
        (
            lambda: body(Recurrent(CellConfig("rnn", 4, output_projection=2)), Pool()),
            "chains.body[0].cells[0].output_projection",
        ),
        (
            lambda: body(Recurrent((CELL, residual(5))), Pool("mean")),
            "chains.body[0].cells[1].residual",
        ),
        (lambda: body(LAYER, Pool(), go=0), "go"),
        (lambda: body(LAYER, Pool(), reverse_source=True), "reverse_source"),
        (lambda: body(LAYER, Pool(), reverse_source=1), "reverse_source"),
        # A decoder.
        (lambda: decoder(Embedding(6, 3), LAYER, Dense(5)), "chains.decoder[2]"),
        (lambda: decoder(Embedding(6, 3), LAYER), "chains.decoder[1]"),
        (lambda: decoder(LAYER, Dense(6)), "chains.decoder[0]"),
        (lambda: decoder(Embedding(6, 3), LAYER, Tail(2), Dense(6)), "chains.decoder[2]"),
        (
            lambda: decoder(
                Embedding(6, 3), Recurrent((CELL, CellConfig("rnn", 4, dilation=2))), Dense(6)
            ),
            "chains.decoder[1].cells[1].dilation",
        ),
        (lambda: decoder(Embedding(6, 3), LAYER, Parallel(CELL, 2), Dense(6)), "chains.decoder[2]"),
        (lambda: decoder(Embedding(6, 3), LAYER, Dense(6), go=None), "go"),
        (lambda: decoder(Embedding(6, 3), LAYER, Dense(6), eos=6), "eos"),
        (lambda: decoder(Embedding(6, 3), LAYER, Dense(6), eos=-1), "eos"),
        (
            lambda: decoder(Embedding(6, 3), Recurrent(CELL, True), Dense(6)),
            "chains.decoder[1].bidirectional",
        ),
        (
            lambda: decoder(
                Embedding(6, 3), Recurrent(CellConfig("rnn", 4, learned_state=True)), Dense(6)
            ),
            "chains.decoder[1].cells[0].learned_state",
        ),
        (
            lambda: decoder(Embedding(6, 3), Recurrent(CellConfig("lstm", 4)), Dense(6)),
            "chains.decoder",
        ),
        # An encoder, and what looks back at it.
        (lambda: translator(encoder=BOTH), "chains.decoder"),
        (lambda: translator(encoder=BOTH, reverse_source=True), "reverse_source"),
        (lambda: translator(encoder=BOTH, chains={"bridge": (Dense(3),)}), "chains.bridge[0]"),
        (lambda: translator(encoder=BOTH, chains={"body": (LAYER,)}), "chains"),
        (lambda: translator(Attend("general", 8, 4)), "chains.decoder[2].memory"),
        (lambda: translator(Dense(3), Attend("general", 4, 4)), "chains.decoder[3]"),
        (lambda: translator(Attend("dot", 4, 4), Attend("dot", 4, 4)), "chains.decoder[3]"),
        (
            lambda: translator(
                Dense(4),
                LAYER,
                Attend("dot", 4, 4, feeding=True),
                chains={"bridge": (Dense(8),)},
            ),
            "chains.decoder[4].feeding",
        ),
        (
            lambda: translator(
                encoder=(Embedding(6, 3), LAYER, Recurrent(CellConfig("rnn", 5))),
                chains={"decoder": (Embedding(6, 3), LAYER, Attend("dot", 5, 4), Dense(6))},
            ),
            "chains.decoder",
        ),
        (
            lambda: translator(
                encoder=(Embedding(6, 3), Recurrent((CELL, CellConfig("rnn", 5)))),
                chains={
                    "bridge": (Dense(4),),
                    "decoder": (Embedding(6, 3), LAYER, Attend("dot", 5, 4), Dense(6)),
                },
            ),
            "chains.decoder[2].score",
        ),
        (lambda: body(LAYER, Attend("dot", 4, 4), Pool()), "chains.body[1]"),
        (
            lambda: translator(chains={"decoder": (Embedding(7, 3, shared=True), LAYER, Dense(7))}),
            "chains.decoder[0]",
        ),
        (lambda: translator(encoder=(SHARED, LAYER)), "chains.encoder[0]"),
        (
            lambda: Blueprint(
                "vector_to_sequence",
                2,
                {"bridge": (Dense(4),), "decoder": (SHARED, LAYER, Dense(6))},
                0,
                1,
            ),
            "chains.decoder[0]",
        ),
        (
            lambda: Blueprint(
                "vector_to_sequence",
                2,
                {
                    "bridge": (Dense(4),),
                    "decoder": (Embedding(6, 3), LAYER, Attend("dot", 4, 4), Dense(6)),
                },
                0,
                1,
            ),
            "chains.decoder[2]",
        ),
        (
            lambda: Blueprint(
                "vector_to_sequence",
                2,
                {"bridge": (Dense(5),), "decoder": (Embedding(6, 3), LAYER, Dense(6))},
                0,
                1,
            ),
            "chains.bridge[0]",
        ),
    ],
)
def test_blocks_that_do_not_fit_are_named(make, where):
    with pytest.raises(BlueprintError) as caught:
        make()
    assert caught.value.where == where


def test_the_number_of_parameters_is_bounded_before_anything_is_allocated():
    with pytest.raises(BlueprintError, match="parameters; at most 1073741824"):
        sequence_to_vector(
            vocabulary=10_000_000, embedding=65_536, cells=CellConfig("rnn", 4), outputs=2
        )


def test_parameters_and_shapes_of_the_lessons_classifier():
    blueprint = sequence_to_vector(input_size=28, cells=CellConfig("rnn", 150), outputs=10)
    assert blueprint.shapes() == {
        "body.0.cells.0.weight_ih": (150, 28),
        "body.0.cells.0.weight_hh": (150, 150),
        "body.0.cells.0.bias": (150,),
        "body.2.weight": (10, 150),
        "body.2.bias": (10,),
    }
    assert blueprint.parameters == 150 * (28 + 150 + 1) + 10 * 151
    assert blueprint.output_size == 10


def test_last_pools_the_hidden_state_of_a_recurrent_block():
    blueprint = body(Recurrent(CellConfig("lstm", 6, projection=2), True), Pool(), Dense(3))
    assert [features for _, features in blueprint.fed_blocks("body")] == [3, 4, 4]


def test_check_weights_names_what_is_wrong():
    blueprint = body(LAYER, Pool())
    weights = {name: np.zeros(shape) for name, shape in blueprint.shapes().items()}
    blueprint.check_weights(weights)
    name = "body.0.cells.0.bias"
    with pytest.raises(ShapeError, match=rf"{name}: found shape \[5\]; expected \[4\]"):
        blueprint.check_weights(weights | {name: np.zeros(5)})
    with pytest.raises(ShapeError, match="other: the blueprint has no such weight"):
        blueprint.check_weights(weights | {"other": np.zeros(5)})
    del weights[name]
    with pytest.raises(ShapeError, match=f"{name}: the weight is missing"):
        blueprint.check_weights(weights)


def test_which_networks_generate_and_which_stream():
    forward, both = body(LAYER, Pool()), body(Recurrent(CELL, True), Pool())
    assert forward.streams
    assert not both.streams
    assert not forward.generates
    assert not forward.reads_windows
    generator = decoder(Embedding(6, 3), LAYER, Dense(6))
    assert generator.generates
    assert not generator.streams
    windowed = body(LAYER, Tail(2), Flatten(2))
    assert windowed.reads_windows
    assert not windowed.streams
    assert not windowed.generates


def test_a_blueprint_keeps_its_own_chains():
    chains = {"body": [LAYER, Pool()]}
    blueprint = Blueprint("sequence_to_vector", 3, chains)
    chains["body"].clear()
    assert blueprint.chains == {"body": (LAYER, Pool())}
