"""A translator: learnt, chosen by what it writes, saved, gone on with."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import elman
from elman import Translator
from elman.data.pairs import Pairs, source_key
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.tasks.subword_pairs import with_random_cuts
from elman.tasks.translating import codecs_for, encoded, learnt_parts, usual_kind
from elman.training.events import EpochStart
from elman.training.loop.scheduled import Forcing, OwnOutputs
from elman.transforms.text import fit_codec
from tests.tasks.toy_pairs import SMALL, fitted, toy_pairs


@pytest.fixture(scope="module")
def model() -> Translator:
    return fitted()


def test_two_hundred_pairs_are_learnt_to_the_last_one():
    source, target = toy_pairs(200, seed=1)
    model = Translator(**{**SMALL, "epochs": 30, "validation": None, "codec": "characters"})
    assert model.fit(source, target).predict(source) == target
    assert model.result_["validation"] == "none: the last epoch is kept"


def test_new_sources_are_translated_and_held_against_baselines(model):
    source, target = toy_pairs(60, seed=7)
    result = model.evaluate(source, target)
    assert result["metric"] == "bleu"
    assert result["exact"] > 0.9
    assert result["score"] == result["bleu"] > max(result["baselines"].values())
    assert len(result["baselines"]) == 3
    assert result["verdict"].startswith("Better than")
    assert result["tokens"] == sum(len(one.split()) + 1 for one in target)
    assert model.score(source, target) == result["bleu"]
    several = model.evaluate(source, [[one, "autre"] for one in target])
    assert several["exact_of_all"] == several["exact"] == result["exact"]
    assert "nrefs:2" in several["signatures"]["bleu_of_all"] or "var" in str(several["signatures"])


def test_a_second_model_is_held_against_it_by_the_paired_bootstrap(model):
    source, target = toy_pairs(40, seed=7)
    worse = fitted(epochs=1).model_
    told = model.evaluate(source, target, against=worse)["against"]
    assert told["bleu"]["second"] > told["bleu"]["first"]
    assert told["bleu"]["p_value"] < 0.05
    assert model.evaluate(source, target, against=model.model_)["against"]["chrf"]["p_value"] == 1


@pytest.mark.parametrize("choose_by", ["bleu", "chrf", "exact"])
def test_the_saved_model_says_the_words_that_the_training_was_judged_by(tmp_path, choose_by):
    source, target = toy_pairs(80, seed=3)
    model = fitted(epochs=4, choose_by=choose_by, validation=(source, target))
    model.save(tmp_path / "model.elman")
    saved = elman.load(tmp_path / "model.elman")
    result = saved.evaluate(source, target, beam_size=1)
    assert result["metric"] == choose_by
    assert result["score"] == pytest.approx(model.history_.best.validation_score, abs=1e-9)
    best = max(record.validation_score for record in model.history_.records)
    assert model.history_.best.validation_score == best


def test_an_epoch_may_be_chosen_by_the_loss():
    model = fitted(epochs=2, choose_by="loss")
    assert model.history_.best.validation_score is None
    assert model.result_["chosen_by"] == "loss"


def test_no_validation_source_is_learnt():
    source, target = toy_pairs(100)
    source += [one.capitalize() + "!" for one in source]
    parts = learnt_parts(Pairs(source, target * 2), 0.05, seed=0)
    keys = [{*map(source_key, part.source)} for part in (parts.train, parts.held_out)]
    assert not keys[0] & keys[1]
    assert parts.how == "0.05 of the sources, at random (seed 0)"


ALONE = """
import sys, elman
model = elman.load(sys.argv[1])
found = model.translate(["one two", "", "six"], attention=True, beam_size=3, n_best=2)
print([[one.text for one in each] for each in found])
print(found[0][0].attention.shape, "torch" in sys.modules)
"""


def test_a_model_file_answers_without_torch(model, tmp_path):
    model.save(tmp_path / "model.elman")
    command = [sys.executable, "-c", ALONE, str(tmp_path / "model.elman")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = model.translate(["one two", "", "six"], beam_size=3, n_best=2)
    assert told[0] == str([[one.text for one in each] for each in found])
    assert found[0][0].text == "deux un"
    assert told[1] == "(3, 2) False"


def test_a_run_is_resumed_and_a_model_gone_on_with(tmp_path):
    source, target = toy_pairs(120)
    told = {**SMALL, "epochs": 2, "teacher_forcing": 0.5, "word_dropout": 0.1, "dropout": 0.1}
    whole = Translator(**told, run=tmp_path / "whole").fit(source, target)

    def stop(event):
        if isinstance(event, EpochStart) and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Translator(**told, run=tmp_path / "parts", callbacks=[stop]).fit(source, target)
    parts = Translator(**told, run=tmp_path / "parts", resume=True).fit(source, target)
    for name, array in whole.model_.bundle.weights.items():
        np.testing.assert_array_equal(array, parts.model_.bundle.weights[name])
    on = Translator.load(tmp_path / "whole" / "model.elman").set_params(epochs=1)
    on.fit(source, target)
    assert on.codec_.hash == whole.codec_.hash
    assert on.model_.longest == whole.model_.longest


def test_a_codec_of_another_model_is_refused(model, tmp_path):
    source, target = toy_pairs(50)
    other = fit_codec(["tout autre chose"], "words")
    on = Translator.load(_saved(model, tmp_path)).set_params(codec=other, target_codec=None)
    with pytest.raises(ArgumentError, match=r"codec: found .* with the hash"):
        on.fit(source, target)
    on = Translator.load(_saved(model, tmp_path)).set_params(vocabulary=7)
    with pytest.raises(ArgumentError, match="vocabulary: 7, and the model that goes on"):
        on.fit(source, target)
    bundle = model.model_.bundle
    tensors = {k: a for k, a in bundle.tensors.items() if not k.startswith("target_codec.")}
    tensors |= {f"target_codec.{name}": array for name, array in other.tensors().items()}
    with pytest.raises(BundleError, match=r"target_codec: .* of the hash"):
        type(model.model_)(replace(bundle, tensors=tensors))


def test_codecs_of_ones_own_travel_with_the_model(tmp_path):
    source, target = toy_pairs(60)
    own = {"codec": fit_codec(source, "characters"), "target_codec": fit_codec(target, "words")}
    model = Translator(**{**SMALL, "epochs": 1, **own}).fit(source, target)
    on = Translator.load(_saved(model, tmp_path))
    assert on.codec_.hash == own["target_codec"].hash
    on.set_params(epochs=1).fit(source, target)
    assert on.source_codec_.hash == own["codec"].hash


def _saved(model, folder):
    model.save(folder / "model.elman")
    return folder / "model.elman"


@pytest.mark.parametrize(
    "told",
    [
        {"codec": "characters", "attention": None},
        {"codec": "characters", "bidirectional": True, "attention": "additive", "cell": "gru"},
        {"codec": "subwords", "vocabulary": 280, "shared": True, "head": "tied", "embedding": 32},
        {"codec": "words", "target_codec": "characters", "feeding": True, "layers": 2},
        {"codec": "words", "attention": "dot", "layer_norm": True, "label_smoothing": 0.1},
        {"codec": "words", "average": 0.9, "batch_tokens": 60, "teacher_forcing": 0.7},
    ],
)
def test_every_kind_of_network_answers_and_is_saved(told, tmp_path):
    source, target = toy_pairs(40)
    model = Translator(**{**SMALL, "epochs": 1, **told}).fit(source, target)
    model.save(tmp_path / "model.elman")
    again = elman.load(tmp_path / "model.elman")
    assert again.predict(source[:5]) == model.predict(source[:5])
    assert (model.codec_.hash == model.source_codec_.hash) is bool(told.get("shared"))


def test_what_is_cut_into_characters():
    short, long = ["1998-05-03"] * 3, ["une phrase de plus de seize lettres"] * 3
    assert usual_kind(Pairs(long, short)) == "characters"
    assert usual_kind(Pairs(short, long)) == "subwords"


def test_numbers_stay_what_they_are_among_words():
    pairs = Pairs(["7 cats"], ["7 chats"])
    codecs = codecs_for(pairs, ("words", "words"), (None, None), shared=False, min_count=1)
    assert codecs.target.decode(codecs.target.encode("7 chats")) == "7 chats"


def test_short_targets_are_not_judged_by_bleu_which_is_0_for_all_of_them():
    source, target = toy_pairs(70, most=2)
    model = Translator(**SMALL).fit(source, target)
    assert model.result_["chosen_by"] == "chrf"
    assert model.history_.best.validation_score > 20
    told = model.evaluate(source, target, against=model.model_)
    assert (told["metric"], told["bleu"], told["score"]) == ("chrf", None, told["chrf"])
    assert any("no reference has four" in note for note in told["notes"])
    assert told["against"].keys() == {"chrf", "scores"}
    assert "chrF2" in told["verdict"]
    with pytest.raises(ArgumentError, match="choose_by: 'bleu', and no target of the validation"):
        Translator(**SMALL, choose_by="bleu").fit(source, target)
    unjudged = Translator(**{**SMALL, "epochs": 1}, validation=None).fit(source, target)
    assert unjudged.evaluate(source, target)["metric"] == "chrf"


def test_pairs_that_are_too_long_are_left_out_and_counted():
    pairs = Pairs(["one two", "one", "six"], ["un deux", "un", "six six six"])
    codecs = codecs_for(pairs, ("words", "words"), (None, None), shared=False, min_count=1)
    found = encoded(pairs, codecs, go=1, bound=2)
    assert (found.kept.tolist(), found.long, found.sizes) == ([0, 1], 1, (2, 3))
    assert found.examples.targets[1].tolist()[:2] == [codecs.target.encode("un")[0], 2]
    with pytest.raises(DataError, match="max_length: none of 1 pair is at most 1 tokens"):
        encoded(pairs.select([2]), codecs, go=1, bound=1)
    source, target = toy_pairs(60)
    with pytest.warns(UserWarning, match="left out: longer than 3 tokens"):
        model = Translator(**{**SMALL, "epochs": 1, "max_length": 3}).fit(source, target)
    assert model.model_.longest == (3, 4)
    assert "longer than 3 tokens" in model.result_["notes"][0]


@pytest.mark.parametrize("codec", ["words", "characters"])
def test_pairs_with_an_empty_side_are_left_out_and_counted(codec):
    source, target = toy_pairs(20)
    told = {**SMALL, "codec": codec, "epochs": 1, "validation": None}
    with pytest.warns(UserWarning, match="3 pairs of the training part left out: a side is empty"):
        model = Translator(**told).fit([*source, "one", " ", ""], [*target, "", "un", "un"])
    assert model.result_["train_pairs"] == 20
    with pytest.raises(DataError, match="each of 2 pairs has an empty side"):
        encoded(Pairs(["", "a"], ["b", ""]), _letters(), go=1, bound=None)


def _letters():
    pairs, kinds = Pairs(["ab"], ["ab"]), ("characters", "characters")
    return codecs_for(pairs, kinds, (None, None), shared=False, min_count=1)


def test_words_are_cut_otherwise_each_time_they_are_learnt():
    source, target = toy_pairs(100)
    pairs = Pairs(source, target)
    codecs = codecs_for(pairs, ("subwords", "subwords"), (300, 300), shared=True, min_count=1)
    plain = encoded(pairs, codecs, go=1, bound=None)
    examples = with_random_cuts(plain.examples, plain.texts, codecs, 0.4)
    batch = examples.select(np.array([7, 3]))
    first, second = (batch.drawn_anew(np.random.default_rng(k)) for k in (0, 1))
    assert first.source.tolist() != second.source.tolist()
    assert examples.fingerprint() == plain.examples.fingerprint()
    for found in (first, second):
        for row, place in enumerate((7, 3)):
            ids = found.source[row, : found.source_lengths[row]]
            assert codecs.source.decode(ids.numpy()) == source[place]
            ids = found.targets[row, : found.target_lengths[row]]
            assert ids[-1] == codecs.target.eos
            assert codecs.target.decode(ids.numpy()) == target[place]
    usual = with_random_cuts(plain.examples, plain.texts, codecs, 1e-12).select(np.array([7, 3]))
    again = usual.drawn_anew(np.random.default_rng(0))
    torch.testing.assert_close(again.source, usual.source)
    torch.testing.assert_close(again.targets, usual.targets)
    with pytest.raises(ArgumentError, match=r"subword_dropout: 0.1 with 11 words"):
        fitted(epochs=1, subword_dropout=0.1)
    with pytest.raises(ArgumentError, match=r"word_dropout: 0.1 .*; subword_dropout=0.1 cuts"):
        fitted(codec="subwords", vocabulary=300, word_dropout=0.1, epochs=1)
    told = {"codec": "subwords", "vocabulary": 300, "subword_dropout": 0.2, "epochs": 2}
    one, two = (fitted(**told, workers=workers).model_.bundle for workers in (0, 2))
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, two.weights[name])


def test_some_tokens_that_are_read_in_training_are_the_networks_own():
    class Recorder(torch.nn.Module):
        """Says token 5 after each step, and remembers what it read."""

        def __init__(self):
            super().__init__()
            self.read = []

        def forward(self, source, target_in, source_lengths, target_lengths):
            self.read.append(target_in.clone())
            return torch.nn.functional.one_hot(torch.full_like(target_in, 5), 6).float()

    recorder = Recorder()
    module = OwnOutputs(recorder)
    target = torch.full((200, 6), 3)
    torch.manual_seed(0)
    module.share = 0.25
    module(target, target)
    first, second = recorder.read
    assert (first == 3).all()
    assert (second[:, 0] == 3).all()
    share = (second[:, 1:] == 5).float().mean()
    assert abs(float(share) - 0.25) < 0.04
    module.eval()(target, target)
    assert len(recorder.read) == 3
    forcing = Forcing(module, 0.4, "linear", 4)
    shares = []
    for epoch in (1, 2, 3, 4, 5):
        forcing(EpochStart(epoch, 0))
        shares.append(round(module.share, 6))
    assert shares == [0, 0.2, 0.4, 0.6, 0.6]
    Forcing(module, 0.4, "constant", 4)(EpochStart(1, 0))
    assert module.share == 0.6


@pytest.mark.parametrize(
    ("told", "given", "error", "said"),
    [
        ({}, (["a"], ["b", "c"]), ShapeError, "y: 2 of them for 1 sources"),
        ({}, (["a"], [None]), DataError, r"y\[0\]: found None"),
        ({}, ([], []), ShapeError, "found no pairs"),
        ({"codec": "letters"}, None, ArgumentError, "codec: found 'letters'"),
        ({"shared": True, "target_codec": "characters"}, None, ArgumentError, "codec is shared"),
        ({"validation": 2.0}, None, ArgumentError, "validation: found 2.0"),
        ({"validation": 0.001}, None, ArgumentError, "validation: .*leaves one part empty"),
        ({"attention": None, "feeding": True}, None, Exception, "feeding"),
        ({"attention": "soft"}, None, ArgumentError, "attention: found 'soft'"),
        ({"teacher_forcing": 0.0}, None, ArgumentError, "teacher_forcing: found 0.0"),
        ({"choose_by": "rouge"}, None, ArgumentError, "choose_by"),
        ({"min_count": 1000}, None, DataError, "no token stands 1000 times"),
        ({"batch_tokens": 2}, None, ArgumentError, "batch_tokens: found 2; at least"),
    ],
)  # fmt: skip
def test_what_does_not_fit(told, given, error, said):
    with pytest.raises(error, match=said):
        Translator(**{**SMALL, "epochs": 1, **told}).fit(*(given or toy_pairs(30)))


def test_bleu_needs_sacrebleu_and_exact_does_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(elman.errors.MissingExtraError, match="sacrebleu"):
        fitted(epochs=1)
    model = fitted(epochs=1, choose_by="exact")
    result = model.evaluate(*toy_pairs(5))
    assert (result["bleu"], result["metric"]) == (None, "exact")
