from __future__ import annotations

import re

import pytest

from elman.blueprint import (
    BLOCKS,
    Adaptive,
    Attend,
    CellConfig,
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
from elman.errors import BlueprintError

CELL = CellConfig("rnn", 4)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: Embedding(0, 5), "vocabulary"),
        (lambda: Embedding(10_000_001, 5), "vocabulary"),
        (lambda: Embedding(5, 70_000), "size"),
        (lambda: Recurrent(()), "cells"),
        (lambda: Recurrent((CELL,) * 65), "cells"),
        (lambda: Recurrent("rnn"), "cells"),
        (lambda: Recurrent((CELL, "rnn")), "cells[1]"),
        (lambda: Recurrent((CELL,), bidirectional=1), "bidirectional"),
        (lambda: Pool("sum"), "how"),
        (lambda: Dense(0), "units"),
        (lambda: Dense(3, "gelu"), "activation"),
        (lambda: Dropout(1.0), "rate"),
        (lambda: Dropout(-0.5), "rate"),
        (lambda: Dropout(0.5, locked=1), "locked"),
        (lambda: Segments(0), "length"),
        (lambda: Segments(65_537), "length"),
        (lambda: Segments(4, static=-1), "static"),
        (lambda: Tail(0), "steps"),
        (lambda: Tail(65_537), "steps"),
        (lambda: Flatten(True), "steps"),
        (lambda: Flatten(65_537), "steps"),
        (lambda: Parallel((), 3), "cells"),
        (lambda: Parallel((CELL, None), 3), "cells[1]"),
        (lambda: Parallel(CELL, 0), "steps"),
        (lambda: Parallel(CELL, 4097), "steps"),
        (lambda: Parallel(CELL, 3, ahead=1), "ahead"),
        (lambda: Convolution(0, 3), "units"),
        (lambda: Convolution(4, 0), "width"),
        (lambda: Convolution(4, 3, 0), "pool"),
        (lambda: Convolution(4, 3, activation="elu"), "activation"),
        (lambda: Convolution(4, 3, norm=1), "norm"),
        (lambda: Recurrent(CELL, beside=1), "beside"),
        (lambda: Recall(0, 3, 1), "length"),
        (lambda: SoftWindow(CELL, 0), "vocabulary"),
        (lambda: SoftWindow(CELL, 3, 65), "windows"),
        (lambda: SoftWindow(CELL, 3, 5, 4097), "longest"),
        (lambda: Mixture(()), "parts"),
        (lambda: Mixture("gaussian"), "parts"),
        (lambda: Mixture((("gauss", 2),)), "parts[0]"),
        (lambda: Mixture((("gaussian", 2), ("bernoulli", 0))), "parts[1]"),
        (lambda: Mixture((("gaussian_full", 3),)), "parts[0]"),
        (lambda: Mixture((("categorical", 1),)), "parts[0]"),
        (lambda: Mixture((("gaussian", True),)), "parts[0]"),
        (lambda: Mixture((("gaussian", 1),), 1025), "components"),
        (lambda: Mixture((("gaussian", 1),), 2, ends=1), "ends"),
        (lambda: Recall(2, 4097, 1), "segments"),
        (lambda: Recall(2, 3, 0), "positions"),
        (lambda: Recall(2, 3, 1, targets=0), "targets"),
        (lambda: Recall(2, 3, 1, parameters=2, shifted=3), "shifted"),
    ],
)
def test_values_outside_their_range_are_named(make, where):
    with pytest.raises(BlueprintError) as caught:
        make()
    assert caught.value.where == where


def test_sixty_four_layers_are_allowed():
    assert len(Recurrent([CELL] * 64).cells) == 64


def test_layers_feed_each_other_and_both_directions_are_joined():
    block = Recurrent((CellConfig("lstm", 4, output_projection=3), CELL), bidirectional=True)
    assert block.output_features(7) == 8
    shapes = block.shapes(7)
    assert shapes["cells.0.cell.weight_ih"] == (16, 7)
    assert shapes["backward_cells.1.weight_ih"] == (4, 6)
    assert [sorted(state) for state in block.state_sizes] == [["cell", "hidden"]] * 2 + [
        ["hidden"]
    ] * 2


def test_a_residual_that_does_not_fit_is_named_with_its_layer():
    block = Recurrent((CELL, CellConfig("gru", 5, residual=True)))
    with pytest.raises(BlueprintError, match=r"^cells\[1\]\.residual: "):
        block.shapes(7)


def test_features_of_windows():
    assert Segments(24).output_features(3) == 72
    assert Recall(24, 7, 2, targets=2, parameters=3).output_features(5) == 144
    assert Segments(24, static=2).output_features(3) == 26
    assert Flatten(7).output_features(3) == 21
    block = Parallel((CELL, CellConfig("gru", 5, output_projection=2)), 6)
    assert block.output_features(3) == 2
    assert block.shapes(3)["position"] == (6, 3)
    assert block.shapes(3)["cells.1.cell.weight_ih"] == (15, 4)
    with pytest.raises(BlueprintError, match="static: found 3 of 3 features"):
        Segments(24, static=3).shapes(3)


def test_every_block_says_what_it_is_in_one_line():
    blocks = [
        Embedding(50, 8),
        Recurrent((CELL, CellConfig("gru", 5)), bidirectional=True),
        Pool("max"),
        Dense(3, "relu"),
        Pool("mean_max"),
        Convolution(6, 5, activation=None),
        Convolution(6, 5, 2),
        Convolution(6, 5, norm=True),
        Recurrent(CELL, beside=True),
        Dropout(0.25),
        Dropout(0.25, locked=True),
        Words(30, 8, dropout=0.1),
        Words(30, 8, letters=9, characters=40, character_size=3, cells=(CellConfig("gru", 5),)),
        Crf(),
        Segments(24, static=3),
        Segments(4),
        Tail(2),
        Flatten(7),
        Parallel((CELL, CellConfig("gru", 5)), 4, ahead=True),
        Parallel(CELL, 3),
        Recall(24, 14, 2),
        Tied(50, 8),
        Tied(50, 8, projected=True),
        Adaptive(50, (5, 20)),
        Given(12),
        Mixture((("gaussian_full", 2), ("bernoulli", 1)), 20, ends=True),
        Mixture((("categorical", 3),)),
        SoftWindow(CELL, 12, windows=3, longest=40),
        Chord(88),
        Chord(88, units=100, dropout=0.3),
        Embedding(50, 8, shared=True),
        Attend("dot", 6, 6),
        Attend("additive", 6, 5, feeding=True),
    ]
    assert {block.kind for block in blocks} == set(BLOCKS)
    assert [block.describe() for block in blocks] == [
        "embedding: 50 tokens as 8 numbers each",
        "recurrent: bidirectional, rnn 4, gru 5",
        "pool: maximum over time",
        "dense: 3, relu",
        "pool: mean and maximum over time",
        "convolution: 6 of 5 steps",
        "convolution: 6 of 5 steps, relu, the largest of each 2",
        "convolution: 6 of 5 steps, normalised, relu",
        "recurrent: rnn 4; its inputs beside",
        "dropout: 0.25 in training",
        "dropout: 0.25 in training, alike at all steps",
        "words: 30 words as 8 numbers each, 0.1 unknown in training",
        "words: 30 words as 8 numbers each, and letters of 40 characters, both directions, gru 5",
        "crf: paths of tags, scored by their pairs too",
        "segments: 24 steps each, the last 3 features once",
        "segments: 4 steps each",
        "tail: last 2 steps",
        "flatten: 7 steps",
        "parallel: 4 positions, known ahead, rnn 4, gru 5",
        "parallel: 3 positions, rnn 4",
        "recall: 14 segments of 24 steps mixed, and a dense layer",
        "tied: 50 scores by the embedding's own 8 numbers of each",
        "tied: 50 scores by the embedding's own 8 numbers of each, of features projected to these",
        "adaptive: 50 tokens by frequency, cut at 5, 20",
        "given: 12 further numbers of each step",
        "mixture: gaussian_full 2, bernoulli 1, 20 components, or the end",
        "mixture: categorical 3",
        "soft_window: rnn 4, 3 windows on a text of 12 tokens, at most 40",
        "chord: 88 notes, each by itself",
        "chord: 88 notes, jointly by 100 units",
        "embedding: 50 tokens as 8 numbers each, the encoder's own",
        "attend: 6, by dot scores of 6 features",
        "attend: 5, by additive scores of 6 features, fed to the next step",
    ]


def test_words_have_the_size_of_what_is_said_of_them():
    cells = (CellConfig("gru", 5), CellConfig("lstm", 4, projection=2))
    words = Words(30, 8, letters=9, characters=40, character_size=3, cells=cells)
    assert words.output_features(0) == 8 + 2 * 2
    assert words.shapes(0)["character_weight"] == (40, 3)
    assert words.shapes(0)["reader.backward_cells.1.weight_ih"] == (16, 10)
    assert Words(30, 8).output_features(0) == 8
    assert [*Words(30, 8).shapes(0)] == ["weight"]
    assert Crf().shapes(4) == {"pairs": (4, 4), "start": (4,), "end": (4,)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"letters": 3}, "cells: found ()"),
        ({"cells": (CELL,)}, "cells: given without letters"),
        ({"letters": 3, "cells": (CellConfig("gru", 4, output_projection=2),)}, "final state"),
        ({"dropout": 1.0}, "dropout"),
        ({"letters": 1000}, "letters"),
    ],
)
def test_words_that_cannot_be_read(given, said):
    with pytest.raises(BlueprintError, match=re.escape(said)):
        Words(10, 4, **given)
