"""Recordings as they might have been, to learn from besides: faster, noisier, with parts hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError
from elman.parameters import real, whole_number
from elman.printable import closest
from elman.transforms.sound.features import SoundFeatures
from elman.transforms.sound.written import values_of

__all__ = ["SoundDistortion"]

_QUIETEST = 40.0  # decibels of signal to noise, from which noise is not heard


@dataclass(frozen=True, kw_only=True)
class SoundDistortion:
    """How distorted copies of recordings are drawn, for training only.

    Masks are those of SpecAugment (Park et al. 2019, arXiv 1904.08779v3, without its warping of
    time): stretches of steps, and of bands, are replaced by the recording's mean.

    Attributes:
        copies: How many of each recording are learnt from besides the recording itself.
        speed: The logarithm of the factor by which one is played faster or slower, drawn evenly
            from ±this, in [0, 1): pitch and formants change with it.
        noise_db: The least ratio of signal to white noise, in decibels, drawn evenly from here to
            40; None: no noise.
        gain_db: The change of loudness, drawn evenly from ± so many decibels.
        tilt: The weight of the sample before that is added to each, drawn evenly from ±this, in
            [0, 1): another microphone.
        times: Stretches of steps that are hidden.
        time_share: The longest of them, as a share of the recording, in [0, 1).
        bands: Stretches of bands (or coefficients) that are hidden.
        band_share: The widest of them, likewise.
    """

    copies: int = 3
    speed: float = 0.1
    noise_db: float | None = None
    gain_db: float = 0.0
    tilt: float = 0.0
    times: int = 0
    time_share: float = 0.2
    bands: int = 0
    band_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("copies", "times", "bands"):
            whole_number(name, getattr(self, name), 0)
        for name in ("speed", "gain_db", "tilt", "time_share", "band_share"):
            real(name, getattr(self, name), or_zero=True)
        for name in ("speed", "tilt", "time_share", "band_share"):
            if getattr(self, name) >= 1:
                raise ArgumentError(name, f"found {getattr(self, name)}", "a number in [0, 1)")
        if self.noise_db is not None and not -_QUIETEST <= self.noise_db <= _QUIETEST:
            raise ArgumentError("noise_db", f"found {self.noise_db}", "-40 to 40 dB, or None")

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> SoundDistortion:
        """The distortion that a mapping names; `ArgumentError` for an unknown name."""
        known = [one.name for one in fields(cls)]
        for name in told:
            if name not in known:
                raise ArgumentError(f"distort, {name!r}", "unknown", closest(name, known))
        return cls(**told)

    @classmethod
    def from_text(cls, told: str) -> SoundDistortion:
        """The distortion that a text names, as "copies=5,speed=0.2,noise_db=10"."""
        return cls.from_dict(values_of(told, cls))

    def of(
        self, signal: Float[np.ndarray, " S"], features: SoundFeatures, draws: np.random.Generator
    ) -> Float[np.ndarray, "T F"]:
        """The features of one distorted copy, float32; never fewer than one step of S > 0 samples.

        Args:
            signal: Samples at the features' rate.
            features: What is read of it.
            draws: Where the amounts come from.
        """
        steps = features.of(self.heard(signal, draws))
        if not len(steps):
            steps = features.of(signal)
        return self.masked(steps, features, draws)

    def heard(
        self, signal: Float[np.ndarray, " S"], draws: np.random.Generator
    ) -> Float[np.ndarray, " R"]:
        """The samples of a copy: another speed, microphone, noise and loudness, in this order."""
        found = np.asarray(signal, np.float64)
        if self.speed and len(found):
            factor = np.exp(draws.uniform(-self.speed, self.speed))
            places = np.arange(max(int(len(found) / factor), 1)) * factor
            found = np.interp(places, np.arange(len(found)), found)
        if self.tilt:
            weight = draws.uniform(-self.tilt, self.tilt)
            found = np.concatenate([found[:1], found[1:] + weight * found[:-1]])
        if self.noise_db is not None:
            ratio = 10 ** (-draws.uniform(self.noise_db, _QUIETEST) / 20)
            loud = np.sqrt(np.mean(found**2)) if len(found) else 0.0
            found = found + ratio * loud * draws.normal(size=len(found))
        if self.gain_db:
            found = found * 10 ** (draws.uniform(-self.gain_db, self.gain_db) / 20)
        return found.astype(np.float32)

    def masked(
        self, steps: Float[np.ndarray, "T F"], features: SoundFeatures, draws: np.random.Generator
    ) -> Float[np.ndarray, "T F"]:
        """Steps with stretches of time and of bands replaced by the recording's mean."""
        if not len(steps) or not (self.times or self.bands):
            return steps
        mean, size = steps.mean(axis=0), features.frame_size
        found = steps.reshape(len(steps), -1, size).copy()
        means = mean.reshape(-1, size)
        for _ in range(self.times):
            start, end = _stretch(len(steps), self.time_share, draws)
            found[start:end] = means
        for _ in range(self.bands):
            start, end = _stretch(size, self.band_share, draws)
            found[:, :, start:end] = means[:, start:end]
        return found.reshape(steps.shape)


def _stretch(size: int, share: float, draws: np.random.Generator) -> tuple[int, int]:
    """Where a stretch of at most this share begins and ends."""
    length = int(draws.integers(0, int(size * share) + 1))
    start = int(draws.integers(0, size - length + 1))
    return start, start + length
