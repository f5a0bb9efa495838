"""Chords written by the one search, note by note."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from elman.blueprint import Blueprint, CellConfig, Chord, Recurrent
from elman.decoding import Search, SearchOptions
from elman.kernels.chord import log_probability
from elman.metrics.chords import steps_before
from elman.music.tune import Sounding
from elman.runtime.network import Network
from elman.runtime.writing.chords import ChordSteps, pieces_of_tokens, sounding
from elman.state import join

K = 7


def written(units, n=1, seed=0, primer=(), end=6, **options):
    block = Chord(K, units=units)
    body = (Recurrent((CellConfig("gru", 5),)), block)
    blueprint = Blueprint("sequence_to_sequence", K + 1, {"body": body})
    draws = np.random.default_rng(5)
    shapes = blueprint.shapes().items()
    weights = {name: draws.normal(size=shape).astype(np.float32) for name, shape in shapes}
    own = {name[7:]: array for name, array in weights.items() if name.startswith("body.1.")}
    steps = ChordSteps(Network(blueprint, weights), block, own)
    state = steps.begin(np.array(primer, bool).reshape(-1, K), end)
    search = Search(
        join([state] * n) if n > 1 else state,
        go=steps.done,
        eos=steps.eos,
        options=SearchOptions(max_length=500, seed=seed, **options),
    )
    return steps, search, (Network(blueprint, weights), block, own)


@pytest.mark.parametrize("units", [0, 4])
@pytest.mark.parametrize("primed", [0, 1, 3])
def test_what_is_written_is_as_probable_as_the_head_says(units, primed):
    primer = np.random.default_rng(1).random((primed, K)) < 0.4
    steps, search, (network, block, own) = written(units, primer=primer)
    ((one,),) = search.run(steps)
    assert one.ended == "eos"
    made = pieces_of_tokens(one.tokens.tolist(), K)
    assert len(made) == 6 - primed
    whole = np.concatenate([primer, made])
    raw = network.run(steps_before(whole)[None].astype(np.float32))[0]
    said = log_probability(block, raw, own, whole)[primed:]
    np.testing.assert_allclose(one.log_probability, said.sum(), rtol=1e-4)


def test_a_piece_is_the_same_alone_and_among_others():
    steps, search, _ = written(4, n=3)
    several = [row[0].tokens.tolist() for row in search.run(steps)]
    steps, alone, _ = written(4)
    assert alone.run(steps)[0][0].tokens.tolist() == several[0]
    assert several[0] != several[1]


def test_a_search_is_saved_and_goes_on(tmp_path):
    steps, search, _ = written(4)
    expected = written(4)[1].run(steps)[0][0].tokens.tolist()
    for _ in range(5):
        search.advance(steps)
    search.save(tmp_path / "s.safetensors")
    again = Search.load(tmp_path / "s.safetensors", like=search._state)
    assert again.run(steps)[0][0].tokens.tolist() == expected


def test_notes_go_from_the_highest_down():
    steps, search, _ = written(0, end=30)
    ((one,),) = search.run(steps)
    last = K
    for token in one.tokens.tolist():
        assert token == K or token < last
        last = K if token == K else token


def test_a_pitch_of_several_steps_is_held_or_struck():
    roll = np.zeros((4, 128), bool)
    roll[:, 60] = roll[1, 64] = roll[3, 64] = True
    quarter = Fraction(1, 4)
    assert sounding(roll, 1) == [
        Sounding(60, Fraction(0), 4 * quarter),
        Sounding(64, quarter, quarter),
        Sounding(64, 3 * quarter, quarter),
    ]
    assert len(sounding(roll, 1, struck=True)) == 6
    assert sounding(roll, 2)[0].duration == Fraction(1, 2)
    assert sounding(np.zeros((2, 128), bool), 1) == []


def test_tokens_without_an_end_are_no_step():
    assert pieces_of_tokens([3, 1, K, K, 2], K).sum(axis=1).tolist() == [2, 0]
    assert pieces_of_tokens([], K).shape == (0, K)
