"""What a language model writes: the same alone, in a batch, saved, streamed, after a pause."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

import elman
from elman import Generator
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, BundleError, DataError, ShapeError

LINE = "to be or not to be, that is the question. "
FAST = {"units": 12, "embedding": 8, "epochs": 4, "learning_rate": 0.03, "batch_size": 4}
DRAWN = {"max_length": 30, "temperature": 0.8, "seed": 5}


@pytest.fixture(scope="module")
def model():
    return Generator(**FAST, validation=None).fit(LINE * 20).model_


@pytest.fixture(scope="module")
def ending():
    """Of lines that end, in subwords."""
    return Generator(**FAST, validation=None).fit(["to be é or not"] * 40).model_


def test_a_prefix_and_a_seed_give_one_text_however_it_is_made(model, tmp_path):
    wanted = model.generate("to be", **DRAWN)[0].text
    batch = model.generate(["that", *["to be"] * 64, ""], **DRAWN)
    assert {one[0].text for one in batch[1:65]} == {wanted}
    several = model.generate("to be", n=3, **DRAWN)
    assert several[0].text == wanted
    assert len({one.text for one in several}) == 3
    assert "".join(model.stream("to be", **DRAWN)) == wanted
    elman.bundle.save(tmp_path / "model.elman", model.bundle)
    read = elman.load(tmp_path / "model.elman")
    assert read.generate("to be", **DRAWN)[0].text == wanted
    steps, search = model.steps(), model.search("to be", **DRAWN)
    while not search.done:  # a pause at every step
        search.advance(steps)
        search.save(tmp_path / "search")
        search = read.load_search(tmp_path / "search")
        steps = read.steps()
    assert read.texts_of(search, "to be")[0].text == wanted


def test_the_resumed_n_best_is_the_unbroken_one(model, tmp_path):
    options = {"beam_size": 4, "n_best": 3, "max_length": 8}
    wanted = [one.text for one in model.generate("to", **options)]
    search, steps = model.search("to", **options), model.steps()
    for _ in range(3):
        search.advance(steps)
    search.save(tmp_path / "search")
    read = model.load_search(tmp_path / "search")
    read.run(model.steps())
    assert [one.text for one in model.texts_of(read, "to")] == wanted
    assert len(wanted) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 2.5}, "n: found 2.5"),
        ({"n": True}, "n: found True"),
        ({"n": 0}, "n: found 0"),
        ({"temprature": 0}, "temprature: .* did you mean 'temperature'"),
        ({"banned": "to"}, "banned: found 'to'; a list of tokens"),
        ({"required": 3}, "required: found 3; a list of tokens"),
    ],
    ids=str,
)
def test_what_it_cannot_be_told(model, given, said):
    for write in (model.generate, model.search):
        with pytest.raises(ArgumentError, match=said):
            write("to", **given)
    session = model.session()
    with pytest.raises(ArgumentError):
        session.write(**given)
    assert session.tokens_read == 0


def test_a_session_streams_one_text_at_a_time(model):
    session = model.session()
    session.read("to be")
    stream = session.stream(max_length=5)
    next(stream)
    session.read(" or")
    with pytest.raises(ArgumentError, match="session: has gone on"):
        list(stream)
    assert session.tokens_read == 8
    fork = session.fork()
    assert "".join(session.stream(max_length=5)) == fork.write(max_length=5).text
    assert session.tokens_read == fork.tokens_read == 13


def test_what_is_unknown_is_counted(model, ending):
    words = Generator(**FAST, codec="words", validation=None).fit(LINE * 20).model_
    found = words.generate(["to Привет 你好", "to be"], n=2, max_length=2)
    assert [[one.unknown for one in row] for row in found] == [[3, 3], [0, 0]]
    assert found[0][0].to_dict()["unknown"] == 3
    assert model.score_tokens("to я 你").unknown == 2
    assert model.session().read("я").unknown == 1
    assert ending.score_tokens("to я").unknown == 1


def test_penalties_see_the_prefix(model, tmp_path):
    """In each of several prefixes it is its own, alone and in a file."""
    prefix = "to be or not to be, "
    free = model.generate(prefix, max_length=6, temperature=0)[0].text
    bound = {"max_length": 12, "temperature": 0, "no_repeat_ngram": 3}
    alone, other = model.generate(prefix, **bound)[0].text, model.generate("q", **bound)[0].text
    runs = [(prefix + alone)[k : k + 3] for k in range(len(prefix + alone) - 2)]
    assert all(run not in runs[:k] for k, run in enumerate(runs) if k >= len(prefix) - 2)
    assert free[:3] in prefix  # what would have been written
    together = model.generate(["q", prefix], **bound)
    assert [one[0].text for one in together] == [other, alone]
    search = model.search(prefix, **bound)
    search.save(tmp_path / "search")
    read = model.load_search(tmp_path / "search")
    read.run(model.steps())
    assert model.texts_of(read, prefix)[0].text == alone
    session = model.session()
    session.read(prefix)
    assert session.write(max_length=6, temperature=0, no_repeat_ngram=3).text == free


def test_log_probabilities_are_those_of_the_score(model):
    text = model.generate("to be", **DRAWN)[0]
    said = model.score_tokens("to be" + text.text).log_probabilities[5:]
    np.testing.assert_allclose(text.log_probabilities, said, atol=1e-6)
    assert text.log_probability == pytest.approx(said.sum(), abs=1e-4)
    assert text.tokens == tuple(text.text)
    assert json.loads(json.dumps(text.to_dict()))["ended"] == "bound"


def test_a_long_prefix_is_read_as_the_score_reads_it(model):
    prefix = LINE * 20
    text = model.generate(prefix, max_length=4, temperature=0)[0]
    said = model.score_tokens(prefix + text.text).log_probabilities[len(prefix) :]
    np.testing.assert_allclose(text.log_probabilities, said, atol=1e-6)


def test_specials_and_the_unknown_are_never_written(model):
    texts = model.generate("", n=40, max_length=20, temperature=3.0)
    assert not any("<" in one.text for one in texts)


def test_where_texts_end_is_learnt_of_several(ending):
    texts = ending.generate("to be é", n=20, max_length=60, temperature=0.7)
    assert {one.ended for one in texts} == {"eos"}
    assert all(len(one.log_probabilities) == len(one.tokens) + 1 for one in texts)


def test_constraints(model):
    found = model.generate("", expression="(to|be) (or|not)", max_length=8)[0]
    assert found.text in ("to or", "to not", "be or", "be not")
    assert found.ended == "match"
    assert model.generate("to be", stop=["t t"], max_length=200, temperature=0.3)[0].text.endswith(
        "t t"
    )
    banned = model.generate("to be", banned=["o", "e"], max_length=40)[0].text
    assert not {*banned} & {"o", "e"}
    assert "q" in model.generate("to be", required=["q"], max_length=5)[0].text


def test_words_have_spaces_between_them():
    model = Generator(**FAST, codec="words", validation=None).fit(LINE * 20).model_
    first = model.generate("", max_length=4, temperature=0)[0].text
    assert first == " ".join(first.split())
    assert model.generate("to", max_length=2, temperature=0)[0].text.startswith(" ")
    assert "".join(model.stream("", max_length=4, temperature=0)) == first
    with pytest.raises(ArgumentError, match="expression: given, and the model writes words"):
        model.generate("", expression="a+")
    assert model.generate("never seen", max_length=1)[0].tokens


def test_characters_come_whole_from_bytes():
    pytest.importorskip("tokenizers")
    given = {**FAST, "codec": "subwords", "vocabulary": 280, "validation": None}
    model = Generator(**given).fit("日本語 é ü " * 60).model_
    parts = list(model.stream("", max_length=60, seed=2))
    text = model.generate("", max_length=60, seed=2)[0].text
    assert "".join(parts) == text


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"prefix": "to é be"}, DataError, "prefix, place 4: 'é', which the model has never seen"),
        ({"n": 0}, ArgumentError, "n: found 0"),
        ({"n": 2, "beam_size": 2}, ArgumentError, "n: 2 with a beam"),
        ({"temperature": float("nan")}, ArgumentError, "temperature"),
        ({"temperature": -1.0}, ArgumentError, "temperature"),
        ({"max_length": 0}, ArgumentError, "max_length"),
        ({"banned": ["to"]}, ArgumentError, "'to' is 2 tokens"),
        ({"required": ["é"]}, ArgumentError, "'é' is unknown"),
        ({"required": ["q"], "banned": ["q"]}, ArgumentError, "banned"),
        ({"expression": "é+"}, ArgumentError, "expression"),
        ({"prefix": 3}, ShapeError, "prefix"),
    ],
)
def test_what_it_refuses_before_the_first_token(model, given, error, said):
    with pytest.raises(error, match=said):
        model.generate(given.pop("prefix", ""), **given)


def test_a_session_goes_on_from_what_was_read(model, tmp_path):
    session = model.session()
    said = [session.read(part).log_probabilities for part in (LINE[:10], "", LINE[10:])]
    np.testing.assert_allclose(
        np.concatenate(said), model.score_tokens(LINE).log_probabilities, atol=1e-6
    )
    fork = session.fork()
    wanted = model.generate(LINE, **DRAWN)[0].text
    assert session.write(**DRAWN).text == wanted
    assert "".join(fork.stream(SearchOptions(**DRAWN))) == wanted
    assert session.tokens_read == fork.tokens_read == len(LINE) + 30
    session.save(tmp_path / "session")
    other = model.session().load(tmp_path / "session")
    assert other.write(max_length=9, seed=1).text == session.write(max_length=9, seed=1).text


def test_a_session_of_another_model_or_cut_short_changes_nothing(model, ending, tmp_path):
    session = model.session()
    session.read("to be")
    ending.session().save(tmp_path / "other")
    session.save(tmp_path / "own")
    (tmp_path / "short").write_bytes((tmp_path / "own").read_bytes()[:-9])
    before = session.fork().write(max_length=5, seed=1).text
    for name, said in (("other", "another model"), ("short", "short"), ("none", "no such file")):
        with pytest.raises(BundleError, match=said):
            session.load(tmp_path / name)
    assert session.fork().write(max_length=5, seed=1).text == before
    with pytest.raises(ArgumentError):
        session.write(max_length=-1)
    assert session.fork().write(max_length=5, seed=1).text == before


@pytest.mark.parametrize("given", [{"n": 10**9}, {"beam_size": 10**9}, {"n_best": 10**9}])
def test_what_no_memory_holds_is_refused_before_it_is_asked_for(model, given):
    tracemalloc.start()
    try:
        with pytest.raises(ArgumentError, match="found 1000000000; a whole number of at most"):
            model.generate("to be", **given)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
