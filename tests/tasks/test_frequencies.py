"""What a tagger learns beside its tags: how frequent words are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman import Tagger
from elman.blueprint import CellConfig, Words, sequence_to_sequence
from elman.data.words import as_words
from elman.errors import ArgumentError
from elman.models import build
from elman.runtime.tagging.words import WordCodes
from elman.tasks.frequencies import CountedWords, frequency_bins
from elman.training.loop.losses import OwnLoss
from elman.training.loop.tagging import FrequencyLoss, PathLikelihood, WithFrequencies

FAST = {"units": 6, "embedding": 5, "characters": 4, "character_units": 3, "min_count": 1}
FAST |= {"epochs": 2, "learning_rate": 0.02, "scheme": "none"}
X = [["the", "cat", "sat"], ["the", "dog"], ["The", "dog", "ran", "off"]] * 8
Y = [["D", "N", "V"], ["D", "N"], ["D", "N", "V", "P"]] * 8


def test_words_are_counted_as_they_are_looked_up_and_in_the_training_part_alone():
    train = as_words([["the"] * 7, ["The", "cat", "cat", "cat"]])
    as_words([["sat"] * 50], train.lexicon)  # of a validation part
    codes = WordCodes(("the", "cat"))
    assert train.lexicon.words == ["the", "The", "cat", "sat"]
    assert frequency_bins(train, codes).tolist() == [2, 2, 1, 0]
    apart = WordCodes(("the", "cat"), lowercase=False)
    assert frequency_bins(train, apart).tolist() == [1, 0, 1, 0]


def test_both_answers_come_of_one_reading_in_training_and_the_tags_alone_elsewhere():
    blueprint = sequence_to_sequence(
        words=Words(4, 3), cells=CellConfig("gru", 5), outputs=3, crf=True, dropout=0.5
    )
    network = build(blueprint, seed=0)
    codes, bins = np.arange(4)[:, None], np.array([0, 2, 1, 0])
    module = CountedWords(network, codes, bins, seed=0)
    numbers, lengths = torch.tensor([[1, 2, 3], [0, 0, 0]]), torch.tensor([3, 1])
    torch.manual_seed(1)
    said = module.train()(numbers, lengths)
    assert isinstance(said, WithFrequencies)
    assert said.scores.shape == (2, 3, 3)
    assert said.bins.tolist() == [[2, 1, 0], [0, 0, 0]]
    torch.manual_seed(1)
    alone = network(torch.from_numpy(codes)[numbers], lengths)
    assert all((a == b).all() for a, b in zip(said.tags, alone, strict=True))
    assert all(
        (a == b).all()
        for a, b in zip(
            module.eval()(numbers, lengths),
            network(torch.from_numpy(codes)[numbers], lengths),
            strict=True,
        )
    )


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.parametrize("letters", [0, 4])
def test_it_is_learnt_beside_the_tags_and_stands_in_no_model_file(output, letters, tmp_path):
    given = {**FAST, "output": output, "characters": letters}
    plain = Tagger(**given).fit(X, Y)
    beside = Tagger(**given, frequency_loss=1.0).fit(X, Y)
    losses = [one.history_.records[0].train_loss for one in (plain, beside)]
    assert losses[1] > losses[0] + 0.5  # nats of four bins that nothing is known of
    beside.save(tmp_path / "tagger.elman")
    found = elman.bundle.load(tmp_path / "tagger.elman")
    assert found.weights.keys() == plain.model_.bundle.weights.keys()
    assert found.blueprint == plain.model_.blueprint
    weights = [one.model_.bundle.weights["body.0.weight"] for one in (plain, beside)]
    assert not (weights[0] == weights[1]).all()
    again = elman.load(tmp_path / "tagger.elman")
    assert all((a == b).all() for a, b in zip(again.predict(X), beside.predict(X), strict=True))
    part, loss = beside.training_loss(X, Y)
    assert len(part) == len(X)
    assert loss.weight == 1.0
    on = Tagger.load(tmp_path / "tagger.elman").set_params(epochs=1)
    assert on.fit(X, Y).model_.predict(X[:1])[0].shape == (3,)


def test_a_run_goes_on_with_what_it_had_learnt_of_frequencies(tmp_path):
    given = {**FAST, "frequency_loss": 0.5, "epochs": 3}
    whole = Tagger(**given).fit(X, Y)

    def interrupted(event):
        if isinstance(event, elman.training.EpochEnd) and event.record.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tagger(**given, run=tmp_path / "run", callbacks=[interrupted]).fit(X, Y)
    resumed = Tagger(**given, run=tmp_path / "run", resume=True).fit(X, Y)
    for name, weight in whole.model_.bundle.weights.items():
        assert (resumed.model_.bundle.weights[name] == weight).all()


def test_where_nothing_is_rare_or_nothing_is_a_word():
    once = [[f"w{n}", f"v{n}"] for n in range(20)]
    with pytest.warns(UserWarning, match="does nothing: no word stands three times or more"):
        Tagger(**FAST, frequency_loss=1.0).fit(once, [["A", "B"]] * 20)
    frames = [np.zeros((3, 2))] * 20
    with pytest.raises(ArgumentError, match="frequency_loss: 1, and X holds features"):
        Tagger(**FAST, frequency_loss=1.0).fit(frames, [["A", "B", "A"]] * 20)
    with pytest.raises(ArgumentError, match="frequency_loss: found -1"):
        Tagger(**FAST, frequency_loss=-1.0).fit(X, Y)


def test_a_loss_of_ones_own_keeps_its_advice():
    own = OwnLoss(lambda outputs, targets: outputs)
    assert FrequencyLoss(own, 1.0).advice == own.advice
    assert FrequencyLoss(PathLikelihood(), 1.0).advice == ""
