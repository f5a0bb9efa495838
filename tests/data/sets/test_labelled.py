"""The labelled sequences of the catalogue: shapes, classes, values of both parts."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import labelled_names, load, load_texts
from elman.data.sets.drawings import drawing_names
from elman.data.sets.labelled import full_name
from elman.data.sets.sounds import SPEAKERS, recording_names
from elman.data.sets.texts import text_names
from elman.errors import ArgumentError, DataError

# name: (training, test, longest of both, features, classes), as the sets' own descriptions say.
FACTS = {
    "pendigits": (300, 10692, 8, 2, 10),
    "sequence_classification/AReM": (43, 39, 480, 6, 7),
    "sequence_classification/BasicMotions": (40, 40, 100, 6, 4),
    "sequence_classification/CricketX": (390, 390, 300, 1, 12),
    "sequence_classification/ECG200": (100, 100, 96, 1, 2),
    "sequence_classification/ECG5000": (401, 99, 140, 1, 5),
    "sequence_classification/ECGFiveDays": (23, 861, 136, 1, 2),
    "sequence_classification/GunPoint": (50, 150, 150, 1, 2),
    "sequence_classification/IndoorMovement": (251, 63, 129, 4, 2),
    "sequence_classification/JapaneseVowels": (270, 370, 29, 12, 9),
    "mnist": (60000, 10000, 28, 28, 10),
    "mnist/pixels": (60000, 10000, 784, 1, 10),
    "digits": (1438, 359, 8, 8, 10),
}


def test_every_loader_is_tested():
    sounds = {*recording_names(), *(f"free_spoken_digits/{one}" for one in SPEAKERS)}
    others = {"adding", "ud_english_ewt", *text_names(), *sounds, *drawing_names()}
    others -= {"digit_strokes/numbers"}  # texts, no classes
    short = {name.rpartition("/")[2].lower() for name in FACTS if "/" in name} - {"pixels"}
    assert set(FACTS) | others | short == set(labelled_names())


def test_a_short_name_is_that_of_its_set(real_data):
    found = load("gunpoint", "test")
    assert found.name == full_name("gunpoint") == "sequence_classification/GunPoint"
    np.testing.assert_array_equal(found.sequences.values, load(found.name, "test").sequences.values)
    assert full_name("GunPoint") == "GunPoint"
    with pytest.raises(ArgumentError, match="did you mean gunpoint"):
        load("gunpint")


@pytest.mark.parametrize("name", sorted(set(FACTS) - {"mnist", "digits"}))
def test_both_parts(name, real_data):
    train, test = load(name), load(name, "test")
    count, test_count, longest, features, classes = FACTS[name]
    assert (len(train), len(test)) == (count, test_count)
    assert train.sequences.features == test.sequences.features == features
    assert max(train.sequences.lengths.max(), test.sequences.lengths.max()) == longest
    assert train.labels is not None
    assert test.labels is not None
    assert len(np.unique(train.labels)) == classes
    assert set(np.unique(test.labels)) <= set(np.unique(train.labels))
    assert len(train.feature_names) == features
    assert len(set(test.ids)) == test_count
    assert train.name == name


def test_the_treebank_has_words_with_tags(real_data):
    train, test = load("ud_english_ewt"), load("ud_english_ewt", "test")
    assert (len(train), len(test)) == (12544, 2077)
    assert (train.sequences.lengths.sum(), test.sequences.lengths.sum()) == (204577, 25094)
    assert test.labels is not None
    assert test.sequences.one(0) == ["What", "if", "Google", "Morphed", "Into", "GoogleOS", "?"]
    assert test.labels[0].tolist() == ["PRON", "SCONJ", "PROPN", "VERB", "ADP", "PROPN", "PUNCT"]
    assert len(np.unique(np.concatenate(list(test.labels)))) == 17
    assert test.name == "ud_english_ewt"


def test_texts_are_those_of_their_own_loader(real_data):
    name = "movie_reviews/sentences"
    for part in ("train", "test"):
        found, texts = load(name, part), load_texts(name, part)
        assert found.sequences.texts.tolist() == list(texts.texts)
        assert found.labels.tolist() == texts.labels.tolist()
        assert (found.ids, found.name) == (texts.ids, name)
    columns = found.to_columns()
    assert list(columns) == ["text", "label"]
    assert columns["text"][0] == texts.texts[0]
    assert len(columns["label"]) == len(texts)
    with pytest.raises(ArgumentError, match="text: does not apply to movie_reviews"):
        load(name, text="review")
    with pytest.raises(DataError, match="use movie_reviews/reviews or movie_reviews/sentences"):
        load("movie_reviews")


def test_mnist_has_its_usual_constants(real_data):
    train, test = load("mnist"), load("mnist", "test")
    assert train.sequences.values.shape == (60000, 28, 28)
    assert round(float(train.sequences.values.mean(dtype=np.float64)), 4) == 0.1307
    assert round(float(train.sequences.values.std(dtype=np.float64)), 4) == 0.3081
    assert train.labels is not None
    assert test.labels is not None
    expected = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == expected
    assert np.bincount(test.labels).tolist()[:3] == [980, 1135, 1032]
    assert test.name == "mnist"


def test_the_adding_problem_is_made_when_it_is_read():
    train, test = load("adding"), load("adding", "test")
    assert train.sequences.values.shape == (20000, 400, 2)
    assert len(test) == 2000
    assert test.labels is not None
    marked = (test.sequences.values[..., 0] * test.sequences.values[..., 1]).sum(1)
    np.testing.assert_allclose(test.labels, marked, rtol=1e-6)
    assert not np.array_equal(train.sequences.values[:2000], test.sequences.values)


def test_digits_are_split_once_for_all():
    sklearn = pytest.importorskip("sklearn.datasets", reason="the extra 'train' is not installed")
    train, test = load("digits", "train"), load("digits", "test")
    assert (len(train), len(test)) == FACTS["digits"][:2]
    rows = np.array([int(row) for row in (*train.ids, *test.ids)])
    assert sorted(rows) == list(range(1797))
    images = sklearn.load_digits()
    values = np.concatenate([train.sequences.values, test.sequences.values])
    np.testing.assert_array_equal(values * 16, images.images[rows])
    assert train.labels is not None
    assert test.labels is not None
    np.testing.assert_array_equal([*train.labels, *test.labels], images.target[rows])
    shares = np.bincount(test.labels) / np.bincount(images.target)
    assert (abs(shares - 0.2) < 0.01).all()
    assert test.ids[:4] == ("8", "9", "39", "46")  # the stated split: changing it changes scores


def test_known_values_stand_where_they_should(real_data):
    arem = load("sequence_classification/AReM")
    assert arem.sequences.values[0, 0, 0] == np.float32(0.41258553103975376)  # the time is left out
    pen = load("pendigits")
    np.testing.assert_array_equal(
        pen.sequences.values[0, 1], np.float32([-0.4139379721835165, 1.3804475908511589])
    )
    assert pen.labels is not None
    assert pen.labels[0] == 7
    vowels = load("sequence_classification/JapaneseVowels")
    np.testing.assert_array_equal(
        vowels.sequences.values[0, 0, :2], np.float32([1.860936, -0.207383])
    )
    indoor = load("sequence_classification/IndoorMovement")
    first = indoor.ids.index("1")
    expected = np.float32([-0.90476, -0.48, 0.28571, 0.3])
    np.testing.assert_array_equal(indoor.sequences.values[first, 0], expected)
    heartbeats = load("sequence_classification/ECG200").labels
    assert heartbeats is not None
    assert np.bincount(heartbeats).tolist() == [31, 69]


def test_a_path_is_read_and_a_name_goes_first(tmp_path, monkeypatch):
    np.savez(tmp_path / "mine.npz", X=np.ones((2, 3, 1)))
    assert load(tmp_path / "mine.npz").sequences.values.shape == (2, 3, 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    pytest.importorskip("sklearn", reason="the extra 'train' is not installed")
    assert load("digits").name == "digits"
    with pytest.raises(DataError, match="holds no images file"):
        load("./digits")


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("tiny_shakespeare", {}, DataError, "language model.*see: elman data show tiny_sh"),
        ("sequence_classification", {}, DataError, "use sequence_classification/AReM or"),
        ("sequence_classification/GunPont", {}, ArgumentError, "classification/GunPoint"),
        ("digit", {}, ArgumentError, r"did you mean digits.*\?"),
        ("nothing.csv", {}, DataError, "no such file"),
        ("digits", {"part": "validation"}, ArgumentError, "'train' or 'test'"),
        ("digits", {"label": "y"}, ArgumentError, "does not apply to digits"),
    ],
)
def test_wrong_sources(source, options, error, message):
    with pytest.raises(error, match=message):
        load(source, **options)


def test_a_set_that_is_not_here(cache):
    with pytest.raises(DataError, match="run: elman data get mnist"):
        load("mnist")
