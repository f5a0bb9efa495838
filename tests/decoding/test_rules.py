"""What must, may and must not be written; and what contradicts itself, before the first token."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding import Constraints, Search, SearchOptions
from elman.errors import ArgumentError, ShapeError
from elman.state import select

EOS, GO = 0, 1
PIECES = ["", None, "a", "b", "ab", "c", "12", "."]
WAYS = [{"temperature": 0}, {"seed": 1}, {"temperature": 3.0, "seed": 2}, {"beam_size": 3}]


@pytest.fixture(params=WAYS, ids=str)
def way(request):
    return request.param


@pytest.fixture
def model(small_model):
    return small_model(len(PIECES), seed=7)


def written(model, rows=8, pieces=PIECES, eos=EOS, told=None, **options):
    search = Search(
        model.start(rows, seed=2),
        go=GO,
        eos=eos,
        options=SearchOptions(**{"max_length": 8, **options}),
        constraints=Constraints(**(told or {})),
        pieces=pieces,
    )
    return [row[0] for row in search.run(model)]


def test_banned_tokens_are_not_written(model, way):
    for one in written(model, told={"banned": [2, 5]}, **way):
        assert not {2, 5} & set(one.tokens.tolist())
    for one in written(model, told={"banned": [EOS]}, **way):
        assert one.ended == "bound"


@pytest.mark.parametrize("length", [4, 5, 8, 30])
def test_required_tokens_are_all_written_and_the_row_ends(model, way, length):
    for one in written(model, told={"required": [5, 6, 7]}, max_length=length, **way):
        assert {5, 6, 7} <= set(one.tokens.tolist())
        assert one.unmet == ()
        if length == 4:
            assert one.ended == "eos" or len(one.tokens) == 4


def test_required_tokens_that_fill_the_bound(model, way):
    for one in written(model, told={"required": [5, 6, 7]}, max_length=3, **way):
        assert set(one.tokens.tolist()) == {5, 6, 7}
        assert one.ended == "bound"


def test_a_prefix_is_written_and_counts(model, way):
    prefix = [[2] * row for row in range(8)]
    for row, one in enumerate(written(model, told={"prefix": prefix}, **way)):
        assert one.tokens[:row].tolist() == prefix[row]
        assert len(one.log_probabilities) <= 8
    free = written(model, **{**way, "temperature": 0})
    told = {"prefix": [one.tokens.tolist()[:3] for one in free]}
    for again, one in zip(written(model, told=told, temperature=0), free, strict=True):
        if way.get("beam_size", 1) == 1:
            assert again.tokens.tolist() == one.tokens.tolist()
            assert again.log_probabilities.tolist() == one.log_probabilities.tolist()


def test_eos_waits_for_the_least_length(model, way):
    for one in written(model, min_length=6, **way):
        assert len(one.tokens) >= 6


@pytest.mark.parametrize("width", [1, 2, 3])
def test_no_run_is_written_twice(model, way, width):
    for one in written(model, max_length=30, no_repeat_ngram=width, told={"banned": [EOS]}, **way):
        tokens = one.tokens.tolist()
        runs = [tuple(tokens[k : k + width]) for k in range(len(tokens) - width + 1)]
        assert len(runs) == len(set(runs))
        assert one.ended == ("nothing allowed" if width == 1 else one.ended)


@pytest.mark.parametrize("way", [{"temperature": 0}, {"beam_size": 3}], ids=str)
@pytest.mark.parametrize(
    "penalty",
    [{"repetition_penalty": 4.0}, *({"no_repeat_ngram": width} for width in (1, 2, 3))],
    ids=str,
)
def test_penalties_see_what_was_read_before_the_search(model, penalty, way, tmp_path):
    prefixes = [[2, 3, 2, 5, 3], [5], [], [6, 6, 2]]
    told = {"banned": [EOS], "prefix": prefixes}
    options = {**penalty, **way}
    longest = 5 + max(map(len, prefixes))
    whole = written(model, rows=4, told=told, max_length=longest, **options)
    for row, prefix in enumerate(prefixes):
        state, last = select(model.start(4, seed=2), [row]), GO
        for token in prefix:
            _, state = model(np.array([last]), state)
            last = token
        search = Search(
            state,
            go=last,
            options=SearchOptions(max_length=longest - len(prefix), **options),
            constraints=Constraints(banned=[EOS]),
            context=[prefix],
        )
        search.advance(model)
        search.save(tmp_path / "search")
        for one in (Search.load(tmp_path / "search"), search.branch()):
            found = one.run(model)[0][0]
            assert found.tokens.tolist() == whole[row].tokens.tolist()[len(prefix) :]
            assert found.ended == whole[row].ended
    plain = written(model, rows=4, told=told, max_length=longest, **way)
    assert any(a.tokens.tolist() != b.tokens.tolist() for a, b in zip(plain, whole, strict=True))


def test_a_context_that_fits_nothing_is_refused(model):
    for context, found in [([[1]], "found 1 for 2 rows"), ([[1], [-1]], r"context\[1\]")]:
        with pytest.raises(ShapeError, match=found):
            Search(model.start(2), go=GO, context=context)
    options = SearchOptions(repetition_penalty=2.0)
    search = Search(model.start(1), go=GO, context=[[99]], options=options)
    with pytest.raises(ArgumentError, match=r"context\[0\]: found token 99 of 8"):
        search.advance(model)


def test_repetitions_are_made_less_likely():
    step = lambda t, s: (np.tile(np.log([0.5, 0.3, 0.2]), (len(t), 1)), s)  # noqa: E731

    def tokens(penalty):
        options = SearchOptions(max_length=3, temperature=0, repetition_penalty=penalty)
        (one,) = Search(np.zeros((1, 1)), go=0, options=options).run(step)[0]
        np.testing.assert_allclose(one.log_probability, one.log_probabilities.sum())
        np.testing.assert_allclose(
            one.log_probabilities, np.log([0.5, 0.3, 0.2])[one.tokens], rtol=1e-12
        )
        return one.tokens.tolist()

    assert tokens(1.0) == [0, 0, 0]
    assert tokens(1.8) == [0, 1, 0]  # 0.5 ** 1.8 is 0.287, and 0.3 ** 1.8 is 0.115
    assert tokens(9.0) == [0, 1, 2]
    assert tokens(0.1) == [0, 0, 0]


def test_the_texts_of_an_expression_match_it(model, way):
    for expression in ["(ab)+", "a*b?c", r"\d{2,4}\.", "[^c.]{3}|c", "(a|b|c){8}"]:
        for one in written(model, told={"expression": expression}, **way):
            assert re.fullmatch(expression, one.text), (expression, one)
            assert one.unmet == ()
        for one in written(model, told={"expression": expression}, eos=None, **way):
            assert re.fullmatch(expression, one.text), (expression, one)


def test_an_expression_and_what_is_required_are_met_together(model, way):
    told = {"expression": "(a|ab)*(b|c)*(12)?", "required": [4, 6, 5]}
    for one in written(model, told=told, max_length=5, **way):
        assert re.fullmatch(told["expression"], one.text)
        assert {4, 5, 6} <= set(one.tokens.tolist())
        assert one.unmet == ()
    told = {"expression": "[abc]*(12)?[ab.]*", "required": [2, 3, 4, 5, 6, 7]}
    for one in written(model, told=told, max_length=30, **way):
        assert re.fullmatch(told["expression"], one.text) or one.unmet


def test_an_expression_over_bytes_writes_whole_characters(small_model, way):
    model = small_model(256, seed=1)
    pieces = [bytes([value]) for value in range(256)]
    told = {"expression": r"\w{2}€[α-ω]"}
    for one in written(model, rows=3, pieces=pieces, eos=None, told=told, max_length=20, **way):
        assert one.ended == "match"
        assert re.fullmatch(told["expression"], one.text)


@given(st.text("abc", min_size=1, max_size=3), st.integers(0, 99), st.booleans())
def test_a_text_is_cut_past_its_first_stop_string(small_model, stop, seed, of_bytes):
    model = small_model(len(PIECES), seed=7)
    pieces = [piece if piece is None else piece.encode() for piece in PIECES]
    pieces = pieces if of_bytes else PIECES
    options = {"max_length": 30, "seed": seed, "temperature": 2.0}
    free = written(model, pieces=pieces, **options)
    for one, whole in zip(
        written(model, pieces=pieces, told={"stop": [stop, "zz"]}, **options), free, strict=True
    ):
        place = whole.text.find(stop)
        assert (one.ended == "stop") == (place >= 0)
        assert one.text == (whole.text if place < 0 else whole.text[: place + len(stop)])
        assert whole.text.startswith(one.text + one.cut)
        assert one.tokens.tolist() == whole.tokens[: len(one.tokens)].tolist()


def test_of_several_stop_strings_the_first_in_the_text_counts(model):
    told = {"stop": ["bc", "b", "abca"], "prefix": [[2, 3, 5, 2]]}
    (one,) = written(model, rows=1, told=told)
    assert (one.text, one.stop, one.cut) == ("ab", "b", "")


def test_a_stop_waits_for_what_is_required(model, way):
    told = {"stop": ["a", "b", "c"], "required": [6, 7]}
    for one in written(model, told=told, **way):
        assert {6, 7} <= set(one.tokens.tolist())
        earlier = one.tokens[:-1].tolist()
        assert one.ended != "stop" or {6, 7} <= set(earlier) or one.tokens[-1] in (6, 7)


def test_what_stopped_nothing_earlier_stops_nothing_later(model):
    told = {"stop": ["b", "ccccc"], "required": [6], "prefix": [[3, 2, 6, 2, 3, 2]]}
    (one,) = written(model, rows=1, told=told)
    assert (one.text, one.stop, one.cut) == ("ba12ab", "b", "")


def test_a_match_that_something_else_forbids_is_reported(model):
    """The last token of the expression is ruled out when it is due."""
    told = {"expression": "a{3}b", "allowed": lambda tokens: [2] if len(tokens) < 3 else [5]}
    (one,) = written(model, rows=1, told=told)
    assert (one.text, one.ended) == ("aaa", "nothing allowed")
    assert one.unmet == ("the text does not match the expression",)


def test_a_function_says_what_may_follow(model, way):
    asked = []

    def mask(tokens):
        asked.append(tokens)
        allowed = np.ones(len(PIECES), bool)
        allowed[tokens] = False
        return allowed

    for one in written(model, told={"allowed": mask}, **way):
        assert len(set(one.tokens.tolist())) == len(one.tokens)
    assert asked[0] == []
    for answer in ([0, 3], np.array([3, 0]), (3,), None, []):
        for one in written(model, told={"allowed": lambda tokens, a=answer: a}, **way):
            if answer is not None and len(answer):
                assert set(one.tokens.tolist()) <= {3}


@pytest.mark.parametrize("answer", [[99], "ab", 3, [[1]], [0.5], [True], {"a": 1}, [-1]])
def test_a_function_that_answers_something_else(model, answer):
    with pytest.raises(ArgumentError, match=r"allowed: .*return None, a mask"):
        written(model, told={"allowed": lambda tokens: answer})


NARROW = {"max_length": 3}


@pytest.mark.parametrize(
    ("told", "options", "words"),
    [
        ({"required": [3], "banned": [3]}, {}, "required: token 3 is banned, too"),
        ({"required": [EOS]}, {}, "required: found <eos>"),
        ({"required": [2, 3, 5, 6]}, NARROW, "required: 4 are left for 3 places"),
        ({"required": [99]}, {}, "required: found token 99 of 8"),
        ({"banned": [8]}, {}, "banned: found token 8 of 8"),
        ({"prefix": [[2], [3]]}, {}, "prefix: found 2 for 1 rows"),
        ({"prefix": [[2, EOS]]}, {}, r"prefix[0]: token 1 is <eos>"),
        ({"prefix": [[2, 3]], "banned": [3]}, {}, r"prefix[0]: token 1 is 3, which is banned"),
        ({"prefix": [[2] * 4]}, NARROW, r"prefix[0]: it has 4 tokens, max_length is 3"),
        ({"prefix": [[2, 3]], "required": [5, 6]}, NARROW, "2 are left for 1 places in row 0"),
        ({"prefix": [[77]]}, {}, "prefix[0]: found token 77"),
        ({"prefix": [[5]], "expression": "a+"}, {}, "prefix[0]: no text with 5 ('c')"),
        ({"expression": "x"}, {}, "no text of this vocabulary matches 'x'"),
        ({"expression": "a", "banned": [2]}, {}, "no text of this vocabulary matches 'a'"),
        ({"expression": "a{5}"}, NARROW, "a match has at least 5 tokens, max_length is 3"),
        (
            {"expression": "a{3}", "prefix": [[2]]},
            {"max_length": 2},
            "row 0: a match has at least 3",
        ),
        ({"expression": "a+", "required": [5]}, {}, "no match of the expression has token 5 ('c')"),
        ({"expression": "a+b|c+b", "required": [2, 5]}, {}, "no match of the expression has all"),
        ({"expression": "a{2,9}b?", "required": [3]}, {"max_length": 2}, "at least 3 tokens"),
        ({"expression": "a+", "required": [GO]}, {}, "no match of the expression has token 1"),
        ({"prefix": [[2, 3]], "allowed": lambda t: [2]}, {}, "prefix[0]: token 1, 3 ('b'), is not"),
        ({"stop": [""]}, {}, "stop: found ['']"),
        ({"stop": "ab"}, {}, "stop: found 'ab'"),
        ({"allowed": [1, 2]}, {}, "allowed: found [1, 2]"),
        ({"expression": "a{2,1}"}, {}, "found at least 2 and at most 1 times"),
    ],
)
def test_contradictions_are_said_before_the_first_token(model, told, options, words):
    with pytest.raises(ArgumentError, match=re.escape(words)):
        Search(
            model.start(1),
            go=GO,
            eos=EOS,
            options=SearchOptions(**options),
            constraints=Constraints(**told),
            pieces=PIECES,
        )


@pytest.mark.parametrize("name", ["banned", "required", "prefix"])
@pytest.mark.parametrize("ids", [["a"], [0.5], [-1], [[1]], 3])
def test_what_is_no_token_id(name, ids):
    with pytest.raises(ShapeError, match=name):
        Constraints(**{name: [ids] if name == "prefix" and ids != 3 else ids})


def test_constraints_about_text_need_the_tokens_texts(model):
    for told, name in (({"stop": ["a"]}, "stop"), ({"expression": "a"}, "expression")):
        with pytest.raises(ArgumentError, match=f"pieces: not given, and {name} is about text"):
            written(model, told=told, pieces=None)
    with pytest.raises(ArgumentError, match="pieces: found bytes, str"):
        written(model, told={"stop": ["a"]}, pieces=[b"a", "b"])
    with pytest.raises(ShapeError, match="pieces: found 3, and logits of 8 tokens"):
        written(model, pieces=["a", "b", "c"])
    with pytest.raises(ArgumentError, match="banned: found token 9 of 8"):
        written(model, told={"banned": [9]}, pieces=None)
