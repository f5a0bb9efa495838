"""What a translator writes: one answer a source, the same in any batch, nothing lost in silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman import Translator
from elman.decoding import Answer, SearchOptions
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.runtime.translating.terminology import Keeping, Place, Term, Terminology, keep_terms
from elman.runtime.translator import TranslatorModel, counted_notes
from elman.transforms.text import fit_codec
from tests.tasks.toy_pairs import ENGLISH, SMALL, fitted, toy_pairs

KINDS = {
    "words": {},
    "subwords": {"codec": "subwords", "vocabulary": 290},
    "characters, without attention": {"codec": "characters", "attention": None},
    "fed": {"feeding": True, "layers": 2},
    "both directions": {"bidirectional": True, "attention": "additive", "cell": "gru"},
}


@pytest.fixture(scope="module", params=KINDS)
def any_model(request):
    return fitted(**{"epochs": 4, **KINDS[request.param]}).model_


@pytest.fixture(scope="module")
def model():
    return fitted().model_


@pytest.fixture(scope="module")
def letters():
    return fitted(codec="characters", epochs=25).model_


@pytest.mark.parametrize("beam_size", [1, 5])
def test_a_batch_of_64_is_64_alone_to_the_bit(any_model, beam_size):
    texts = toy_pairs(64, seed=11, most=9)[0]
    together = any_model.translate(texts, beam_size=beam_size, attention=True)
    for text, one in zip(texts, together, strict=True):
        alone = any_model.translate(text, beam_size=beam_size, attention=True)
        assert (alone.text, alone.ended) == (one.text, one.ended)
        np.testing.assert_array_equal(alone.log_probabilities, one.log_probabilities)
        if any_model.attends:
            np.testing.assert_array_equal(alone.attention, one.attention)


def test_draws_do_not_depend_on_the_batch_either(any_model):
    texts = toy_pairs(12, seed=11)[0]
    drawn = {"temperature": 1.5, "seed": 3}
    together = any_model.translate(texts, **drawn)
    assert [any_model.translate(text, **drawn).text for text in texts] == [
        one.text for one in together
    ]
    assert [one.text for one in any_model.translate(texts, temperature=1.5, seed=4)] != [
        one.text for one in together
    ]


def test_rows_of_attention_sum_to_one_over_what_was_read(any_model):
    if not any_model.attends:
        assert any_model.translate("one two", attention=True).attention is None
        return
    for one in any_model.translate(["one two three", "six"], attention=True, beam_size=3):
        ended = one.ended == "eos"
        assert one.attention.shape == (len(one.tokens) + ended, len(one.source_tokens))
        assert one.attention.shape[0] == len(one.log_probabilities)
        np.testing.assert_allclose(one.attention.sum(axis=1), 1, atol=1e-6)
        assert (one.attention >= 0).all()


def test_what_was_written_has_the_score_that_it_has_as_a_given_pair(any_model):
    texts = toy_pairs(20, seed=5)[0]
    found = [one for one in any_model.translate(texts, beam_size=3) if one.ended == "eos"]
    scored = any_model.score_pairs([one.source for one in found], [one.text for one in found])
    assert found
    for one, again in zip(found, scored, strict=True):
        assert again.tokens[-1] == "<eos>"
        if any_model.codec.kind != "subwords":  # a text may be written by other pieces
            np.testing.assert_allclose(again.log_probabilities, one.log_probabilities, atol=1e-5)


def test_n_best_are_in_order_and_the_first_is_the_answer(model):
    best = model.translate("one two three", n_best=3, length_penalty=0.0)
    assert len({one.text for one in best}) == 3
    assert best[0].text == model.translate("one two three").text == "trois deux un"
    assert [one.log_probability for one in best] == sorted(
        (one.log_probability for one in best), reverse=True
    )
    assert [len(each) for each in model.translate(["one", ""], n_best=3)] == [3, 3]


def test_one_source_has_one_answer_whatever_it_is(model):
    texts = ["one", "", "  \t", "日本", "two\nthree", "one " * 500, "six"]
    found = model.translate(texts)
    assert [one.source for one in found] == texts
    assert [one.ended for one in found[1:4]] == ["empty", "empty", "unknown"]
    assert [one.text for one in found[:4]] == ["un", "", "", "日本"]
    assert found[6].text == model.translate("six").text
    assert found[5].notes[0].startswith(f"cut after {model.longest[0]} tokens: it has 500 tokens")
    assert "handed on as it is" in found[3].notes[0]
    notes = counted_notes(found)
    assert notes[:2] == [
        "empty answers to 2 empty sources",
        "handed on as they are, without a known token: 1 source",
    ]
    assert notes[-1] == "cut at the bound: 1 source"
    with pytest.raises(DataError, match=r"texts\[5\]: 500 tokens, and the model reads at most"):
        model.translate(texts, long="refuse")
    with pytest.raises(ArgumentError, match="long: found 'skip'"):
        model.translate(texts, long="skip")
    assert model.translate([]) == []


def test_an_answer_is_never_empty_where_something_is_read(any_model):
    texts = toy_pairs(30, seed=2)[0]
    for options in ({}, {"beam_size": 1}, {"temperature": 2.0}):
        assert all(one.text.strip() for one in any_model.translate(texts, **options))


def test_an_answer_that_does_not_end_says_so(model):
    found = model.translate("one two three four", max_length=2)
    assert (found.ended, len(found.tokens)) == ("bound", 2)
    assert found.notes == ("not ended after 2 tokens, the most that are written",)


def test_unknown_words_are_replaced_by_what_was_looked_at(model):
    """They are handed on, never as <unk>, and never is it the end of the source."""
    found = model.translate(["one Paris", "Rome two", "Paris three Rome"], beam_size=1)
    for one in found:
        assert "<unk>" not in one.text
    forced = model.translate("Paris", options=SearchOptions(temperature=0, max_length=9))
    assert forced.text == "Paris"  # nothing of it is known
    unknown = model.codec.unknown
    asked = model.translate("six Paris", allowed=lambda ids: [unknown if not ids else 2])
    assert asked.tokens[0] in ("six", "Paris")
    assert asked.text == asked.tokens[0]
    assert asked.notes[0].startswith("1 unknown word replaced by what it looked at most: ")


def test_without_attention_and_in_subwords_nothing_unknown_is_written():
    plain = fitted(attention=None, epochs=1).model_
    assert all("<unk>" not in one.text for one in plain.translate(["one Paris", "Rome six"]))
    bytewise = fitted(codec="subwords", vocabulary=290, epochs=1).model_
    found = bytewise.translate("日本 ☃")
    assert found.ended != "unknown"  # every text is known
    assert bytewise.source_codec.unknown not in bytewise.source_codec.encode("日本 ☃")


def test_what_is_forced_comes_first(model, letters):
    assert model.translate("one two", force="huit").text.startswith("huit ")
    assert letters.translate("one two", force="hu").text.startswith("hu")
    both = model.translate(["one", "two"], force=["", "sept"])
    assert (both[0].text, both[1].tokens[0]) == ("un", "sept")
    with pytest.raises(ArgumentError, match="force: 'Rome' has unknown tokens"):
        model.translate("one", force="Rome")
    with pytest.raises(ArgumentError, match="force: found 1 for 2 sources"):
        model.translate(["one", "two"], force=["huit"])
    with pytest.raises(ArgumentError, match=r"force\[1\]: 'Rome' has unknown tokens"):
        model.translate(["one", "two"], force=["huit", "Rome"])
    for given in (5, ["huit", 5]):
        with pytest.raises(ArgumentError, match=r"force: found .*a text, or a list of texts"):
            model.translate(["one", "two"], force=given)


def test_what_is_no_list_of_texts_or_no_option_is_refused(model):
    for given in (5, None):
        with pytest.raises(ShapeError, match=f"texts: found {given}"):
            model.translate(given)
    assert model.translate([]) == []
    for given in (5, "un"):
        with pytest.raises(ArgumentError, match=r"banned: found .*a list of tokens"):
            model.translate("one", banned=given)
    with pytest.raises(
        ArgumentError, match="nope: is nothing that writing is told; one of max_len"
    ):
        model.translate("one", nope=1)


def test_a_long_source_is_cut_and_told_whatever_becomes_of_it(model):
    most = model.longest[0]
    (found,) = model.translate(["Rome " * (most + 1)])
    assert found.ended == "unknown"
    assert found.notes[0].startswith(f"cut after {most} tokens")
    with pytest.raises(DataError, match=r"texts\[1\]: .* tokens, and the model reads at most"):
        model.score_pairs(["one", "one " * (most + 1)], ["un", "un"], long="refuse")
    scored = model.score_pairs(["one", "two"], ["un Rome Rome", "deux"])
    assert [one.unknown for one in scored] == [2, 0]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_terms_are_kept_in_every_codec(model, letters, tmp_path, beam_size):
    path = tmp_path / "terms.tsv"
    path.write_text("two\thuit\n\nthree four\tsix sept\n", "utf-8")
    for one in (model, letters):
        found = one.translate(
            ["one two one", "five", "three four two two", "twofold", "three"],
            terminology=path,
            beam_size=beam_size,
        )
        assert "huit" in found[0].text.split()
        assert found[1].text == "cinq"
        assert found[2].text.split().count("huit") >= 2
        assert "six sept" in found[2].text
        assert "huit" not in found[3].text.split()
        assert found[4].text == "trois"
        assert all(each.notes == () for each in found[:3])
        alone = one.translate("three four two two", terminology=path, beam_size=beam_size)
        assert alone.text == found[2].text
        assert alone.log_probability == found[2].log_probability


def test_a_term_that_is_written_anyway_changes_nothing(model, tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text("two\tdeux\n", "utf-8")
    plain = model.translate("one two three")
    kept = model.translate("one two three", terminology=path)
    assert kept.text == plain.text
    np.testing.assert_array_equal(kept.log_probabilities, plain.log_probabilities)


def test_terms_may_be_given_as_pairs(model):
    found = model.translate("one two", terminology=[("two", "huit"), ("two", "huit")])
    assert "huit" in found.text.split()
    for given in (5, {"two": "huit"}, [("two",)], ["ab"], [("two", " ")], [("two", 5)], [5]):
        with pytest.raises(ArgumentError, match=r"terminology.*: found .*; a file, or pairs of"):
            model.translate("one", terminology=given)
    with pytest.raises(DataError, match="pair 2: 'two' has another translation than on pair 1"):
        model.translate("one", terminology=[("two", "huit"), ("two", "sept")])


def test_terms_and_placeholders_that_overlap_are_kept_once():
    terms = (Term("name", "Nom"), Term("Hello {user}", "Salut {user}"), Term("%s", "Wert"))
    told = Terminology(terms, placeholders=True)
    for text, kept in (
        ("my {name}", ["{name}"]),  # nothing within a placeholder is a term
        ("Hello {user} {user}", ["Salut {user}", "{user}"]),
        ("name %s", ["Nom", "Wert"]),
    ):
        assert [one.term.target for one in told.of(text)] == kept


def test_a_term_is_found_behind_bytes_that_are_no_text():
    codec = fit_codec(["ab"], "subwords", size=None)
    odd = codec.encode("é")[:1]  # the first of its two bytes
    for tokens in ([*odd, *codec.encode(" ab")], [*codec.encode("ab "), *odd]):
        tokens = np.array(tokens)
        answer = Answer(tokens, np.zeros(len(tokens)), 0.0, 0.0, "eos")

        def never(*_):
            raise AssertionError("it stands there")

        keeping = Keeping(codec, never, never, 20)
        kept = keep_terms(answer, [Place(Term("x", "ab"), 0, 1)], keeping)
        assert kept == (answer, ())


def test_bytes_that_are_no_text_are_told():
    source, target = toy_pairs(60)
    made = {**SMALL, "codec": "subwords", "vocabulary": 270, "epochs": 1}
    model = Translator(**made).fit(source, target).model_
    found = model.translate("one", allowed=_broken(model.codec), max_length=2)
    assert found.text == "\ufffd\ufffd"
    assert found.notes[0] == "2 places that are no UTF-8 written as U+FFFD"
    size = len(model.codec.encode("\ufffd"))
    whole = model.translate("one", force="\ufffd", max_length=size)
    assert whole.text == "\ufffd"
    assert not any("UTF-8" in one for one in whole.notes)


def _broken(codec):
    """Lets the first of a sign's two bytes be written only."""
    (first, _) = codec.encode("é").tolist()
    return lambda _: [first]


def test_a_term_beyond_the_bound_is_told(model, tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text("two\thuit huit huit\n", "utf-8")
    found = model.translate("one two", terminology=path, max_length=2)
    assert "the translation 'huit huit huit' of a term could not be written" in found.notes


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ("two\thuit\nthree\tRome\n", DataError, r"terms.tsv, line 2: 'Rome' cannot be written: 'R"),
        ("two huit\n", DataError, r"terms.tsv, line 1: found 'two huit'"),
        ("two\t\n", DataError, "line 1: found"),
        ("two\ta\tb\n", DataError, "line 1: found"),
        ("two\thuit\ntwo\tsept\n", DataError, r"line 2: 'two' has another .* than on line 1"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused_with_their_line(
    model, tmp_path, content, error, said
):
    (tmp_path / "terms.tsv").write_text(content, "utf-8")
    with pytest.raises(error, match=said):
        model.translate("one", terminology=tmp_path / "terms.tsv")


def test_placeholders_are_kept():
    source, target = toy_pairs(200)
    names = ["{name}", "<b>", "%s", "{0}"]
    source += [f"{text} {names[k % 4]}" for k, text in enumerate(source)]
    target += [f"{names[k % 4]} {text}" for k, text in enumerate(target)]
    model = Translator(**{**SMALL, "codec": "characters", "epochs": 2}).fit(source, target).model_
    texts = ["one {0} %s", "<b> two", "six {zz}"]
    found = model.translate(texts, placeholders=True, beam_size=1)
    assert "{0}" in found[0].text
    assert "%s" in found[0].text.split("{0}")[1]
    assert "<b>" in found[1].text
    assert found[2].notes[-1] == "the translation '{zz}' of a term could not be written"


def test_pairs_have_the_same_scores_alone_and_beside_others(any_model):
    source, target = toy_pairs(30, seed=4, most=8)
    together = any_model.score_pairs(source, target)
    for text, right, one in zip(source, target, together, strict=True):
        (alone,) = any_model.score_pairs([text], [right])
        np.testing.assert_array_equal(alone.log_probabilities, one.log_probabilities)
    (nothing,) = any_model.score_pairs([" "], ["un"])
    assert np.isnan(nothing.log_probabilities).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("longest", [3]),
        ("longest", [3, -1]),
        ("longest", "ab"),
        ("held_out", {"digest": "a"}),
        ("held_out", {"digest": "a", "share": "b", "seed": 0}),
        ("source_codec", "another"),
    ],
)
def test_a_file_that_says_something_else_is_refused(model, name, value):
    settings = {**model.bundle.settings, name: value}
    with pytest.raises(BundleError, match=name):
        TranslatorModel(replace(model.bundle, settings=settings))


def test_options_are_checked(model):
    with pytest.raises(ArgumentError, match="required: is no option"):
        model.translate("one", required=["un"])
    with pytest.raises(ArgumentError, match="banned: found 'Rome'"):
        model.translate("one", banned=["Rome"])
    assert "un" not in model.translate("one", banned=["un"]).tokens
    with pytest.raises(ArgumentError, match="expression: given, and the model writes words"):
        model.translate("one", expression="un")
    with pytest.raises(ArgumentError, match="n_best"):
        model.translate("one", beam_size=1, n_best=2)
    with pytest.raises(DataError, match=r"texts\[1\]: found 3"):
        model.translate(["one", 3])


def test_the_words_of_the_toy_are_known(model):
    assert set(ENGLISH) < set(model.source_codec.tokens)
    told = model.facts()
    assert told["reads"].startswith(f"texts of at most {model.longest[0]} tokens")
