"""Tokens that are written without being asked for one by one: the bits of those that are."""

from __future__ import annotations

import numpy as np
import pytest

from elman.blueprint import Blueprint, Dense, Embedding, Recurrent
from elman.decoding import Constraints, Search, SearchOptions
from elman.errors import ArgumentError
from elman.runtime import Network
from elman.runtime.writing.stepping import Steps
from tests.runtime.network.test_stepping import CELLS

SIZE = 41
BLUEPRINT = Blueprint(
    "sequence_to_sequence",
    None,
    {"body": (Embedding(SIZE, 6), Recurrent(CELLS), Dense(SIZE))},
)
_DRAWS = np.random.default_rng(0)
WEIGHTS = {name: _DRAWS.normal(size=shape) / 2 for name, shape in BLUEPRINT.shapes().items()}
NETWORK = Network(BLUEPRINT, WEIGHTS)


class Asked:
    """The same step function, which is asked for each token."""

    def __init__(self, network=NETWORK) -> None:
        self._steps = Steps(network)
        self.state = self._steps.state

    def __call__(self, tokens, state):
        return self._steps(tokens, state)


class Counted(Steps):
    """A step function that counts how often it wrote by itself."""

    drafts = 0

    def draft(self, *given):
        found = super().draft(*given)
        self.drafts += found is not None
        return found


def search_of(steps, rows=5, **options) -> Search:
    banned = options.pop("banned", ())
    given = SearchOptions(**{"max_length": 150, "seed": 3, **options})
    state = steps.state(NETWORK.initial_state(rows))
    return Search(state, go=1, eos=0, options=given, constraints=Constraints(banned=list(banned)))


def written(search):
    return [
        (one.tokens.tolist(), one.log_probabilities.tolist(), one.ended)
        for row in search.answers()
        for one in row
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.7},
        {"temperature": 3.0, "banned": (4, 7)},
        {"temperature": 0},
        {"temperature": 0, "banned": range(2, 30)},
        {"banned": range(2, 41)},
    ],
    ids=str,
)
def test_the_same_tokens_and_bits_as_one_by_one(options):
    steps = Counted(NETWORK)
    ours, theirs = search_of(steps, **options), search_of(Asked(), **options)
    ours.run(steps)
    theirs.run(Asked())
    assert written(ours) == written(theirs)
    assert steps.drafts > 0
    assert (
        len({len(tokens) for tokens, _, _ in written(ours)}) > 1 or options.get("temperature") == 0
    )


def test_a_row_alone_and_after_a_pause(tmp_path):
    steps = Steps(NETWORK)
    whole = search_of(steps, rows=3)
    whole.run(steps)
    paused = search_of(steps, rows=3)
    for _ in range(5):
        paused.advance(steps)
    paused.save(tmp_path / "search")
    later = Search.load(tmp_path / "search", like=steps.state(NETWORK.initial_state(3)))
    later.run(Steps(NETWORK))
    assert written(later) == written(whole)
    alone = search_of(steps, rows=1)
    alone.run(steps)
    assert written(alone) == written(whole)[:1]


@pytest.mark.parametrize(
    "options", [{"top_k": 5}, {"top_p": 0.9}, {"typical_p": 0.9}, {"min_p": 0.1}, {"beam_size": 3},
                {"repetition_penalty": 1.2}, {"no_repeat_ngram": 2}, {"min_length": 4}], ids=str
)  # fmt: skip
def test_whatever_else_is_asked_for_is_asked_token_by_token(options):
    steps = Counted(NETWORK)
    search_of(steps, **options).run(steps)
    assert steps.drafts == 0


def test_where_nothing_is_allowed_the_search_says_so():
    steps = Counted(NETWORK)
    search = search_of(steps, rows=2, banned=range(SIZE))
    search.run(steps)
    assert [ended for _, _, ended in written(search)] == ["nothing allowed"] * 2


def test_scores_that_are_not_finite_are_found_at_their_token():
    weights = {name: array.copy() for name, array in WEIGHTS.items()}
    weights["body.0.weight"][9] = np.nan  # where it is read, nothing can be said
    broken = Network(BLUEPRINT, weights)
    left = []
    for steps in (Counted(broken), Asked(broken)):
        search = search_of(steps, rows=1)
        with pytest.raises(ArgumentError, match="NaN or infinite"):
            search.run(steps)
        left.append(written(search))
    assert left[0] == left[1]
    assert left[0][0][0][-1] == 9
