"""The search as a value: steps, pauses, branches, and what a row depends on."""

from codecs import getincrementaldecoder

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding import Constraints, Search, SearchOptions
from elman.errors import ArgumentError, ShapeError
from elman.state import RNNState, select

EOS, GO = 0, 1
PIECES = ["", None, "a", "b", "ab", "c", " ", "ba"]

WAYS = {
    "greedy": {"temperature": 0},
    "sample": {"temperature": 1.3, "seed": 4},
    "top": {"top_k": 5, "top_p": 0.9, "min_p": 0.02},
    "typical": {"typical_p": 0.8},
    "beam": {"beam_size": 3, "n_best": 3, "length_penalty": 1.0},
    "repeats": {"beam_size": 4, "n_best": 2, "no_repeat_ngram": 2, "repetition_penalty": 1.5},
    "short": {"temperature": 2.0, "min_length": 3, "max_length": 5},
}
TOLD = {
    "nothing": {},
    "required": {"banned": [3], "required": [5]},
    "expression": {"expression": "(ab|c| )*"},
    "stop": {"stop": ["bb", "c a"]},
    "prefix": {"prefix": [[2, 3], [], [4], [2, 2, 2], [], []]},
    "function": {"allowed": lambda tokens: [0, 2, 3] if len(tokens) % 2 else None},
}


def search_of(network, rows=6, way="greedy", told="nothing", seed=3, **more):
    options = SearchOptions(**{"max_length": 7, **WAYS[way]})
    state = network.start(rows, seed=seed)
    given_ = {"go": GO, "eos": EOS, "pieces": PIECES, **more}
    return Search(state, options=options, constraints=Constraints(**TOLD[told]), **given_)


def plain(answers):
    """Answers as data that can be compared to the bit."""
    return [
        [
            (
                one.tokens.tolist(),
                one.log_probabilities.tolist(),
                one.log_probability,
                one.value,
                *(one.ended, one.text, one.stop, one.cut, one.unmet),
            )
            for one in row
        ]
        for row in answers
    ]


@pytest.fixture
def model(small_model):
    return small_model(len(PIECES), seed=11)


@pytest.fixture(params=[(way, told) for way in WAYS for told in TOLD], ids="-".join)
def kind(request):
    return request.param


def test_a_row_is_the_same_alone_and_in_any_batch(model, kind):
    way, told = kind
    together = plain(search_of(model, 6, way, told).run(model))
    order = [4, 1, 5, 0, 3, 2]
    state = model.start(6, seed=3)
    constraints = dict(TOLD[told])
    for rows in (order, *([k] for k in range(6))):
        if "prefix" in constraints:
            constraints["prefix"] = [TOLD[told]["prefix"][k] for k in rows]
        part = Search(
            select(state, rows),
            go=np.full(len(rows), GO),
            eos=EOS,
            options=SearchOptions(**{"max_length": 7, **WAYS[way]}),
            constraints=Constraints(**constraints),
            pieces=PIECES,
            row_ids=np.array(rows),
        )
        assert plain(part.run(model)) == [together[k] for k in rows]


def test_a_search_that_is_saved_after_every_step_ends_as_one_that_is_not(model, kind, tmp_path):
    way, told = kind
    wanted = plain(search_of(model, 6, way, told, model="m").run(model))
    search = search_of(model, 6, way, told, model="m")
    allowed = TOLD[told].get("allowed")
    while not search.done:
        search.advance(model)
        search.save(tmp_path / "search")
        loaded = Search.load(tmp_path / "search", model="m", pieces=PIECES, allowed=allowed)
        assert plain(loaded.answers()) == plain(search.answers())
        search = loaded
    assert plain(search.answers()) == wanted


def test_branches_and_what_they_come_from_do_not_touch_each_other(model, kind):
    way, told = kind
    wanted = plain(search_of(model, 6, way, told).run(model))
    search = search_of(model, 6, way, told)
    branches = []
    while not search.done:
        branches.append(search.branch())
        search.advance(model)
    assert plain(search.answers()) == wanted
    for branch in reversed(branches):
        assert plain(branch.run(model)) == wanted


def test_a_step_that_writes_into_its_state_changes_no_branch(small_model):
    model = small_model(8, seed=2)

    def step(tokens, state):
        logits, new = model(tokens, state)
        state.hidden[:] = new.hidden
        return logits, RNNState(state.hidden.copy())

    options = SearchOptions(max_length=7, seed=4)
    start = model.start(3)
    search = Search(start, go=GO, eos=EOS, options=options)
    wanted = plain(search.branch().run(model))
    other = search.branch()
    assert plain(search.run(step)) == wanted
    np.testing.assert_array_equal(start.hidden, model.start(3).hidden)
    assert plain(other.run(model)) == wanted
    again = [search.edited(row, []) for row in range(3)]
    assert [plain(one.run(model))[row] for row, one in enumerate(again)] == wanted


def test_a_branch_with_another_seed_goes_another_way(model):
    search = search_of(model, 6, "sample")
    search.advance(model)
    begun = [row[0].tokens[:1].tolist() for row in search.answers()]
    branch = search.branch(seed=99)
    answers = branch.run(model)
    assert plain(answers) != plain(search.run(model))
    assert [row[0].tokens[:1].tolist() for row in answers] == begun
    with pytest.raises(ArgumentError, match="is no option"):
        search.branch(sead=1)
    with pytest.raises(ArgumentError, match="beam_size"):
        search.branch(beam_size=2, temperature=0)


def test_options_of_a_branch_hold_for_what_is_written_already(model):
    search = search_of(model, 6, "greedy")
    search.advance(model)
    search.advance(model)
    for row in search.branch(no_repeat_ngram=1, max_length=6).run(model):
        tokens = row[0].tokens.tolist()
        assert len(tokens[1:]) == len(set(tokens[1:]))
    with pytest.raises(ArgumentError, match="max_length"):
        search.branch(max_length=2)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("steps", [0, 2, 9])
def test_an_edited_prefix_is_as_if_it_had_been_there_from_the_start(model, way, steps):
    told = Constraints(prefix=[[], [], [3, 2], [], [], []])
    options = SearchOptions(**{"max_length": 7, **WAYS[way]})
    given_ = {"go": GO, "eos": EOS, "options": options, "pieces": PIECES}
    wanted = plain(Search(model.start(6, seed=3), constraints=told, **given_).run(model))
    search = search_of(model, 6, way)
    for _ in range(steps):
        search.advance(model)
    edited = search.edited(2, [3, 2])
    assert plain(edited.run(model)) == wanted
    assert plain(search.run(model)) == plain(search_of(model, 6, way).run(model))
    assert edited.edited(2, []).constraints.prefix[2] == []


def test_an_edit_that_the_constraints_forbid_leaves_the_search(model):
    search = search_of(model, 2, "greedy", "expression")
    with pytest.raises(ArgumentError, match="matches the expression"):
        search.edited(0, [3])
    with pytest.raises(ArgumentError, match="row"):
        search.edited(2, [])
    with pytest.raises(ShapeError, match="tokens"):
        search.edited(0, ["a"])
    assert plain(search.run(model)) == plain(search_of(model, 2, "greedy", "expression").run(model))


def test_tokens_are_told_as_they_are_written(model):
    search = search_of(model, 4, "sample")
    heard = list(search.stream(model))
    for row, (answer,) in enumerate(search.answers()):
        mine = [one for one in heard if one.row == row]
        tokens = [*answer.tokens.tolist(), *([EOS] if answer.ended == "eos" else [])]
        assert [one.token for one in mine] == tokens
        assert [one.log_probability for one in mine] == answer.log_probabilities.tolist()
        assert "".join(one.text for one in mine) == answer.text
        assert [one.ended for one in mine] == ["open"] * (len(mine) - 1) + [answer.ended]
    with pytest.raises(ArgumentError, match="known at its end"):
        next(search_of(model, 1, "beam").stream(model))


@given(st.integers(0, 10_000), st.integers(0, 9), st.sampled_from([(), ("é",), ("a€", "b")]))
def test_no_part_of_a_character_is_told(small_model, seed, steps, stop):
    """Tokens are bytes of UTF-8, one or two, that need not make characters."""
    whole = "aé€𝄞b".encode()
    pieces = [
        b"",
        *(whole[k : k + size] for size in (1, 2) for k in range(len(whole) - 1)),
        b"\xff",
    ]
    model = small_model(len(pieces), seed=seed)
    options = SearchOptions(max_length=25, temperature=2.0, seed=seed)
    told = Constraints(stop=stop, prefix=[[1, 2, 3], []])
    given_ = {"eos": EOS, "options": options, "constraints": told, "pieces": pieces}
    search = Search(model.start(2), go=GO, **given_)
    for _ in range(steps):
        search.advance(model)
    before = [b"".join(pieces[k] for k in row[0].tokens) for row in search.answers()]
    open_ = [row[0].ended == "open" for row in search.answers()]
    heard = list(search.stream(model))
    for row, (answer,) in enumerate(search.answers()):
        if open_[row]:
            begun = getincrementaldecoder("utf-8")("replace").decode(before[row])
            told_ = [one.text for one in heard if one.row == row]
            assert begun + "".join(told_) == answer.text
            content = b"".join(pieces[k] for k in answer.tokens)
            assert (answer.text + answer.cut) == content.decode("utf-8", "replace")


@given(st.integers(0, 2**63 - 1), st.integers(1, 40))
def test_a_step_that_fails_leaves_the_search_as_it_was(small_model, seed, steps):
    model = small_model(8, seed=seed % 1000)
    search = search_of(model, 3, "sample")
    wanted = plain(search.branch().run(model))

    def broken(tokens, state):
        logits, state = model(tokens, state)
        logits[-1, 3] = np.nan
        return logits, state

    for _ in range(steps % 6):
        search.advance(model)
    before = plain(search.answers())
    if not search.done:
        with pytest.raises(ArgumentError, match="NaN or infinite"):
            search.advance(broken)
    assert plain(search.answers()) == before
    assert plain(search.run(model)) == wanted


def test_a_function_that_fails_leaves_the_search_as_it_was(model):
    asked = []

    def allowed(tokens):
        asked.append(tokens)
        if len(asked) == 5:
            raise RuntimeError("not now")
        tokens.append(99)  # its own list

    told = Constraints(allowed=allowed)
    options = SearchOptions(max_length=6, temperature=0)
    search = Search(model.start(2), go=GO, eos=EOS, options=options, constraints=told)
    with pytest.raises(RuntimeError):
        search.run(model)
    wanted = Search(model.start(2), go=GO, eos=EOS, options=options)
    assert [row[0].tokens.tolist() for row in search.run(model)] == [
        row[0].tokens.tolist() for row in wanted.run(model)
    ]


def test_why_a_text_ended():
    """Row b writes 2 until it has b of them, then <eos>."""

    def step(tokens, state):
        logits = np.full((len(tokens), 5), -9.0)
        left = state.hidden[:, 0]
        logits[np.arange(len(tokens)), np.where(left > 0, 2, EOS)] = 5.0
        return logits, RNNState(state.hidden - 1)

    def answer(count, told, **options):
        state = RNNState(np.array([[float(count)]]))
        chosen = SearchOptions(**{"max_length": 4, "temperature": 0, **options})
        pieces = ["", None, "ab", "c", None]
        search = Search(
            state,
            go=GO,
            eos=EOS,
            options=chosen,
            constraints=Constraints(**told),
            pieces=pieces,
        )
        return search.run(step)[0][0]

    ended = answer(2, {})
    assert (ended.ended, ended.text, ended.finished, ended.unmet) == ("eos", "abab", True, ())
    assert len(ended.log_probabilities) == 3
    np.testing.assert_allclose(ended.log_probability, ended.log_probabilities.sum())
    bound = answer(9, {})
    assert (bound.ended, bound.text, bound.finished) == ("bound", "ab" * 4, False)
    stop = answer(9, {"stop": ["ba"]})
    assert (stop.ended, stop.text, stop.stop, stop.cut) == ("stop", "aba", "ba", "b")
    assert stop.tokens.tolist() == [2, 2]
    stuck = answer(9, {"allowed": lambda tokens: [2] if len(tokens) < 2 else []})
    assert (stuck.ended, stuck.text, stuck.finished) == ("nothing allowed", "abab", False)
    match = answer(9, {"expression": "(ab){2}", "banned": [EOS]})
    assert (match.ended, match.text, match.finished) == ("match", "abab", True)
    late = answer(0, {"required": [3]}, min_length=2)
    assert (late.ended, late.unmet) == ("eos", ())
    assert 3 in late.tokens
    assert len(late.tokens) >= 2
    unmet = answer(9, {"required": [3], "allowed": lambda tokens: [0, 2]})
    assert (unmet.ended, unmet.unmet) == ("bound", ("required token 3 ('c') is not written",))


def test_what_a_network_gives_no_probability_is_not_written_even_if_forced():
    step = lambda t, s: (np.tile([0.0, -np.inf, 1.0], (len(t), 1)), s)  # noqa: E731
    told = Constraints(prefix=[[2, 1]])
    search = Search(np.zeros((1, 1)), go=2, options=SearchOptions(max_length=5), constraints=told)
    (answer,) = search.run(step)[0]
    assert (answer.ended, answer.tokens.tolist()) == ("nothing allowed", [2])
    assert [one.ended for one in search.edited(0, [1]).stream(step)] == ["nothing allowed"]


def test_each_row_may_begin_with_a_token_of_its_own(model):
    read = []

    def step(tokens, state):
        read.append(tokens.tolist())
        return model(tokens, state)

    Search(model.start(3), go=np.array([4, 1, 2])).advance(step)
    assert read == [[4, 1, 2]]
    with pytest.raises(ShapeError, match="go"):
        Search(model.start(3), go=[4, 1])


def test_without_eos_a_text_ends_at_the_bound(model):
    answers = Search(model.start(2), go=GO, options=SearchOptions(max_length=9)).run(model)
    assert [(row[0].ended, len(row[0].tokens)) for row in answers] == [("bound", 9)] * 2
    assert answers[0][0].text is None


@pytest.mark.parametrize("rows", [1, 64])
@pytest.mark.parametrize("vocabulary", [3, 100, 2001])
def test_log_probabilities_do_not_depend_on_the_batch(rows, vocabulary):
    draw = np.random.default_rng(vocabulary)
    table = draw.normal(size=(64, vocabulary)).astype(np.float32) * 4

    def step(tokens, state):
        return table[state.hidden[:, 0].astype(int)], state

    state = RNNState(np.arange(64.0)[:, None])
    options = SearchOptions(max_length=3)
    whole = plain(Search(state, go=0, options=options).run(step))
    for start in range(0, 64, rows):
        part = RNNState(state.hidden[start : start + rows])
        ids = np.arange(start, start + rows)
        answers = Search(part, go=0, options=options, row_ids=ids).run(step)
        assert plain(answers) == whole[start : start + rows]


def test_an_empty_batch_is_done(model):
    search = Search(model.start(0), go=GO, eos=EOS)
    assert search.done
    assert search.run(model) == []
    assert search.branch().answers() == []
