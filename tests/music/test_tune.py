from __future__ import annotations

from fractions import Fraction

import pytest

from elman.errors import ArgumentError
from elman.music import Bar, Key, Melody, Metre, Note, read_tune
from elman.music.tune import joined_bars

EIGHTH = Fraction(1, 8)


def pitches(text, repeats=True):
    return [note.pitch for note in read_tune(f"M:2/4\nL:1/8\nK:C\n{text}").melody.sounding(repeats)]


C, D, E, F = 60, 62, 64, 65


@pytest.mark.parametrize(
    ("text", "played"),
    [
        ("CD|E2|", [C, D, E]),
        ("|:CD|E2:|", [C, D, E, C, D, E]),
        ("CD|E2:|F2|", [C, D, E, C, D, E, F]),
        ("CD::EF:|", [C, D, C, D, E, F, E, F]),
        ("C2|1D2:|2E2||F2|", [C, D, C, E, F]),
        ("|:C2|[1D2:|[2E2|]", [C, D, C, E]),
        ("|:C2|[1D2:|[2E2:|[3F2|]", [C, D, C, E, C, F]),
        ("C|:D|E:|", [C, D, E, D, E]),
        ("|:C2|[1D2:|", [C, D, C]),
    ],
)
def test_repeats_are_played(text, played):
    assert pitches(text) == played


def test_without_repeats_each_note_is_there_once():
    assert pitches("|:CD|E2:|", repeats=False) == [C, D, E]


def test_held_and_repeated_notes_are_told_apart():
    def notes(text):
        found = read_tune(f"M:4/4\nL:1/8\nK:C\n{text}").melody.sounding()
        return [(one.pitch, one.start, one.duration) for one in found]

    assert notes("C4|") == notes("C2-C2|") == [(C, 0, Fraction(1, 2))]
    assert notes("C2C2|") == [(C, 0, Fraction(1, 4)), (C, Fraction(1, 4), Fraction(1, 4))]
    assert notes("C2-|C2|") == [(C, 0, Fraction(1, 2))]
    assert notes("C2z2C2|")[1][1] == Fraction(1, 2)


def test_bars_between_plain_bar_lines_are_counted():
    tune = read_tune("M:2/4\nL:1/8\nK:C\nC|CDEF|CDE|CDEFG|CDEF:|CD||C4|]").melody
    assert tune.filled() == (1, 3)
    assert read_tune("M:2/4\nL:1/8\nK:C\nCDEF").melody.filled().share is None
    assert read_tune("M:none\nL:1/8\nK:C\nCD|EF|").melody.filled().bars == 0
    changed = read_tune("M:2/4\nL:1/8\nK:C\nC4|D4|[M:3/4]C6|D6|").melody
    assert changed.filled() == (3, 3)


def test_what_is_moved_keeps_its_intervals_and_its_key_goes_along():
    tune = read_tune('M:2/4\nL:1/8\nK:G\n"D7/F#"GABc|', chords=True).melody
    moved = tune.moved(5)
    assert moved.key == Key("C")
    before, after = tune.sounding(), moved.sounding()
    assert [b.pitch - a.pitch for a, b in zip(before, after, strict=True)] == [5] * 4
    symbol = moved.events[2]
    assert (symbol.root, symbol.kind, symbol.bass) == (7, "7", 11)
    with pytest.raises(ArgumentError, match="0…127"):
        tune.moved(90)


def test_bar_lines_side_by_side_are_one():
    assert joined_bars(Bar("|"), Bar("||")) == Bar("||")
    assert joined_bars(Bar("|"), Bar("|:")) == Bar("|:")
    assert joined_bars(Bar(":|"), Bar("|:")) == Bar("::")
    assert joined_bars(Bar("::"), Bar("|")) == Bar("::")


@pytest.mark.parametrize(("beats", "unit"), [(-1, 4), (4, 3), (65, 4), (4, 128)])
def test_what_is_no_metre_is_refused(beats, unit):
    with pytest.raises(ArgumentError, match="metre"):
        Metre(beats, unit)


def test_a_tune_knows_its_beginning():
    tune = Melody((Metre(3, 4), Key("D"), Note(62, EIGHTH), Note(None, EIGHTH)))
    assert (tune.metre, tune.key, tune.notes) == (Metre(3, 4), Key("D"), 1)
    assert tune.duration == Fraction(1, 4)
    assert Melody(()).key == Key("C")
