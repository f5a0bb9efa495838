"""Notes as sound: right pitch by Fourier's transform, right length, never clipped."""

from __future__ import annotations

import io
import wave
from fractions import Fraction

import numpy as np
import pytest

from elman.data.readers.wav import decode_wav
from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError, DataError
from elman.music.files import melody_file, notes_file, write_melody
from elman.music.tones import RATE, frequency, tones, wav_of
from elman.music.tune import Sounding


def loudest(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * RATE / len(samples)


@pytest.mark.parametrize("pitch", [45, 60, 69, 81, 100])
def test_a_note_has_its_pitch(pitch):
    samples = tones([Sounding(pitch, Fraction(0), Fraction(1))], tempo=120)
    assert loudest(samples) == pytest.approx(frequency(pitch), abs=0.5)


def test_notes_stand_where_they_are_written():
    notes = [Sounding(60, Fraction(0), Fraction(1, 2)), Sounding(72, Fraction(1), Fraction(1, 2))]
    samples = tones(notes, tempo=60)  # a quarter a second
    assert len(samples) == pytest.approx(6.06 * RATE, abs=2)
    first, silent, second = (samples[int(a * RATE) : int(b * RATE)] for a, b in
                             ((0.1, 1.9), (2.2, 3.9), (4.1, 5.9)))  # fmt: skip
    assert loudest(first) == pytest.approx(frequency(60), abs=1)
    assert loudest(second) == pytest.approx(frequency(72), abs=1)
    assert np.abs(silent).max() == 0


def test_several_notes_at_once_are_not_clipped():
    notes = [Sounding(pitch, Fraction(0), Fraction(1)) for pitch in range(40, 80)]
    samples = tones(notes, tempo=90)
    assert np.abs(samples).max() == pytest.approx(0.89, abs=1e-6)


def test_a_file_is_read_by_others_and_by_us():
    tune = made_up_tunes(1).tunes[0]
    content = melody_file(tune, "wav")
    with wave.open(io.BytesIO(content)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        frames = file.getnframes()
    found = decode_wav(content, "tune.wav")
    assert (found.rate, len(found.samples), found.notes) == (RATE, frames, ())
    seconds = float(tune.duration) * 4 * 60 / 120
    assert frames / RATE == pytest.approx(seconds + 0.06, abs=0.01)
    assert np.abs(found.samples).max() < 0.9


def test_silence_and_no_notes_are_files_too():
    assert np.abs(tones([], tempo=120)).max() == 0
    assert wav_of(tones([], tempo=120))[:4] == b"RIFF"


def test_a_note_of_hours_is_refused_before_memory_is_asked_for():
    with pytest.raises(DataError, match="at most"):
        tones([Sounding(60, Fraction(0), Fraction(10**6))], tempo=1)


def test_a_path_says_what_is_written(tmp_path):
    tune = made_up_tunes(1).tunes[0]
    for ending, begins in (("abc", b"X:1"), ("wav", b"RIFF")):
        write_melody(tmp_path / f"t.{ending}", tune)
        assert (tmp_path / f"t.{ending}").read_bytes().startswith(begins)
    with pytest.raises(ArgumentError, match=r"\.abc, \.mid, \.midi, \.wav"):
        write_melody(tmp_path / "t.ogg", tune)
    with pytest.raises(ArgumentError, match=r"one of \.mid"):
        notes_file([], "abc")
