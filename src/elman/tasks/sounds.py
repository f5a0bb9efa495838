"""Sounds as what an estimator learns from: the features that are read, and distorted copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from elman.data.sequences import Sequences, padded
from elman.data.sound_sequences import SoundSequences
from elman.errors import ArgumentError, DataError
from elman.tasks.head import OtherNetworkError
from elman.tasks.parameters import SoundParameters
from elman.tasks.parts import Part
from elman.transforms.sound import SoundDistortion, SoundFeatures

__all__ = [
    "check_no_sound_parameters",
    "features_for",
    "rate_asked",
    "same_features",
    "with_copies",
]


def check_no_sound_parameters(estimator: SoundParameters) -> None:
    """`ArgumentError` where a parameter of sounds was set, and X holds none."""
    for one in fields(SoundParameters):
        if one.name in vars(estimator) and vars(estimator)[one.name] != one.default:
            found = f"{vars(estimator)[one.name]!r:.60}, and X holds no sounds"
            raise ArgumentError(one.name, found, "leave it out, or X as Recordings")


def rate_asked(estimator: SoundParameters) -> int | None:
    """The rate that files of sound are brought to; None: their own."""
    given = estimator.sound
    if isinstance(given, SoundFeatures):
        return given.rate
    return given.get("rate") if isinstance(given, Mapping) else None


def features_for(estimator: SoundParameters, rate: int) -> SoundFeatures:
    """The features that a training reads of sounds of this rate.

    Raises:
        ArgumentError: They cannot be had, or are written otherwise.
        DataError: They are those of another rate.
    """
    given = estimator.sound
    if isinstance(given, str):
        return SoundFeatures.from_text(given, rate)
    if isinstance(given, Mapping):
        given = SoundFeatures.from_dict({"rate": rate, **given})
    if given.rate != rate:
        found = f"sounds of {rate} Hz, and features of {given.rate} Hz"
        raise DataError("X", found, f"recordings.resampled({given.rate})")
    return given


def same_features(estimator: SoundParameters, warm: Any) -> SoundFeatures:
    """The features of the model that a training goes on from; an error beside other ones."""
    asked = features_for(estimator, warm.sound.rate)
    if asked != warm.sound:
        found = f"{asked.describe()}, and the model that goes on reads {warm.sound.describe()}"
        raise OtherNetworkError("sound", found, "the same, or a fresh fit")
    return warm.sound


def with_copies(part: Part, features: SoundFeatures, distort: Any, seed: int) -> Part:
    """A training part with the features of distorted copies behind those of its recordings.

    Args:
        part: Of `SoundSequences` with their features.
        features: Of these.
        distort: As the parameter `distort`; None: the part as it is.
        seed: Draws the distortions.

    Raises:
        ArgumentError: `distort` names what there is not.
    """
    if distort is None or not isinstance(part.sequences, SoundSequences):
        return part
    told = _distortion(distort)
    rows = list(part.sequences.rows())
    for copy in range(told.copies):
        draws = np.random.default_rng([seed, copy])
        rows += [told.of(signal, features, draws) for signal in part.sequences.signals]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    plain = padded(np.concatenate(rows), lengths)
    times = 1 + told.copies
    weight = None if part.weight is None else np.tile(part.weight, times)
    return replace(
        part,
        sequences=Sequences(plain.values, lengths),
        targets=np.concatenate([part.targets] * times),
        weight=weight,
    )


def _distortion(given: Any) -> SoundDistortion:
    if isinstance(given, str):
        return SoundDistortion.from_text(given)
    return SoundDistortion.from_dict(given) if isinstance(given, Mapping) else given
