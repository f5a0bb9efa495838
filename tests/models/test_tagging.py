"""Words, their letters and chains of tags: the torch twin and the NumPy twin agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import CellConfig, Crf, Words, sequence_to_sequence
from elman.errors import ArgumentError, ShapeError
from elman.models import tagging as models
from elman.models.flow import Flow
from tests.models.test_twins import BOUND, FEATURES, LENGTHS, B, T, sequences, trained

READER = (CellConfig("gru", 3), CellConfig("lstm", 2, peepholes=True))
WORDS = {
    "words": Words(6, 4, dropout=0.5),
    "letters": Words(6, 4, letters=5, characters=7, character_size=3, cells=READER),
}


def coded(words: Words, seed: int = 0) -> np.ndarray:
    """Codes of random words of 0 to 5 letters; padding holds what no word is."""
    draws = np.random.default_rng(seed)
    codes = np.zeros((B, T, 1 + words.letters), np.int64)
    codes[..., 0] = draws.integers(0, words.vocabulary, size=(B, T))
    if words.letters:
        spelled = draws.integers(1, words.characters, size=(B, T, words.letters))
        long = draws.integers(0, words.letters + 1, size=(B, T, 1))
        codes[..., 1:] = np.where(np.arange(words.letters) < long, spelled, 0)
    codes[np.arange(T) >= np.array(LENGTHS)[:, None]] = 99
    return codes


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("crf", [False, True], ids=["scores", "crf"])
def test_words_and_their_letters_agree(words, crf):
    blueprint = sequence_to_sequence(
        words=words, cells=CellConfig("gru", 6), outputs=3, bidirectional=True, crf=crf,
        input_dropout=0.5,
    )  # fmt: skip
    model, network = trained(blueprint)
    codes = coded(words)
    with torch.no_grad():
        expected = model(torch.from_numpy(codes), LENGTHS)
    scores = expected.scores if crf else expected
    found = network.run(codes, LENGTHS)
    np.testing.assert_allclose(found, scores.numpy(), rtol=BOUND, atol=BOUND)
    assert np.ptp(found) > 0.1
    assert (found[np.arange(T) >= np.array(LENGTHS)[:, None]] == 0).all()
    for row, length in enumerate(LENGTHS):
        alone = network.run(codes[[row], :length])
        np.testing.assert_array_equal(alone[0], found[row, :length])


def test_letters_tell_words_apart_that_nobody_knows():
    words = WORDS["letters"]
    blueprint = sequence_to_sequence(words=words, cells=CellConfig("gru", 6), outputs=3)
    _, network = trained(blueprint)
    codes = np.array([[[0, 2, 3, 0, 0, 0]], [[0, 3, 2, 0, 0, 0]], [[0, 2, 3, 0, 0, 0]]])
    first, second, again = network.run(codes)
    assert (first == again).all()
    assert (first != second).any()


def test_a_word_is_unknown_as_often_in_training_as_was_told():
    block = models.Words(Words(4, 3, dropout=0.25), 0)
    codes = torch.full((200, 50, 1), 2)
    torch.manual_seed(0)
    found = block.train()(Flow(codes)).values
    unknown = (found == block.weight[0]).all(dim=2)
    assert abs(unknown.float().mean().item() - 0.25) < 0.02
    assert (block.eval()(Flow(codes)).values == block.weight[2]).all()


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_words_that_are_none(words):
    blueprint = sequence_to_sequence(words=words, cells=CellConfig("gru", 6), outputs=3)
    model, network = trained(blueprint)
    codes = np.zeros((1, 2, 1 + words.letters), np.int64)
    for wrong in (codes[..., 0], codes.astype(float), np.zeros((1, 2, 9), np.int64)):
        with pytest.raises(ShapeError):
            network.run(wrong)
        with pytest.raises(ShapeError):
            model(torch.from_numpy(wrong))
    codes[0, 1, -1] = 99
    with pytest.raises(ArgumentError, match="found token id 99"):
        network.run(codes)
    with pytest.raises(ArgumentError, match="found 99; give 0 to"):
        model(torch.from_numpy(codes))


def test_a_chain_of_tags_gives_the_scores_of_paths():
    blueprint = sequence_to_sequence(
        input_size=FEATURES, cells=CellConfig("rnn", 6), outputs=3, crf=True
    )
    assert isinstance(blueprint.chains["body"][-1], Crf)
    model, network = trained(blueprint)
    inputs = sequences()
    with torch.no_grad():
        said = model(torch.from_numpy(inputs), LENGTHS)
    np.testing.assert_allclose(network.run(inputs, LENGTHS), said.scores.numpy(), atol=BOUND)
    assert [tuple(part.shape) for part in said[1:]] == [(3, 3), (3,), (3,)]
    assert all((part != 0).all() for part in said[1:])
    with pytest.raises(ArgumentError, match="scores whole paths of tags"):
        model.unroll(torch.zeros(1, 2, FEATURES))
