"""What may follow in a tune, whatever a network says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from elman.data.sets.tunes import made_up_tunes
from elman.decoding import Constraints, Search, SearchOptions
from elman.errors import ArgumentError
from elman.music import Bar, Ending, Key, Melody, Metre, Note, read_tune
from elman.runtime.writing.tunes import TuneRules, header_ids, primed
from elman.transforms.melody import MelodyCodec

TUNES = [
    *made_up_tunes(20).tunes,
    read_tune("M:4/4\nL:1/8\nK:D\n|:D4-D2 (3EFG|[1 A8:|[2 z4 B2>c2||[M:6/8][K:G]d3 e3|]").melody,
]
CODEC = MelodyCodec.of_tunes(TUNES)
EOS = CODEC.eos


def by_chance(rules, seed, most=400):
    """A tune whose every token is drawn evenly among those that are allowed."""

    def step(tokens, state):
        return np.zeros((len(tokens), len(CODEC))), state

    search = Search(
        np.zeros((1, 1)),
        go=CODEC.go,
        eos=EOS,
        options=SearchOptions(max_length=most, seed=seed),
        constraints=Constraints(allowed=rules, banned=[CODEC.unknown, CODEC.go]),
    )
    ((one,),) = search.run(step)
    return one


@pytest.mark.parametrize("seed", range(15))
def test_events_are_whole_whatever_is_drawn(seed):
    one = by_chance(TuneRules(CODEC, EOS, header_ids(CODEC, None, None)), seed)
    ended = one.ended == "eos"
    assert CODEC.broken(one.tokens) <= (0 if ended else 2)
    tune = CODEC.melody(one.tokens)
    assert isinstance(tune.events[0], Metre)
    assert isinstance(tune.events[1], Key)
    for first, second in zip(tune.events, tune.events[1:], strict=False):
        assert not (isinstance(first, Bar) and isinstance(second, Bar))
    waiting = None
    for event in tune.events:
        if isinstance(event, Note):
            assert waiting is None or event.pitch == waiting
            waiting = event.pitch if event.tied else None
    assert waiting is None or not ended


def test_bars_that_are_asked_to_be_exact_are():
    bars = 0
    for seed in range(40):
        rules = TuneRules(CODEC, EOS, header_ids(CODEC, Metre(6, 8), Key("G")), 24, exact=True)
        one = by_chance(rules, seed, most=3000)
        filled = CODEC.melody(one.tokens).filled()
        assert one.ended == "eos"
        assert filled.right == filled.bars
        bars += filled.bars
    assert bars > 5


def test_a_tune_ends_after_so_many_bars():
    for bars in (1, 5):
        rules = TuneRules(CODEC, EOS, header_ids(CODEC, None, None), bars)
        one = by_chance(rules, 3, most=3000)
        lines, sounded = 0, False
        for event in CODEC.melody(one.tokens).events:
            sounded = sounded or isinstance(event, Note)
            if isinstance(event, Bar) and sounded:
                lines, sounded = lines + 1, False
        assert lines == bars
        assert one.ended == "eos"
    with pytest.raises(ArgumentError, match="bars"):
        TuneRules(CODEC, EOS, [], 0)


def test_learnt_tunes_are_allowed_token_by_token():
    for tune in TUNES:
        rules = TuneRules(CODEC, EOS, header_ids(CODEC, None, None))
        ids = [*CODEC.ids_of(tune).tolist(), EOS]
        for k, token in enumerate(ids):
            able = rules(ids[:k])
            assert token in able if isinstance(able, list) else able[token], CODEC.tokens[token]


def test_rules_do_not_depend_on_what_was_asked_before():
    ids = CODEC.ids_of(TUNES[-1]).tolist()
    told = (CODEC, EOS, header_ids(CODEC, None, None), 9, True)
    fresh, used = TuneRules(*told), TuneRules(*told)
    for k in (40, 3, 17, 17, 5, 41):
        used(ids[:k])
    for k in range(len(ids)):
        ours, theirs = fresh(ids[:k]), TuneRules(*told)(ids[:k])
        again = used(ids[:k])
        for one in (theirs, again):
            np.testing.assert_array_equal(ours, one)


def test_a_beginning_is_what_was_asked_for():
    metre, tonic, mode = header_ids(CODEC, Metre(6, 8), Key("A", "minor"))
    assert [CODEC.tokens[one[0]] for one in (metre, tonic, mode)] == ["M:6/8", "K:A", "minor"]
    assert [len(one) for one in (metre, tonic, mode)] == [1, 1, 1]
    free = header_ids(CODEC, None, None)
    assert {CODEC.tokens[k] for k in free[0]} >= {"M:6/8", "M:4/4"}
    with pytest.raises(ArgumentError, match="13/8, which none of the tunes names"):
        header_ids(CODEC, Metre(13, 8), None)
    with pytest.raises(ArgumentError, match="key: C#, which none"):
        header_ids(CODEC, None, Key("C#"))


def test_a_primer_loses_its_end_and_its_header():
    tune = read_tune("M:2/4\nL:1/8\nK:G\nGA|B2 c2|]").melody
    found = primed(tune).events
    assert found[0] == Note(67, Fraction(1, 8))
    assert found[-1] == Bar("|")
    assert primed(Melody((Metre(4, 4), Key("C")))).events == ()
    kept = primed(read_tune("M:2/4\nL:1/8\nK:G\n|:GA|[K:D]d2|").melody).events
    assert kept[0] == Bar("|:")
    assert Key("D") in kept
    assert not any(isinstance(one, Ending) for one in kept)
