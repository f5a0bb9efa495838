"""What scores a vocabulary, as data: tied to an embedding, or adaptive."""

from __future__ import annotations

import pytest

from elman.blueprint import (
    Adaptive,
    Blueprint,
    CellConfig,
    Dense,
    Embedding,
    Recurrent,
    Tied,
    encoder_decoder,
    from_json,
    sequence_to_sequence,
    to_json,
)
from elman.blueprint.heads import default_cutoffs
from elman.errors import BlueprintError

CELL = CellConfig("gru", 4)


def chain(*blocks) -> Blueprint:
    return Blueprint("sequence_to_sequence", None, {"body": blocks})


def test_a_tied_matrix_is_counted_once():
    plain = chain(Embedding(9, 4), Recurrent(CELL), Dense(9))
    tied = chain(Embedding(9, 4), Recurrent(CELL), Tied(9, 4))
    assert plain.parameters - tied.parameters == 9 * 4
    assert [name for name in tied.shapes() if not name.startswith("body.1")] == [
        "body.0.weight",
        "body.2.bias",
    ]
    assert tied.output_size == 9
    assert "by the embedding's own 4 numbers of each" in tied.describe()


def test_features_of_another_size_are_projected():
    wide = CellConfig("gru", 6)
    with pytest.raises(BlueprintError, match=r"chains.body\[2\].size: found 4 for 6|4 for 6"):
        chain(Embedding(9, 4), Recurrent(wide), Tied(9, 4))
    found = chain(Embedding(9, 4), Recurrent(wide), Tied(9, 4, projected=True))
    assert found.shapes()["body.2.projection"] == (4, 6)
    assert "features projected to these" in found.describe()


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ((Embedding(9, 4), Recurrent(CELL), Tied(8, 4)), r"body\[2\]: tied to embedding: 9"),
        ((Embedding(9, 5), Recurrent(CELL), Tied(9, 4)), r"begin with Embedding\(9, 4\)"),
        ((Embedding(9, 4), Recurrent(CELL), Tied(9, 4), Dense(9)), "blocks behind it"),
        ((Embedding(9, 4), Recurrent(CELL), Adaptive(9), Dense(9)), "blocks behind it"),
    ],
)
def test_what_does_not_fit_is_refused(blocks, message):
    with pytest.raises(BlueprintError, match=message):
        chain(*blocks)


@pytest.mark.parametrize("cutoffs", [(0,), (9,), (3, 3), (5, 2), (1.5,), "ab", tuple(range(1, 18))])
def test_cutoffs_grow_within_the_vocabulary(cutoffs):
    with pytest.raises(BlueprintError, match="cutoffs: found"):
        Adaptive(9, cutoffs)


def test_the_rarer_the_fewer_numbers():
    shapes = Adaptive(100, (10, 30, 60)).shapes(64)
    assert shapes["weight"] == (13, 64)
    assert [shapes[f"tails.{k}.projection"] for k in range(3)] == [(16, 64), (4, 64), (1, 64)]
    assert [shapes[f"tails.{k}.weight"] for k in range(3)] == [(20, 16), (30, 4), (40, 1)]
    assert Adaptive(50_000).cutoffs == default_cutoffs(50_000) == (2000, 10_000)
    assert Adaptive(2).cutoffs == (1,)


@pytest.mark.parametrize("head", ["dense", "tied", "adaptive"])
def test_a_language_model_is_asked_for_by_its_head(head):
    made = sequence_to_sequence(vocabulary=50, embedding=6, cells=CELL, outputs=50, head=head)
    assert made.chains["body"][-1].kind == head
    assert made.output_size == 50
    assert from_json(to_json(made)) == made


def test_a_head_that_is_none():
    with pytest.raises(BlueprintError, match="head: found 'sampled'"):
        sequence_to_sequence(vocabulary=5, embedding=6, cells=CELL, outputs=5, head="sampled")
    with pytest.raises(BlueprintError, match="tied where token ids"):
        sequence_to_sequence(input_size=5, cells=CELL, outputs=5, head="tied")


@pytest.mark.parametrize("head", [Tied(9, 4), Adaptive(9), Dense(8)])
def test_a_decoder_ends_with_scores_of_its_vocabulary(head):
    plain = encoder_decoder(
        source_vocabulary=7, target_vocabulary=9, embedding=4, cells=CELL, go=0, eos=1
    )
    chains = dict(plain.chains, decoder=(*plain.chains["decoder"][:-1], head))
    if head == Dense(8):
        with pytest.raises(BlueprintError, match="end with Dense"):
            Blueprint("encoder_decoder", None, chains, 0, 1)
    else:
        assert Blueprint("encoder_decoder", None, chains, 0, 1).output_size == 9
