"""Steps with numbers: a search over a mixture."""

from __future__ import annotations

import numpy as np
import pytest

from elman.blueprint import Blueprint, CellConfig, Mixture, Recurrent
from elman.decoding import Search, SearchOptions
from elman.decoding.values import ValueSteps
from elman.kernels.mixture import token_logits
from elman.models import build
from elman.runtime import Network

BLOCK = Mixture((("gaussian_full", 2), ("bernoulli", 1)), 4, ends=True)


@pytest.fixture(scope="module")
def network() -> Network:
    cells = Recurrent((CellConfig("gru", 9),))
    blueprint = Blueprint("sequence_to_sequence", BLOCK.values, {"body": (cells, BLOCK)})
    model = build(blueprint, seed=3)
    return Network(blueprint, {k: 2 * v.numpy() for k, v in model.state_dict().items()})


def steps(network: Network, temperature: float = 1.0, seed: int = 0) -> ValueSteps:
    return ValueSteps(network.step_inputs, BLOCK, seed, temperature)


def begun(network: Network, of: ValueSteps, ids, **given) -> tuple[Search, object]:
    state = of.state(network.initial_state(len(ids)), np.array(ids))
    options = SearchOptions(**{"max_length": 12, "min_length": 6, **given})
    return Search(
        state, go=0, eos=of.eos, options=of.options(options), row_ids=np.array(ids)
    ), state


def drawn(network: Network, ids, seed: int = 0, temperature: float = 1.0) -> list[np.ndarray]:
    of = steps(network, temperature, seed)
    search, state = begun(network, of, ids, seed=seed, temperature=temperature)
    rows = [row[0].tokens for row in search.run(of)]
    return of.written(rows, state)


def test_a_row_is_the_same_alone_and_in_any_batch(network):
    many, one = drawn(network, [0, 1, 2, 3]), drawn(network, [2])
    assert (many[2] == one[0]).all()
    assert len({row.tobytes() for row in many}) == 4
    assert (drawn(network, [2], seed=1)[0][0] != one[0][0]).any()


def test_what_was_drawn_is_what_the_network_reads(network):
    of = steps(network)
    search, state = begun(network, of, [5, 6])
    answers = [row[0] for row in search.run(of)]
    written = of.written([one.tokens for one in answers], state)
    for answer, values in zip(answers, written, strict=True):
        inputs = np.concatenate([np.zeros((1, BLOCK.values)), values])[None]
        raw = network.run(inputs)[0]
        said = token_logits(BLOCK, raw)
        chosen = [*answer.tokens, *([0] if answer.finished else [])]
        found = [said[t, token] for t, token in enumerate(chosen)]
        np.testing.assert_allclose(answer.log_probabilities, found, 1e-9, 1e-9)


def test_a_search_that_was_saved_or_branched_goes_on_as_it_would_have(network, tmp_path):
    of = steps(network)
    search, state = begun(network, of, [0, 1])
    for _ in range(4):
        search.advance(of)
    search.save(tmp_path / "drawing.search")
    other = Search.load(tmp_path / "drawing.search", like=state)
    branch, third = search.branch(), search.branch(seed=9)
    rows = [[row[0].tokens.tolist() for row in one.run(of)] for one in (search, other, branch)]
    assert rows[0] == rows[1] == rows[2]
    changed = [row[0].tokens for row in third.run(of)]
    kept = of.written([np.array(row) for row in rows[0]], state)
    for before, after in zip(kept, of.written(changed, state), strict=True):
        assert (before[:4] == after[:4]).all()


def test_without_temperature_nothing_is_drawn(network):
    first, second = drawn(network, [0, 7], temperature=0)
    assert (first == second).all()
    assert len(first)
