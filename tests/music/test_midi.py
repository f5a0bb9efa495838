"""MIDI read and written; what others drop without a word is read, or told."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest

from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError, FormatError
from elman.music import Bar, Key, Metre, Note, read_tune
from elman.music.midi_reading import read_melody, read_parts, read_steps
from elman.music.midi_writing import melody_as_midi, notes_as_midi
from elman.music.tune import Sounding

mido = pytest.importorskip("mido", reason="the extra music is not installed")


def midi(*tracks, kind=1, quarter=480):
    """A file of tracks, each a list of (tick, message)."""
    file = mido.MidiFile(type=kind, ticks_per_beat=quarter)
    for messages in tracks:
        track, at = mido.MidiTrack(), 0
        for tick, message in sorted(messages, key=lambda one: one[0]):
            track.append(message.copy(time=tick - at))
            at = tick
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def line(pitches, channel=0, length=480, start=0):
    found = []
    for k, pitch in enumerate(pitches):
        at = start + k * length
        found.append((at, mido.Message("note_on", note=pitch, velocity=64, channel=channel)))
        off = mido.Message("note_off", note=pitch, velocity=0, channel=channel)
        found.append((at + length, off))
    return found


def heard(tune):
    return [(one.pitch, one.start, one.duration) for one in tune.sounding()]


@pytest.mark.parametrize("number", range(8))
def test_a_tune_that_is_written_is_read_as_it_sounds(number):
    tune = made_up_tunes(8).tunes[number]
    found, notes = read_melody(melody_as_midi(tune), "tune.mid")
    assert heard(found) == heard(tune)
    assert (found.metre, found.key) == (tune.metre, tune.key)
    assert found.filled().share == 1.0
    assert notes == []


def test_triplets_have_a_finer_grid():
    tune = read_tune("M:2/4\nL:1/8\nQ:1/4=90\nK:G\n(3GAB c2|(3dcB A2|").melody
    found, notes = read_melody(melody_as_midi(tune), "t.mid")
    assert heard(found) == heard(tune)
    assert found.tempo == pytest.approx(90, abs=1e-3)
    assert not notes


def test_times_are_rounded_and_the_error_is_told():
    content = midi(line([60, 62, 64, 65], length=483))
    found, notes = read_melody(content, "played.mid", grid=4)
    assert [one.duration for one in found.events if isinstance(one, Note)][:2] == [
        Fraction(1, 4),
        Fraction(1, 4),
    ]
    assert any(
        "rounded to 4 steps of a quarter note, 0.009 of one on average" in one for one in notes
    )
    with pytest.raises(ArgumentError, match="grid"):
        read_melody(content, "played.mid", grid=0)


def test_of_several_parts_the_highest_with_enough_notes_is_the_melody():
    few = line([100, 101], channel=3)
    drums = line([90] * 40, channel=9)
    parts = midi(line([40, 41] * 8, channel=0), line([70, 72] * 8, channel=1) + few, drums)
    found, notes = read_melody(parts, "band.mid")
    assert {one.pitch for one in found.sounding()} == {70, 72}
    assert "band.mid: 40 notes of drums left out" in notes
    assert "band.mid: the melody is track 2, channel 2 of 3 parts, the highest" in notes


def test_where_several_notes_sound_the_highest_is_the_melody():
    content = midi(line([60, 62, 64]) + line([48], length=1440))
    found, notes = read_melody(content, "x.mid")
    assert [one.pitch for one in found.sounding()] == [60, 62, 64]
    assert any("1 note below or within others left out" in one for one in notes)


def test_a_short_file_is_a_tune_too():
    """magenta#110: files of few notes were passed over."""
    found, notes = read_melody(midi(line([64])), "short.mid")
    assert found.notes == 1
    assert any("names no key" in one for one in notes)


def test_metre_and_key_are_those_of_the_file_or_supposed_and_told():
    named = [
        (0, mido.MetaMessage("time_signature", numerator=3, denominator=4)),
        (0, mido.MetaMessage("key_signature", key="F#m")),
    ]
    found, notes = read_melody(midi(named + line([66, 68, 69])), "named.mid")
    assert (found.metre, found.key) == (Metre(3, 4), Key("F#", "minor"))
    assert notes == []
    found, notes = read_melody(midi(line([60, 64, 67, 60])), "bare.mid")
    assert (found.metre, found.key) == (Metre(4, 4), Key("C"))
    assert [one.split(": ")[1][:13] for one in notes] == ["names no metr", "names no key"]


def test_a_time_signature_that_is_no_metre_is_left_out_and_told():
    told = mido.MetaMessage("time_signature", numerator=0, denominator=4)
    later = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    _, notes = read_melody(midi([(0, told), *line([60, 62, 64])]), "x.mid")
    assert any(one.startswith("x.mid: 1 time signature left out") for one in notes)
    _, notes = read_melody(midi([(960, later), *line([60, 62, 64])]), "x.mid")
    assert any(one.endswith("read as 4/4, until it names one") for one in notes)


def test_notes_over_bar_lines_are_tied_and_rests_fill_bars():
    content = midi(line([60], length=1440) + line([62], length=960, start=1920 - 480))
    found, _ = read_melody(content, "tied.mid")
    assert found.events[2:] == (
        *(Note(60, Fraction(3, 4)), Note(62, Fraction(1, 4), True), Bar("|")),
        *(Note(62, Fraction(1, 4)), Note(None, Fraction(3, 4)), Bar("|]")),
    )


def test_bars_of_rest_at_the_beginning_are_left_out_and_told():
    found, notes = read_melody(midi(line([60], start=3 * 1920)), "late.mid")
    assert found.events[2] == Note(60, Fraction(1, 4))
    assert any("3 bars of rest before the melody left out" in one for one in notes)


def test_bytes_over_127_are_clipped_and_counted():
    """mido#574: a velocity of 255 ends the reading of a file."""
    content = bytearray(midi(line([60, 62])))
    place = content.index(bytes([0x90, 60, 64])) + 2
    content[place] = 0xFF
    found, notes = read_melody(bytes(content), "loud.mid")
    assert [one.pitch for one in found.sounding()] == [60, 62]
    assert "loud.mid: 1 byte over 127 clipped to it" in notes


def test_a_note_without_an_end_is_held_for_a_quarter_and_told():
    on = mido.Message("note_on", note=72, velocity=64)
    found, notes = read_melody(midi([*line([60, 62]), (960, on)]), "open.mid")
    assert [one.pitch for one in found.sounding()] == [60, 62, 72]
    assert any("1 note without an end" in one for one in notes)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "begins with b''"),
        (b"RIFF....", "not as MIDI does"),
        (b"MThd", "truncated"),
        (midi(line([60]))[:-6], "truncated"),
        (midi(line([60])).replace(b"MTrk", b"MTxx"), "damaged"),
        (midi([(0, mido.MetaMessage("track_name", name="x"))]), "holds no notes"),
        (midi(line([60], channel=9)), "holds no notes"),
        (midi(line([60])).replace(b"\x01\xe0", b"\0\0", 1), "has 0 ticks of a quarter note"),
        (midi(line([60])).replace(b"\x01\xe0", b"\xe7\x28", 1), "in frames of a film"),
    ],
    ids=["empty", "foreign", "header", "cut", "track", "no notes", "drums", "no ticks", "film"],
)
def test_what_cannot_be_read_is_an_error_that_names_the_file(content, found):
    with pytest.raises(FormatError, match=found) as error:
        read_melody(content, "bad.mid")
    assert error.value.where.startswith("bad.mid")


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_are_a_typed_error_or_a_tune(seed):
    import numpy as np

    draws = np.random.default_rng(seed)
    content = bytearray(melody_as_midi(made_up_tunes(1).tunes[0]))
    for place in draws.integers(0, len(content), 6):
        content[place] = draws.integers(256)
    try:
        found, _ = read_melody(bytes(content), "fuzz.mid")
    except FormatError as error:
        place = error.where
    else:
        place = "fuzz.mid" if found.notes else ""
    assert place.startswith("fuzz.mid")


def test_a_piece_of_several_voices_is_read_step_by_step():
    content = midi(line([60, 62], channel=0), line([48], channel=1, length=960))
    steps, notes = read_steps(content, "two.mid")
    assert steps == [[48, 60], [48, 62]]
    assert notes == []
    assert read_steps(content, "two.mid", per_quarter=2)[0] == [[48, 60]] * 2 + [[48, 62]] * 2


def test_notes_that_are_struck_again_end_first():
    notes = [Sounding(60, Fraction(k, 4), Fraction(1, 4)) for k in range(3)]
    parts = read_parts(notes_as_midi(notes), "again.mid").parts
    assert [(one.start, one.end) for one in parts[0].notes] == [(0, 480), (480, 960), (960, 1440)]
