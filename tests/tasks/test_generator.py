"""A language model: learnt, scored beside n-grams, saved, gone on with."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import elman
from elman import Generator
from elman.data.text_parts import held_out_texts, spread_texts
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.training.loop.texts import TextStreams
from elman.transforms.text import Characters, fit_codec

LINE = "to be or not to be, that is the question. "
FAST = {"units": 12, "embedding": 8, "epochs": 3, "learning_rate": 0.02, "batch_size": 4}


@pytest.fixture(scope="module")
def fitted() -> Generator:
    return Generator(**FAST, truncation=20).fit(LINE * 20)


@pytest.fixture(scope="module")
def lines() -> Generator:
    return Generator(**FAST).fit([LINE] * 30)


def test_every_character_is_counted_and_the_state_carried(fitted):
    text = LINE * 7 + "tob"
    said = fitted.score_tokens(text)
    assert said.tokens == tuple(text)
    ids = torch.from_numpy(fitted.model_.framed([text])[0])[None]
    with torch.no_grad():
        scores, _ = fitted.module_.unroll(ids[:, :-1])
    wanted = -F.cross_entropy(scores[0], ids[0, 1:], reduction="none")
    np.testing.assert_allclose(said.log_probabilities, wanted, atol=1e-5)
    result = fitted.evaluate(text)
    assert result["tokens"] == result["characters"] == result["bytes"] == len(text)
    assert result["score"] == pytest.approx(-said.log_probabilities.mean())
    assert result["perplexity"] == pytest.approx(math.exp(result["score"]))
    assert result["bits_per_byte"] == pytest.approx(result["score"] / math.log(2))


def test_bytes_and_characters_are_told_apart():
    model = Generator(**{**FAST, "epochs": 1}).fit("äöü aou " * 40)
    result = model.evaluate("äöü")
    assert (result["characters"], result["bytes"]) == (3, 6)
    assert result["bits_per_character"] == pytest.approx(2 * result["bits_per_byte"])


def test_a_text_has_the_same_numbers_alone_and_beside_others(lines):
    texts = [LINE[:k] for k in (40, 3, 17, 0, 25)] * 3
    together = lines.model_.log_probabilities(lines.model_.framed(texts))
    for text, found in zip(texts, together, strict=True):
        (alone,) = lines.model_.log_probabilities(lines.model_.framed([text]))
        assert (alone == found).all()
        assert len(found) == len(text) + 1  # the text's end is counted, too


def test_it_stands_beside_ngrams_which_travel_along(fitted, tmp_path):
    result = fitted.evaluate(LINE)
    names = list(result["baselines"])
    assert names[0] == "unigram"
    assert "gram (Witten-Bell)" in names[1]
    assert result["baselines"][names[1]] < result["baselines"]["unigram"]
    assert "validated_baselines" in fitted.result_
    fitted.save(tmp_path / "model.elman")
    read = elman.load(tmp_path / "model.elman")
    assert read.evaluate(LINE) == result
    assert read.facts()["answers"].endswith("of a text without end")


def test_of_long_texts_the_verdict_says_who_is_better(fitted):
    result = fitted.evaluate(LINE * 30)
    assert result["verdict"].startswith("Worse than interpolated")
    assert "so little text" in fitted.evaluate(LINE)["verdict"]


def test_it_learns():
    model = Generator(**{**FAST, "units": 32, "epochs": 25}, validation=None).fit(LINE * 20)
    assert model.evaluate(LINE * 4)["score"] < 0.5
    assert model.generate("to be o", max_length=20, temperature=0)[0].text == "r not to be, that is"


@pytest.mark.parametrize(
    "more",
    [
        {"head": "tied"},
        {"head": "adaptive", "codec": "words"},
        {"candidates": 4, "codec": "words"},
        {"weight_drop": 0.3, "variational": True, "layers": 2, "dropout": 0.2},
        {"cell": "gru", "layer_norm": True},
        {"cell": "rnn", "input_dropout": 0.1, "word_dropout": 0.1},
        {"average": 0.9, "schedule": "linear", "memory": 2},
    ],
    ids=lambda more: ",".join(more),
)
def test_its_parameters(more):
    model = Generator(**{**FAST, **more}).fit(LINE * 12)
    assert math.isfinite(model.evaluate(LINE)["score"])
    texts = [one.text for one in model.generate("to be", n=2, max_length=6, seed=1)]
    assert texts == [one.text for one in model.generate("to be", n=2, max_length=6, seed=1)]


def test_what_is_held_out():
    parts = held_out_texts(("a b c d e f g h i j",), 0.3, seed=0)
    assert "".join((*parts.train, *parts.held_out)) == "a b c d e f g h i j"
    assert parts.held_out == (" h i j",)
    assert parts.how == "the last 0.3 of the text"
    texts = tuple(f"text {k}" for k in range(20))
    parts = held_out_texts(texts, 0.25, seed=0)
    assert len(parts.held_out) == 5
    assert {*parts.train, *parts.held_out} == {*texts}
    assert parts == held_out_texts(texts, 0.25, seed=0)


def test_of_a_long_text_pieces_from_all_of_it_choose_the_epoch():
    text = "".join(f"line {k} of a long text\n" for k in range(5000))
    parts = spread_texts((text,), 0.05, seed=0)
    assert len(parts.held_out) == 6
    assert "".join(a + b for a, b in zip(*parts[:2], strict=True)) == text
    assert 0.04 < sum(map(len, parts.held_out)) / len(text) < 0.06
    assert parts.how == "0.05 of the text, 6 pieces from all of it"
    assert spread_texts((text[:900],), 0.1, seed=0) == held_out_texts((text[:900],), 0.1, seed=0)


def test_the_codec_is_fitted_on_the_training_part_alone():
    model = Generator(**{**FAST, "epochs": 1}, validation=0.25).fit(LINE * 8 + "zz " * 30)
    assert "z" not in model.codec_.tokens
    assert model.evaluate("zz")["unknown"] == 2


def test_training_on_lets_the_vocabulary_grow(tmp_path):
    model = Generator(**FAST).fit(LINE * 10)
    model.save(tmp_path / "model.elman")
    before = model.model_.bundle.weights["body.0.weight"]
    again = Generator.load(tmp_path / "model.elman").set_params(epochs=1, learning_rate=1e-9)
    with pytest.warns(UserWarning, match="3 new tokens begin as <unk> does"):
        again.fit("xyz zyx " * 20 + LINE)
    assert again.codec_.tokens[: len(before)] == model.codec_.tokens
    assert again.codec_.tokens[len(before) :] == ("x", "y", "z")
    after = again.model_.bundle.weights
    np.testing.assert_allclose(after["body.0.weight"][: len(before)], before, atol=1e-6)
    np.testing.assert_allclose(after["body.0.weight"][-1], before[0], atol=1e-6)
    assert after["body.2.bias"].shape == (len(before) + 3,)
    assert again.evaluate("xyz")["unknown"] == 0


def test_a_run_that_was_interrupted_goes_on_in_the_same_bits(tmp_path):
    def stop(event):
        if type(event).__name__ == "EpochEnd" and event.record.epoch == 1:
            raise KeyboardInterrupt

    given = {**FAST, "run": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        Generator(**given, callbacks=[stop]).fit(LINE * 10)
    resumed = Generator(**given, resume=True).fit(LINE * 10)
    whole = Generator(**FAST).fit(LINE * 10)
    for name, array in whole.model_.bundle.weights.items():
        assert (array == resumed.model_.bundle.weights[name]).all()


def test_streams_of_texts_hold_each_token_once():
    lines = [np.array([1, *range(3, 30), 2]), np.array([1, 30, 31, 32, 2]), np.array([1, 2])]
    streams = TextStreams.of_texts(lines, rows=4, truncation=5)
    pairs = []
    for window in streams.windows(seed=3, epoch=2):
        left = window.batch.steps()
        for inputs, targets, steps in zip(
            window.batch.inputs, window.batch.targets, left, strict=True
        ):
            pairs += zip(inputs[:steps].tolist(), targets[:steps].tolist(), strict=True)
    assert sorted(pairs) == sorted(pair for ids in lines for pair in pairwise(ids.tolist()))


@pytest.mark.parametrize(
    ("given", "X", "error", "said"),
    [
        ({}, [], ShapeError, "found no texts"),
        ({}, ["a", None], DataError, r"X\[1\]: found None"),
        ({}, 3, ShapeError, "found 3"),
        ({}, "", ArgumentError, "leaves one part empty"),
        ({"validation": None}, [""], DataError, "no token"),
        ({"validation": None}, ["", ""], DataError, "no token"),
        ({"validation": 1.5}, LINE, ArgumentError, "validation: found 1.5"),
        ({"validation": 1e-9}, LINE, ArgumentError, "leaves one part empty"),
        ({"truncation": 0}, LINE, ArgumentError, "truncation: found 0"),
        ({"head": "wide"}, LINE, ArgumentError, "head: found 'wide'"),
        ({"candidates": 5, "head": "adaptive"}, LINE, ArgumentError, "candidates"),
        ({"codec": "letters"}, LINE, ArgumentError, "codec: found 'letters'"),
    ],
)
def test_what_it_refuses(given, X, error, said):
    with pytest.raises(error, match=said):
        Generator(**{**FAST, **given}).fit(X)


def test_y_is_refused_and_another_codec_too(fitted, tmp_path):
    with pytest.raises(ArgumentError, match="y: given"):
        Generator(**FAST).fit(LINE, [1])
    fitted.save(tmp_path / "model.elman")
    other = Generator.load(tmp_path / "model.elman").set_params(
        codec=fit_codec(["abc"], "characters")
    )
    with pytest.raises(ArgumentError, match="the model was trained with a codec of the hash"):
        other.fit(LINE)


@pytest.mark.parametrize("more", [{"head": "adaptive"}, {"candidates": 4}])
def test_heads_for_what_is_numbered_by_frequency(more):
    codec = fit_codec([LINE], "subwords", size=270)
    with pytest.raises(ArgumentError, match="not numbered by frequency"):
        Generator(**FAST, codec=codec, **more).fit(LINE * 10)


def test_what_a_module_elsewhere_would_answer_is_answered_here(fitted):
    """The runtime reads on from a state, which no module on another device gives."""
    again = type(fitted.model_)(fitted.model_.bundle, run=lambda *_: pytest.fail("asked"))
    assert again.evaluate(LINE) == fitted.evaluate(LINE)


def test_its_own_codec_and_validation_texts():
    codec = Characters.fit([LINE])
    model = Generator(**FAST, codec=codec, validation=[LINE]).fit(LINE * 10)
    assert model.codec_.hash == codec.hash
    assert model.result_["validation"] == "1 text that were given"


def test_a_file_of_another_task_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "model.elman")
    with pytest.raises(BundleError, match="its task is 'generator'"):
        elman.Classifier.load(tmp_path / "model.elman")


# ---- from the end -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backward() -> Generator:
    return Generator(**FAST, backward=True).fit([LINE] * 30)


def test_a_backward_model_learns_what_a_forward_one_learns_of_reversed_texts(backward):
    other = Generator(**FAST).fit([LINE[::-1]] * 30)
    for text in (LINE, "not to", ""):
        mine, theirs = backward.score_tokens(text), other.score_tokens(text[::-1])
        assert mine.tokens == theirs.tokens[::-1] == ("<eos>", *text)  # as in the text
        np.testing.assert_array_equal(mine.log_probabilities, theirs.log_probabilities[::-1])
    mine, theirs = backward.evaluate([LINE, "to be"]), other.evaluate([LINE[::-1], "eb ot"])
    assert mine["score"] == theirs["score"]
    assert mine["baselines"] == theirs["baselines"]
    dynamic = backward.evaluate(LINE, dynamic=True)["dynamic"]
    assert dynamic == other.evaluate(LINE[::-1], dynamic=True)["dynamic"]


def test_a_backward_model_says_so_travels_and_goes_on(backward, tmp_path):
    backward.save(tmp_path / "back.elman")
    read = elman.load(tmp_path / "back.elman")
    assert read.evaluate(LINE) == backward.evaluate(LINE)
    assert "from the end" in read.facts()["reads"]
    assert read.facts()["answers"] == "the token before, and where a text begins"
    again = Generator.starting_from(tmp_path / "back.elman").fit([LINE] * 3)
    assert again.model_.framing.backward
    with pytest.raises(ArgumentError, match="reads from the end"):
        Generator.starting_from(tmp_path / "back.elman", backward=False).fit([LINE] * 3)


def test_a_backward_model_does_not_write_but_reads_what_stands_before(backward):
    for write in (
        lambda: backward.generate("to be"),
        lambda: backward.model_.search("to be"),
        lambda: list(backward.model_.stream("to be")),
        lambda: backward.session().write(max_length=3),
    ):
        with pytest.raises(ArgumentError, match="from the end"):
            write()
    session = backward.session()
    later, sooner = session.read("not to be"), session.read("be or ")
    whole = backward.score_tokens("be or not to be")
    assert sooner.tokens + later.tokens == whole.tokens[1:]
    parts = np.concatenate([sooner.log_probabilities, later.log_probabilities])
    np.testing.assert_array_equal(parts, whole.log_probabilities[1:])
