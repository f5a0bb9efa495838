"""What options may be, and which contradict each other."""

import numpy as np
import pytest

from elman.decoding import Search, SearchOptions
from elman.errors import ArgumentError
from elman.parameters import told


@pytest.mark.parametrize(
    "options",
    [
        {"max_length": 0},
        {"max_length": 2.5},
        {"min_length": -1},
        {"temperature": np.nan},
        {"temperature": -1e-9},
        {"temperature": np.inf},
        {"temperature": "1"},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"top_p": np.nan},
        {"min_p": 1.0},
        {"min_p": -0.1},
        {"typical_p": 0},
        {"typical_p": 2},
        {"repetition_penalty": 0},
        {"repetition_penalty": np.inf},
        {"no_repeat_ngram": 0},
        {"beam_size": 0},
        {"beam_size": 10**9},
        {"n_best": 10**9},
        {"length_penalty": -0.5},
        {"n_best": 0},
        {"seed": -1},
        {"seed": True},
    ],
    ids=str,
)
def test_ranges(options):
    with pytest.raises(ArgumentError, match=f"^{next(iter(options))}: found"):
        SearchOptions(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_length": 9, "max_length": 8}, "min_length: found 9, above max_length = 8"),
        ({"beam_size": 2, "temperature": 0.5}, "temperature: found 0.5 with beam_size = 2"),
        ({"n_best": 3, "beam_size": 2}, "n_best: found 3 with beam_size = 2"),
        ({"n_best": 2}, "more rows"),
    ],
)
def test_contradictions(options, words):
    with pytest.raises(ArgumentError, match=words):
        SearchOptions(**options)


def test_every_option_has_its_help_and_goes_into_a_file():
    known = told(SearchOptions)
    options = SearchOptions(beam_size=3, n_best=2, length_penalty=0.5)
    assert known.keys() == options.to_dict().keys()
    assert all(one.text and one.kind is not None for one in known.values())
    assert SearchOptions.from_dict(options.to_dict()) == options
    with pytest.raises(ArgumentError, match="top_q: is no option"):
        SearchOptions.from_dict({"top_q": 1})


def test_what_is_greedy():
    assert SearchOptions(temperature=0).greedy
    assert SearchOptions(beam_size=2).greedy
    assert not SearchOptions().greedy
    assert not SearchOptions(temperature=1e-300).greedy


@pytest.mark.parametrize("options", [{"length_penalty": 1e308}, {"repetition_penalty": 1e308}])
def test_numbers_near_the_end_of_all(small_model, options):
    chosen = SearchOptions(beam_size=3, n_best=2, max_length=6, **options)
    for row in Search(small_model(5).start(3), go=1, eos=0, options=chosen).run(small_model(5)):
        assert all(np.isfinite(one.value) and np.isfinite(one.log_probability) for one in row)
