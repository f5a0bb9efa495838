"""Recordings of tones that stand for letters, each as short as it can be heard."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np

from elman import Transcriber
from elman.data.recordings import Recordings

__all__ = ["RATE", "SOUND", "learnt", "spoken", "tones", "write_wav"]

RATE = 4000
SOUND = {"bands": 8, "window_ms": 20.0, "hop_ms": 10.0, "stack": 2, "stride": 2}
_HZ = {"a": 400.0, "b": 800.0, "c": 1500.0}


def spoken(text: str, seed: int = 0) -> np.ndarray:
    """A text as tones with pauses and a little noise."""
    draws = np.random.default_rng(seed)
    parts = [np.zeros(400)]
    for letter in text:
        length = int(draws.integers(300, 500))
        parts += [np.sin(2 * np.pi * _HZ[letter] * np.arange(length) / RATE) / 2]
        parts += [np.zeros(int(draws.integers(150, 350)))]
    whole = np.concatenate([*parts, np.zeros(300)])
    return (whole + 0.01 * draws.normal(size=len(whole))).astype(np.float32)


def tones(count: int, seed: int = 0) -> Recordings:
    """Recordings of drawn texts of one to four letters."""
    draws = np.random.default_rng(seed)
    texts = ["".join(draws.choice([*_HZ], draws.integers(1, 5))) for _ in range(count)]
    signals = [spoken(text, seed * 1000 + n) for n, text in enumerate(texts)]
    return Recordings(tuple(signals), RATE, texts=tuple(texts), name="tones")


def write_wav(path: Path, signal: np.ndarray) -> None:
    """A file of 16-bit samples at this rate."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())


@cache
def learnt() -> Transcriber:
    """A transcriber that knows the tones."""
    model = Transcriber(
        units=24,
        cell="gru",
        epochs=25,
        learning_rate=0.02,
        batch_size=16,
        sound=SOUND,
        validation=0.1,
    )
    return model.fit(tones(150))
