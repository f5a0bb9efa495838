"""Networks that begin with the layers of another model, whatever its task."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman import Classifier, Generator, Regressor, Tagger
from elman.blueprint import CellConfig, Embedding, Words, sequence_to_sequence
from elman.bundle import Bundle
from elman.errors import ArgumentError, BundleError, DataError
from elman.models import build
from elman.tasks.beginning import begin_with_layers, layers_like
from elman.tasks.fitting import weights_of
from elman.transforms import fit_codec
from tests.cli.conftest import command as command

SIZES = {"units": 6, "embedding": 5}
FAST = {**SIZES, "epochs": 1, "learning_rate": 1e-30, "validation": None, "baselines": False}
TEXTS = ["the plot is good", "the plot is dull", "a good film", "a dull film"] * 4
WORDS = [["the", "plot", "is", "thin"], ["A", "good", "film"]] * 4
TAGS = [["D", "N", "V", "J"], ["D", "J", "N"]] * 4
PLAIN = {"characters": 0, "min_count": 1, "bidirectional": False}


def weights(estimator, name: str) -> np.ndarray:
    return estimator.model_.bundle.weights[name]


@pytest.fixture(scope="module")
def texts():
    return Classifier(**FAST | {"learning_rate": 0.05}).fit(TEXTS, ["+", "-"] * 8)


def test_a_tagger_begins_with_a_classifiers_vectors_and_layers(texts):
    tagger = Tagger(**FAST, **PLAIN, start=texts.model_)
    said = r"From the model: the vectors of 7 of 8 tokens, layer 1 \(lstm 6\)\. "
    said += "New, at random: 1 vector, dense, crf"
    with pytest.warns(UserWarning, match=said):
        tagger.fit(WORDS, TAGS)
    ours, theirs = tagger.model_.tokens, texts.model_.tokens
    assert set(ours) - set(theirs) == {"thin"}
    for token in set(ours) - {"thin"}:  # "A" is looked up as "a"
        row = weights(tagger, "body.0.weight")[ours.index(token)]
        assert (row == weights(texts, "body.0.weight")[theirs.index(token)]).all()
    for name in ("weight_ih", "weight_hh"):
        name = f"body.1.cells.0.{name}"
        assert (weights(tagger, name) == weights(texts, name)).all()


def test_a_network_in_both_directions_takes_the_forward_cells_and_back_again(texts):
    with pytest.warns(UserWarning, match=r"layer 1 \(lstm 6\) forward\. New.*layer 1 backward"):
        both = Tagger(**FAST, **PLAIN | {"bidirectional": True}, start=texts.model_).fit(
            WORDS, TAGS
        )
    name = "body.1.{}.0.weight_hh"
    assert (weights(both, name.format("cells")) == weights(texts, name.format("cells"))).all()
    fresh = weights(both, name.format("backward_cells"))
    assert not (fresh == weights(texts, name.format("cells"))).any()
    with pytest.warns(UserWarning, match=r"layer 1 \(lstm 6\) forward\. New, at random: .*dense"):
        back = Classifier(**FAST, start=both.model_).fit(TEXTS, ["+", "-"] * 8)
    assert (weights(back, name.format("cells")) == weights(both, name.format("cells"))).all()


def test_another_pooling_other_labels_and_another_vocabulary(texts, tmp_path):
    texts.save(tmp_path / "texts.elman")
    model = Classifier.starting_from(tmp_path / "texts.elman", pool="attention", validation=None)
    with pytest.warns(UserWarning, match=r"the vectors of 12 of 12 tokens, .*random: pool, dense"):
        model.fit(["a good day", "no film"] * 4, [1, 2] * 4)
    assert model.codec.hash == model.model_.codec.hash == texts.model_.codec.hash
    again = Classifier.starting_from(tmp_path / "texts.elman", min_count=2, validation=None)
    with pytest.warns(UserWarning, match=r"the vectors of 6 of 8 tokens, .*2 vectors, dense"):
        again.fit(["a day", "no day", "no a"] * 4, [1, 2, 3] * 4)
    assert "day" in again.model_.tokens
    assert again.model_.seen.among(texts.model_.sequences(TEXTS))[0].all()


def test_of_the_same_network_the_training_goes_on(texts, tmp_path):
    texts.save(tmp_path / "model.elman")
    on = Classifier.starting_from(tmp_path, **{"epochs": 1, "learning_rate": 1e-30})
    on.fit(TEXTS, ["+", "-"] * 8)
    for name, weight in texts.model_.bundle.weights.items():
        np.testing.assert_array_equal(weights(on, name), weight)
    with pytest.warns(UserWarning, match=r"The head is replaced: kept '\+'; new '~'; dropped '-'"):
        Classifier.starting_from(tmp_path).fit(TEXTS, ["+", "~"] * 8)
    with pytest.raises(ArgumentError, match="codec: 'characters', and the model that goes on"):
        Classifier.load(tmp_path / "model.elman").set_params(codec="characters").fit(
            TEXTS, ["+", "-"] * 8
        )


def test_a_tagger_of_other_tags_begins_with_all_that_reads_words(tmp_path):
    options = {**FAST, "characters": 3, "character_units": 2, "min_count": 1, "scheme": "none"}
    source = Tagger(**options).fit(WORDS, TAGS)
    source.save(tmp_path / "tags.elman")
    on = Tagger.starting_from(tmp_path / "tags.elman").fit(WORDS[:2], TAGS[:2])
    assert "notes" not in on.result_  # the same network goes on
    lower = [[tag.lower() for tag in row] for row in TAGS]
    said = r"8 of 8 tokens, .* characters, layer 1 of letters .*, layer 1 .*random: dense, crf"
    with pytest.warns(UserWarning, match=said):
        found = Tagger.starting_from(tmp_path / "tags.elman").fit(WORDS, lower)
    assert found.classes_.tolist() == ["d", "j", "n", "v"]
    for name in source.model_.bundle.weights:
        if name.startswith(("body.0.reader", "body.1.")):
            np.testing.assert_allclose(weights(found, name), weights(source, name), atol=1e-20)
    with pytest.raises(DataError, match="label 'd'"):
        Tagger.load(tmp_path / "tags.elman").fit(WORDS, lower)


def test_what_is_random_varies_as_what_was_taken():
    source = sequence_to_sequence(
        embedding=Embedding(400, 20), cells=CellConfig("gru", 4), outputs=2
    )
    codec = fit_codec([f"w{n} " * 2 for n in range(400)], steps=_spaces())
    model = _model(source, codec, scale=7.0)
    tokens = [*codec.tokens[:200], *(f"new{n}" for n in range(200))]
    mine = sequence_to_sequence(embedding=Embedding(400, 20), cells=CellConfig("gru", 4), outputs=3)
    fresh = weights_of(build(mine, seed=1))
    fresh["body.0.weight"] /= np.float32(20**0.5)
    begun = begin_with_layers(mine, fresh, _Tokens(tokens), model)
    table = begun.weights["body.0.weight"]
    assert table[200:].std() == pytest.approx(table[:200].std(), rel=0.1)
    assert (table[:200] == model.bundle.weights["body.0.weight"][:200]).all()


@pytest.mark.parametrize("rate", ["zoneout", "recurrent_dropout", "weight_drop"])
def test_dropout_around_cells_is_no_reason_to_leave_their_weights(rate):
    """A model of the shape of a language model: tokens in, a score of each token out."""
    codec = fit_codec(TEXTS)
    cells = [CellConfig("lstm", 6, **{rate: 0.3}), CellConfig("lstm", 4)]
    size = len(codec)
    writes = sequence_to_sequence(embedding=Embedding(size, 5), cells=cells, outputs=size)
    model = _model(writes, codec)
    with pytest.warns(UserWarning, match=r"12 of 12 tokens, layer 1 \(.*\), layer 2 \(lstm 4\)\."):
        found = Classifier(**FAST | {"units": (6, 4)}, codec=codec, start=model).fit(
            TEXTS, ["+", "-"] * 8
        )
    ours, theirs = found.model_.bundle.weights, model.bundle.weights
    taken = [name for name in ours if "cells." in name]
    there = [name for name in theirs if "cells." in name]
    assert len(taken) == len(there)
    pairs = zip(taken, there, strict=True)
    assert all(np.allclose(ours[a], theirs[b], rtol=0, atol=1e-20) for a, b in pairs)
    given = layers_like(model)
    assert given["units"] == [6, 4]
    assert given["codec"] is codec


def test_a_language_model_whose_scores_are_its_own_vectors():
    codec, cells = fit_codec(TEXTS), CellConfig("lstm", 6)
    table, size = Embedding(len(codec), 5), len(codec)
    writes = sequence_to_sequence(embedding=table, cells=cells, outputs=size, head="tied")
    model = _model(writes, codec)
    with pytest.warns(UserWarning, match=r"12 of 12 tokens, layer 1 \(lstm 6\)\. New.*: dense\."):
        found = Classifier(**FAST, codec=codec, start=model).fit(TEXTS, ["+", "-"] * 8)
    assert (weights(found, "body.0.weight") == model.bundle.weights["body.0.weight"]).all()


def test_layers_are_taken_from_the_input_up_while_they_are_alike(texts):
    with pytest.warns(UserWarning, match=r"layer 1 \(lstm 6\)\. New, at random: layer 2, dense"):
        Classifier(**FAST | {"units": (6, 6)}, start=texts.model_).fit(TEXTS, ["+", "-"] * 8)
    with pytest.warns(UserWarning, match=r"12 of 12 tokens\. New, at random: layer 1, dense"):
        Classifier(**FAST, cell="gru", start=texts.model_).fit(TEXTS, ["+", "-"] * 8)


def test_letters_and_what_reads_them():
    options = {**FAST, "min_count": 1, "characters": 3, "character_units": 2}
    source = Tagger(**options).fit(WORDS, TAGS)
    more = [["thin", "ice"], ["the", "ice"]] * 4
    said = r"the vectors of 3 of 4 tokens, 7 of 8 characters, layer 1 of letters \(lstm 2\), "
    with pytest.warns(UserWarning, match=said + r"layer 1 \(lstm 6\)\. New, at random: 1 vector"):
        tagger = Tagger(**options, start=source.model_).fit(more, [["J", "N"], ["D", "N"]] * 4)
    name = "body.0.reader.backward_cells.0.weight_hh"
    assert (weights(tagger, name) == weights(source, name)).all()
    codes = tagger.model_.codes, source.model_.codes
    rows = [2 + one.characters.index("t") for one in codes]
    tables = [weights(one, "body.0.character_weight") for one in (tagger, source)]
    assert (tables[0][rows[0]] == tables[1][rows[1]]).all()
    with pytest.warns(UserWarning, match="3 of 4 tokens. New.* what reads letters, layer 1, dense"):
        Tagger(**options | {"characters": 4}, start=source.model_).fit(more, [["J", "N"]] * 8)
    like = layers_like(source.model_)
    assert (like["characters"], like["character_units"], like["bidirectional"]) == (3, 2, True)
    assert isinstance(source.model_.blueprint.words, Words)


def test_layers_that_read_features_bring_their_scale():
    draws = np.random.default_rng(0)
    X = draws.normal(3, 5, size=(20, 4, 2)).astype("float32")
    sizes = {**FAST, "units": 4}
    del sizes["embedding"]
    source = Regressor(**sizes).fit(X, X.mean(axis=(1, 2)))
    with pytest.warns(UserWarning, match=r"From the model: layer 1 \(lstm 4\)"):
        found = Classifier(**sizes, start=source.model_).fit(X * 2, [0, 1] * 10)
    assert (found.model_.input_scaler.mean == source.model_.input_scaler.mean).all()
    with pytest.raises(ArgumentError, match="start: nothing of the model fits: it reads 2 feat"):
        Classifier(**sizes, start=source.model_).fit(X[..., :1], [0, 1] * 10)


def test_where_nothing_fits_it_is_said_what_would(texts, tmp_path):
    y = ["+", "-"] * 8
    said = r"its tokens have 5 numbers each; embedding=5, .*cell='lstm'.*units=6; or leave start="
    with pytest.raises(ArgumentError, match=said):
        Classifier(**FAST | {"embedding": 4}, start=texts.model_).fit(TEXTS, y)
    with pytest.raises(ArgumentError, match="it reads words, and this network characters"):
        Classifier(**FAST, codec="characters", start=texts.model_).fit(TEXTS, y)
    with pytest.raises(ArgumentError, match="none of its tokens stands here"):
        Tagger(**FAST, **PLAIN, start=_unknown(texts)).fit(WORDS, TAGS)
    with pytest.raises(ArgumentError, match="start: found 3; a model file"):
        Classifier(**FAST, start=3).fit(TEXTS, y)
    with pytest.raises(BundleError, match="nowhere"):
        Classifier(**FAST, start=tmp_path / "nowhere.elman").fit(TEXTS, y)
    (tmp_path / "v.txt").write_text("good 1 2 3 4 5\n")
    with pytest.raises(ArgumentError, match="vectors: given beside start"):
        Classifier(**FAST, start=texts.model_, vectors=tmp_path / "v.txt").fit(TEXTS, y)


def test_from_the_shell_whatever_the_task(texts, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts.save("texts.elman")
    lines = [
        f"{word}\t{tag}" for row in (0, 1) for word, tag in zip(WORDS[row], TAGS[row], strict=True)
    ]
    (tmp_path / "a.conll").write_text("\n\n".join("\n".join(lines) for _ in range(12)) + "\n")
    told = ("train", "tagger", "--data", "a.conll", "--epochs", 1, "--no-pictures", "--from")
    done = command(*told, "texts.elman", "--min-count", 1, "--out", "tags")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "From texts.elman: the vectors of 7 of 8 tokens, layer 1 (lstm 6) forward." in said
    model = elman.load("tags/model.elman")
    assert model.blueprint.words.size == 5
    assert model.blueprint.words.letters == 0
    done = command(*told, "texts.elman", "--embedding", 7, "--out", "other")
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert (
        "--from: nothing of texts.elman fits: its tokens have 5 numbers each; --embedding 5" in said
    )
    again = command("train", "--config", "tags/config.toml", "--no-pictures", "--out", "again")
    assert again.exit_code == 0, again.output
    assert elman.load("again/model.elman").blueprint == model.blueprint


def test_a_configuration_that_begins_with_a_models_layers_keeps_its_codec(
    texts, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    texts.save("texts.elman")
    rows = "".join(f"a {('good', 'new')[n % 2]} film {n},{n % 2}\n" for n in range(30))
    (tmp_path / "b.csv").write_text("text,label\n" + rows)
    told = ("train", "classifier", "--data", "b.csv", "--from", "texts.elman", "--no-pictures")
    done = command(*told, "--pool", "max", "--out", "one")
    assert done.exit_code == 0, done.output
    assert "12 of 12 tokens, layer 1 (lstm 6). New, at random: dense." in done.stderr
    assert elman.load("one/model.elman").codec.hash == texts.model_.codec.hash
    done = command("train", "--config", "one/config.toml", "--no-pictures", "--out", "two")
    assert done.exit_code == 0, done.output
    first, second = (elman.load(f"{run}/model.elman").bundle.weights for run in ("one", "two"))
    assert all((first[name] == second[name]).all() for name in first)
    done = command(*told, "--vocabulary", 40, "--out", "three")
    assert done.exit_code == 0, done.output
    assert "new" in elman.load("three/model.elman").tokens


class _Tokens:
    kind = "words"

    def __init__(self, tokens):
        self.tokens = tuple(tokens)


class _Model:
    """What a model of any task shows: network, weights, tokens."""

    def __init__(self, bundle, codec):
        self.bundle, self.blueprint = bundle, bundle.blueprint
        self.codec, self.tokens = codec, codec.tokens


def _model(blueprint, codec, scale=1.0):
    found = weights_of(build(blueprint, seed=0))
    found["body.0.weight"] = found["body.0.weight"][: len(codec)] * np.float32(scale)
    return _Model(Bundle("writer", blueprint, found, {}, {}), codec)


def _spaces():
    from elman.transforms.text import Steps

    return Steps(cut="spaces", numbers=False, addresses=False)


def _unknown(fitted):
    model = _Model(fitted.model_.bundle, fitted.model_.codec)
    model.tokens = tuple(f"\0{token}" for token in model.tokens)
    return model


# ---- language models ----------------------------------------------------------------------------

FRESH = {name: value for name, value in FAST.items() if name != "units"}
GENERATOR = {**SIZES, "epochs": 1, "batch_size": 4, "baselines": False, "validation": None}


@pytest.mark.parametrize(
    "how",
    [
        {"codec": "words"},
        {"codec": "characters", "head": "tied", "cell": "gru"},
        {"codec": "words", "layers": 2, "dropout": 0.2, "weight_drop": 0.3, "variational": True},
        {"codec": "words", "candidates": 2, "word_dropout": 0.1},
    ],
    ids=lambda how: ",".join(map(str, how.values())),
)
def test_a_classifier_begins_with_a_generator(how, tmp_path):
    source = Generator(**GENERATOR, **how).fit(TEXTS)
    source.save(tmp_path / "model.elman")
    model = Classifier.starting_from(tmp_path / "model.elman", **FRESH)
    with pytest.warns(UserWarning, match=r"layer 1 \(.*New, at random: dense"):
        model.fit(TEXTS, ["+", "-"] * 8)
    assert model.model_.codec.hash == source.codec_.hash
    theirs = {name: one for name, one in source.model_.bundle.weights.items() if "cells" in name}
    assert theirs
    for weight in theirs.values():
        mine = [one for name, one in model.model_.bundle.weights.items() if "cells" in name]
        assert any(one.shape == weight.shape and np.allclose(one, weight) for one in mine)


def test_a_tagger_begins_with_a_generator_of_words():
    source = Generator(**GENERATOR, codec="words").fit(TEXTS)
    tagger = Tagger(**FAST, **PLAIN | {"bidirectional": True}, start=source.model_)
    with pytest.warns(UserWarning, match=r"layer 1 \(lstm 6\) forward\. New.*layer 1 backward"):
        tagger.fit(WORDS, TAGS)
    theirs = source.model_.bundle.weights["body.1.cells.0.weight_hh"]
    np.testing.assert_allclose(weights(tagger, "body.1.cells.0.weight_hh"), theirs)


def test_what_reads_from_the_end_gives_that_direction():
    source = Generator(**GENERATOR, codec="words", backward=True).fit(TEXTS)
    theirs = source.model_.bundle.weights["body.1.cells.0.weight_hh"]
    tagger = Tagger(**FAST, **PLAIN | {"bidirectional": True}, start=source.model_)
    with pytest.warns(UserWarning, match=r"layer 1 \(lstm 6\) backward\. New.*layer 1 forward"):
        tagger.fit(WORDS, TAGS)
    np.testing.assert_allclose(weights(tagger, "body.1.backward_cells.0.weight_hh"), theirs)
    assert not np.allclose(weights(tagger, "body.1.cells.0.weight_hh"), theirs)
    one_way = Classifier(**FAST, start=source.model_)
    with pytest.warns(UserWarning, match=r"the vectors of .* New, at random: layer 1, dense"):
        one_way.fit(TEXTS, ["+", "-"] * 8)


@pytest.mark.parametrize("backward", [False, True])
def test_a_generator_of_characters_gives_a_tagger_what_reads_letters(backward, tmp_path):
    source = Generator(**GENERATOR, backward=backward).fit(TEXTS)
    source.save(tmp_path / "model.elman")
    tagger = Tagger.starting_from(tmp_path / "model.elman", **FAST)
    assert (tagger.characters, tagger.character_units) == (5, 6)
    with pytest.warns(UserWarning, match=r"characters, layer 1 of letters .*New.*vectors of words"):
        tagger.fit(WORDS, TAGS)
    way = "backward_cells" if backward else "cells"
    theirs = source.model_.bundle.weights
    mine = weights(tagger, f"body.0.reader.{way}.0.weight_ih")
    np.testing.assert_allclose(mine, theirs["body.1.cells.0.weight_ih"])
    row = 2 + tagger.model_.codes.characters.index("g")
    vector = theirs["body.0.weight"][source.codec_.tokens.index("g")]
    np.testing.assert_allclose(weights(tagger, "body.0.character_weight")[row], vector)
    other = Tagger(**FAST, start=source.model_)
    with pytest.raises(ArgumentError, match="characters=5, character_units=6"):
        other.fit(WORDS, TAGS)
