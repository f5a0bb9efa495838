"""Speech as it is spoken: samples come, labels are said as soon as they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.decoding import Collapse, PrefixSearch
from elman.errors import ArgumentError
from elman.parameters import check_values, documented, number, parameter
from elman.runtime.network import Network
from elman.runtime.transcribing.hearing import log_softmax
from elman.runtime.transcribing.transcript import Transcript, transcript_of
from elman.transforms.scaler import Scaler
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import TextCodec

__all__ = ["Endpoints", "Listening", "Spoken"]

Search = Collapse | PrefixSearch


@documented
@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a stream is cut into segments, each of which is looked for by itself.

    Attributes:
        {parameters}

    Raises:
        ArgumentError: A value is outside its range, or two contradict each other.
    """

    _group: ClassVar = "Segments"
    _table: ClassVar = None

    silence: float = parameter(
        1.0, number(above=0), "A segment ends after so many seconds without a label."
    )
    longest: float = parameter(
        30.0,
        number(above=0),
        "From so many seconds on it ends at the next frame without a label.",
        "So what is held of a stream is bounded.",
    )

    def __post_init__(self) -> None:
        check_values(type(self), vars(self))
        if self.longest < self.silence:
            found = f"found {self.longest:g}, below silence = {self.silence:g}"
            raise ArgumentError("longest", found, "at least silence")


class Spoken(NamedTuple):
    """What is known of the segment that is being spoken.

    Attributes:
        transcript: All of it so far; times are seconds from the beginning of the stream.
        final: Whether it has ended: what follows is another segment.
        taken_back: Labels that were shown of it before and stand no longer.
        seconds: Of the stream: up to where it had to be heard for this to be known.
    """

    transcript: Transcript
    final: bool
    taken_back: int
    seconds: float


class Parts(NamedTuple):
    """What a stream is made of.

    Attributes:
        network: It streams.
        scaler: Of its inputs, or None.
        codec: Of the labels.
        sound: How samples become steps.
        search: Makes what looks for labels, anew for each segment.
    """

    network: Network
    scaler: Scaler | None
    codec: TextCodec
    sound: SoundFeatures
    search: Callable[[], Search]


class Listening:
    """A stream of samples that is transcribed while it comes.

    What is said does not depend on how the samples are cut into chunks. What is held is bounded:
    the network's state, samples of the windows that are not whole, and the segment being spoken.

    Attributes:
        shown: Labels that were shown so far, those that were taken back among them.
        taken_back: Labels that were shown and stood no longer later.
        seconds: How much has been heard.
    """

    def __init__(self, parts: Parts, endpoints: Endpoints) -> None:
        self._parts, self._endpoints = parts, endpoints
        self._stream = parts.sound.stream()
        self._state: Any = None
        self._search, self._first, self._frames = parts.search(), 0, 0
        self._labels: tuple[int, ...] = ()
        self.shown = self.taken_back = 0

    @property
    def seconds(self) -> float:
        """How much has been heard."""
        return self._stream.seconds

    def push(self, samples: Any) -> list[Spoken]:
        """Take further samples; gives what became known, a change of the segment each.

        Args:
            samples: Floats `[S]` of full scale 1 at the model's rate, any number.

        Raises:
            ShapeError, DataError: They are none, or one is not finite.
            ArgumentError: The stream is finished.
        """
        return self._heard(self._stream.push(samples))

    def finish(self) -> list[Spoken]:
        """End the stream; gives the last segment, where there is one."""
        found = self._heard(self._stream.finish())
        if self._labels:
            found.append(self._ended())
        return found

    def _heard(self, steps: np.ndarray) -> list[Spoken]:
        if not len(steps):
            return []
        scaler = self._parts.scaler
        inputs = (steps if scaler is None else scaler.transform(steps))[None]
        outputs, self._state = self._parts.network.unroll(inputs, self._state)
        found = []
        for frame in log_softmax(outputs[0]):  # one by one: an endpoint is where it is, however cut
            self._search.advance(frame[None])
            self._frames += 1
            changed = self._changed()
            found += [] if changed is None else [changed]
            if self._is_over():
                found += [self._ended()] if self._labels else []
                self._begin()
        return found

    def _changed(self) -> Spoken | None:
        """What there is to show after a frame; None where it is shown already."""
        labels, before = self._search.labels, self._labels
        if labels == before:
            return None
        return self._shown(labels, self._search.answers()[0], final=False)

    def _ended(self) -> Spoken:
        """The segment as it is left."""
        found = self._search.answers()[0]
        return self._shown(tuple(found.labels.tolist()), found, final=True)

    def _shown(self, labels: tuple[int, ...], found: Any, final: bool) -> Spoken:
        before = self._labels
        same = 0
        while same < min(len(labels), len(before)) and labels[same] == before[same]:
            same += 1
        taken = len(before) - same
        self._labels = labels
        self.shown += len(labels) - same
        self.taken_back += taken
        sound = self._parts.sound
        transcript = transcript_of(found, self._parts.codec, sound.step_seconds, self._first)
        known = (self._frames - 1) * sound.step_seconds + sound.ahead_seconds
        return Spoken(transcript, final, taken, known)

    def _is_over(self) -> bool:
        """Whether the segment ends with the last frame."""
        step, quiet = self._parts.sound.step_seconds, self._search.quiet
        if quiet * step >= self._endpoints.silence:
            return True
        return bool(quiet) and (self._frames - self._first) * step >= self._endpoints.longest

    def _begin(self) -> None:
        """The next segment begins with the next frame; the network reads on."""
        self._search, self._first, self._labels = self._parts.search(), self._frames, ()
