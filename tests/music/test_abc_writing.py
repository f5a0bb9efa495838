from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from elman.music import Bar, Ending, Key, Melody, Metre, Note, Symbol, read_tune, written
from elman.music.keys import MODES
from elman.music.tune import BARS

KEYS = st.sampled_from(["C", "G", "D", "A", "E", "F", "Bb", "Eb", "Ab"]).flatmap(
    lambda tonic: st.sampled_from([Key(tonic), Key("D", "dorian"), Key("E", "minor")])
)
DURATIONS = st.sampled_from([Fraction(1, n) for n in (1, 2, 4, 8, 16, 32, 12, 24, 6)]).flatmap(
    lambda unit: st.integers(1, 5).map(lambda k: k * unit)
)
NOTE = st.builds(Note, st.one_of(st.none(), st.integers(20, 110)), DURATIONS)
OTHER = st.one_of(
    st.sampled_from(BARS).map(Bar),
    st.integers(1, 3).map(Ending),
    KEYS,
    st.sampled_from([Metre(3, 4), Metre(6, 8), Metre(0)]),
    st.builds(Symbol, st.integers(0, 11), st.sampled_from(["", "m", "7", "maj7"])),
)


@st.composite
def tunes(draw):
    """Tunes whose events are such as reading gives: notes stand between what is no note."""
    events = [draw(st.sampled_from([Metre(4, 4), Metre(2, 4), Metre(0)])), draw(KEYS)]
    metre, key = events
    for _ in range(draw(st.integers(1, 8))):
        for note in draw(st.lists(NOTE, min_size=1, max_size=5)):
            last = events[-1]
            if (
                isinstance(last, Note)
                and last.pitch == note.pitch
                and note.pitch
                and draw(st.booleans())
            ):
                events[-1] = Note(last.pitch, last.duration, True)
            events.append(note)
        other = draw(OTHER)
        if other in (metre, key):
            continue
        metre = other if isinstance(other, Metre) else metre
        key = other if isinstance(other, Key) else key
        events.append(other)
    while isinstance(events[-1], Key | Metre):
        events.pop()
    return Melody(tuple(events), "A title", 96.0)


@given(tunes())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_as_the_same_tune(tune):
    found = read_tune(written(tune), chords=True)
    assert found.melody == tune
    assert not found.counts


def test_a_sign_is_written_where_two_ways_of_reading_differ():
    quarter = Fraction(1, 4)
    tune = Melody((Metre(4, 4), Key("C"), Note(66, quarter), Note(77, quarter), Bar("|")))
    assert "^F2=f2|" in written(tune)  # to some the first sign holds in all octaves


def test_all_keys_and_modes_keep_all_pitches():
    for mode in MODES:
        for semitones in range(12):
            key = Key("D", mode).moved(semitones)
            notes = tuple(Note(pitch, Fraction(1, 8)) for pitch in range(54, 80))
            tune = Melody((Metre(4, 4), key, *notes))
            assert read_tune(written(tune)).melody.events == tune.events


def test_titles_stay_in_their_line():
    tune = Melody((Metre(4, 4), Key("C"), Note(60, Fraction(1, 8))), "two\nlines % and more")
    assert "T:two lines and more\n" in written(tune)
