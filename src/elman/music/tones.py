"""Notes as sound, by simple tones: so that one hears them without a synthesiser."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from elman.errors import DataError
from elman.music.tune import Sounding

__all__ = ["RATE", "frequency", "tones", "wav_of"]

RATE = 22_050
"""Samples a second, in Hz."""

_OVERTONES = (1.0, 0.45, 0.2, 0.1, 0.05)  # how loud the first of them are
_ATTACK, _RELEASE, _FADE = 0.012, 0.06, 1.2  # seconds; the last is the time to 1/e
_PEAK = 0.89  # of full scale
_LONGEST = 1800  # seconds


def frequency(pitch: float) -> float:
    """Of a pitch by MIDI's number, in Hz; 69 is 440."""
    return 440.0 * 2.0 ** ((pitch - 69) / 12)


def tones(notes: Sequence[Sounding], tempo: float, rate: int = RATE) -> Float32[np.ndarray, "S"]:
    """Notes as samples of full scale 1, the loudest at 0.89 of it.

    Args:
        notes: Times in whole notes.
        tempo: Quarter notes a minute, > 0.
        rate: Samples a second, in Hz.

    Raises:
        DataError: It would last longer than half an hour.
    """
    seconds = 240.0 / tempo  # of a whole note
    end = max((float(one.start + one.duration) for one in notes), default=0.0) * seconds
    if end > _LONGEST:
        raise DataError("notes", f"they last {end:,.0f} seconds", f"at most {_LONGEST:,}")
    samples = np.zeros(round((end + _RELEASE) * rate) + 1, np.float64)
    for one in notes:
        first = round(float(one.start) * seconds * rate)
        sound = _tone(one.pitch, float(one.duration) * seconds, rate)
        samples[first : first + len(sound)] += sound[: len(samples) - first]
    loudest = np.abs(samples).max(initial=0.0)
    return (samples * (_PEAK / loudest) if loudest else samples).astype(np.float32)


def _tone(pitch: int, seconds: float, rate: int) -> np.ndarray:
    """A note: its overtones below half the rate, a soft beginning, a fading, a soft end."""
    time = np.arange(round((seconds + _RELEASE) * rate)) / rate
    low = frequency(pitch)
    wave = np.zeros_like(time)
    for k, loud in enumerate(_OVERTONES, start=1):
        if k * low < rate / 2:
            wave += loud * np.sin(2 * np.pi * k * low * time)
    rise = np.minimum(1.0, time / _ATTACK)
    fall = np.clip((seconds + _RELEASE - time) / _RELEASE, 0.0, 1.0)
    return wave * rise * fall * np.exp(-time / _FADE)


def wav_of(samples: Float32[np.ndarray, "S"], rate: int = RATE) -> bytes:
    """Samples as a WAV file: one channel of whole numbers of 16 bits."""
    whole = np.round(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    size = 4 + 8 + len(form) + 8 + len(whole)
    head = b"RIFF" + struct.pack("<I", size) + b"WAVE"
    return (
        head
        + b"fmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", len(whole))
        + whole
    )
