"""What a network reads of sound: steps of features, of a file or of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, DataError, ShapeError
from elman.parameters import number, one_of, real, whole_number
from elman.printable import closest
from elman.transforms.sound.mel import SCALES, WINDOWS, cosines, lifter, mel_filters
from elman.transforms.sound.stages import Deltas, Framer, RunningMean, Stacker, Stage
from elman.transforms.sound.written import values_of

__all__ = ["FeatureStream", "SoundFeatures"]

FULL_SCALE = 32768.0
LOUDEST = 1e6  # of full scale 1: beyond it sums of squares are no longer float32
"""What a sample of 1 counts: as in files of 16 bits, so that floors and dither mean what they mean
in Kaldi."""

_LIFTER = 22.0
_BLOCK = 512  # windows that are computed at once: what a long signal takes of memory
_MOST = {"bands": 1024, "stack": 256, "stride": 256}


@dataclass(frozen=True, kw_only=True)
class SoundFeatures:
    """How samples become steps of features: plain data that travels with a model.

    The conventions are Kaldi's. A window of `window_ms` is taken every `hop_ms`; its mean is taken
    off (`remove_mean`), each sample loses `preemphasis` times the one before (the first: times
    itself), the `window` weighs them, zeros fill them up to a power of two. The squared sizes of
    the transform are summed in triangular bands (`elman.transforms.sound.mel`), whose logarithms
    (natural, at least that of `energy_floor`) are the features "log-mel". The first `coefficients`
    of their orthonormal cosine transform, each times 1 + 11 sin(π k / 22), are "mfcc"
    (Davis and Mermelstein 1980); with `energy` the first of them is the logarithm of the window's
    own energy, before preemphasis and weights. A sample of 1 counts 32,768.

    A stream gives the numbers of the whole signal to 1e-6, whatever the chunks: a window is made of
    its own samples alone, and dither is a function of a sample's index.

    >>> features = SoundFeatures(kind="log-mel", rate=8000, bands=20)
    >>> signal = np.sin(np.arange(8000) / 8)
    >>> features.of(signal).shape
    (98, 20)
    >>> stream = features.stream()
    >>> chunks = [stream.push(signal[:500]), stream.push(signal[500:]), stream.finish()]
    >>> float(np.abs(np.concatenate(chunks) - features.of(signal)).max()) < 1e-6
    True

    Attributes:
        rate: Samples a second, in Hz: signals must have it.
        kind: "log-mel" or "mfcc".
        window_ms: Milliseconds of a window; cut to whole samples.
        hop_ms: Milliseconds from one window to the next, likewise; at most `window_ms`.
        bands: Triangular bands.
        coefficients: Of "mfcc", at most `bands`.
        deltas: 0: none; 1: the first differences over time beside the features; 2: second ones,
            too. Each order waits for two more frames.
        stack: Frames beside each other in a step.
        stride: Frames from one step to the next.
        mel_scale: "htk" (which is Kaldi's) or "slaney".
        window: "povey" (Kaldi's), "hann", "hamming" or "rectangular".
        padding: "none": windows lie in the signal, and a shorter signal has no step (Kaldi's
            `snip_edges`). "reflect": a window is centred on each hop, the signal reflected at its
            ends.
        energy_floor: The least energy of a band or window, above 0.
        dither: Deviation of the noise that is added to each sample, of 32,768; 0 for none.
        preemphasis: In [0, 1).
        remove_mean: Whether each window's mean is taken off.
        low_hz: Where the first band begins, in Hz.
        high_hz: Where the last one ends, in Hz; None: at half of `rate`.
        energy: Of "mfcc": whether the first coefficient is the window's energy.
        running_mean: Seconds over which a running mean is taken off each feature, before
            differences: known step by step, so a stream has it, too. 0: none.
    """

    rate: int
    kind: Literal["log-mel", "mfcc"] = "log-mel"
    window_ms: float = 25.0
    hop_ms: float = 10.0
    bands: int = 40
    coefficients: int = 13
    deltas: int = 0
    stack: int = 1
    stride: int = 1
    mel_scale: Literal["htk", "slaney"] = "htk"
    window: Literal["povey", "hann", "hamming", "rectangular"] = "povey"
    padding: Literal["none", "reflect"] = "none"
    energy_floor: float = float(np.finfo(np.float32).eps)
    dither: float = 0.0
    preemphasis: float = 0.97
    remove_mean: bool = True
    low_hz: float = 20.0
    high_hz: float | None = None
    energy: bool = False
    running_mean: float = 0.0

    def __post_init__(self) -> None:
        choices = {"kind": ("log-mel", "mfcc"), "mel_scale": SCALES, "window": WINDOWS}
        for name, known in {**choices, "padding": ("none", "reflect")}.items():
            one_of(*known).check(name, getattr(self, name))
        for name in ("rate", "bands", "coefficients", "stack", "stride"):
            self._set(name, whole_number(name, getattr(self, name), 1))
        for name, most in {**_MOST, "deltas": 2}.items():
            if whole_number(name, getattr(self, name), 0) > most:
                raise ArgumentError(name, f"found {getattr(self, name)}", f"at most {most}")
        for name in ("window_ms", "hop_ms", "energy_floor"):
            self._set(name, real(name, getattr(self, name)))
        for name in ("dither", "low_hz", "running_mean"):
            self._set(name, real(name, getattr(self, name), or_zero=True))
        wanted = "a number in [0, 1)"
        number(below=1, wanted=wanted).check("preemphasis", self.preemphasis)
        for name in ("remove_mean", "energy"):
            if not isinstance(getattr(self, name), bool):
                raise ArgumentError(name, f"found {getattr(self, name)!r}", "True or False")
        self._check_sizes()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_sizes(self) -> None:
        """`ArgumentError` where parameters do not fit each other."""
        if self.hop_samples < 1:
            raise ArgumentError("hop_ms", f"{self.hop_ms} ms at {self.rate} Hz", "a sample or more")
        if not self.hop_samples <= self.window_samples <= 2**20:
            found = f"{self.window_samples} samples, with a hop of {self.hop_samples}"
            raise ArgumentError("window_ms", found, "at least a hop, at most 1,048,576 samples")
        high = self._high
        if not self.low_hz < high <= self.rate / 2:
            found = f"{self.low_hz:g} to {high:g} Hz at {self.rate} Hz"
            raise ArgumentError("low_hz, high_hz", found, f"0 to at most {self.rate / 2:g} Hz")
        if self.kind == "mfcc" and self.coefficients > self.bands:
            found = f"found {self.coefficients} of {self.bands} bands"
            raise ArgumentError("coefficients", found, "at most as many as bands")
        if self.energy and self.kind != "mfcc":
            raise ArgumentError("energy", f"True of {self.kind}", "kind='mfcc', or False")
        empty = np.flatnonzero(~self._tables.filters.any(axis=0))
        if len(empty):
            found = f"{self.bands}, of which no frequency lies in {len(empty)}"
            raise ArgumentError("bands", found, "fewer bands, or a longer window")

    # ---- sizes --------------------------------------------------------------------------------

    @property
    def window_samples(self) -> int:
        """Samples of a window."""
        return int(self.rate * self.window_ms / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples from one window to the next."""
        return int(self.rate * self.hop_ms / 1000)

    @property
    def step_seconds(self) -> float:
        """Seconds from one step to the next."""
        return self.hop_samples * self.stride / self.rate

    @property
    def ahead_seconds(self) -> float:
        """Seconds of signal after a step's beginning that must be heard before it is known."""
        frames = self.stack - 1 + 2 * self.deltas
        return (self.window_samples + frames * self.hop_samples) / self.rate

    @property
    def features(self) -> int:
        """Features F of a step."""
        return self.frame_size * (1 + self.deltas) * self.stack

    @property
    def names(self) -> tuple[str, ...]:
        """What the features of a step are called, F of them."""
        word = "band" if self.kind == "log-mel" else "coefficient"
        found = [f"{word} {k}" for k in range(self.frame_size)]
        found = [f"{'delta ' * order}{name}" for order in range(self.deltas + 1) for name in found]
        if self.stack == 1:
            return tuple(found)
        return tuple(f"{name}, frame {n}" for n in range(self.stack) for name in found)

    @property
    def frame_size(self) -> int:
        """Bands or coefficients of a frame: a step has them once for each frame and difference."""
        return self.bands if self.kind == "log-mel" else self.coefficients

    @property
    def band_hertz(self) -> Float[np.ndarray, " M"]:
        """The frequency in the middle of each band, in Hz."""
        to_mels, to_hertz = SCALES[self.mel_scale]
        first, last = to_mels(np.array([self.low_hz, self._high]))
        return to_hertz(np.linspace(first, last, self.bands + 2)[1:-1])

    def spectrogram(self, signal: Any) -> Float[np.ndarray, "T M"]:
        """The logarithms of the bands' energies of each frame, whatever a network reads of them.

        Arguments and errors as of `of`.
        """
        alone: dict[str, Any] = {"deltas": 0, "stack": 1, "stride": 1, "energy": False}
        return replace(self, kind="log-mel", dither=0.0, running_mean=0.0, **alone).of(signal)

    @property
    def _high(self) -> float:
        return self.rate / 2 if self.high_hz is None else real("high_hz", self.high_hz)

    # ---- what is computed -----------------------------------------------------------------------

    def of(self, signal: Any) -> Float[np.ndarray, "T F"]:
        """The steps of a whole signal.

        Args:
            signal: Samples `[S]` at `rate`, of a float type, of full scale 1, finite.

        Returns:
            float32 `[T, F]`; T is 0 where the signal is shorter than a window and not padded.

        Raises:
            ShapeError: It is not one row of floats.
            DataError: A sample is not finite, or a million times full scale.
        """
        stream = self.stream()
        return np.concatenate([stream.push(signal), stream.finish()])

    def in_turn(self, signals: Iterable[Any]) -> Iterator[Float[np.ndarray, "T F"]]:
        """The steps of signals of one source, as a speaker at a microphone, in the order heard.

        The running mean goes on from each to the next, so what a signal gives depends on those
        before it, never on those after. Without `running_mean` each gives what `of` gives.

        Args:
            signals: As `of` takes them.

        Yields:
            As of `of`.
        """
        stream = self.stream()
        for signal in signals:
            yield np.concatenate([stream.push(signal), stream.finish()])
            stream = stream.following()

    def stream(self) -> FeatureStream:
        """What gives the steps of a signal while it comes."""
        return FeatureStream(self)

    def frames_of(self, windows: Float[np.ndarray, "n W"]) -> Float[np.ndarray, "n C"]:
        """The features of windows of samples (which count as they are), before all that follows."""
        tables = self._tables
        if self.remove_mean:
            windows = windows - windows.mean(axis=1, keepdims=True)
        energy = (windows * windows).sum(axis=1) if self.energy else None
        if self.preemphasis:
            before = np.concatenate([windows[:, :1], windows[:, :-1]], axis=1)
            windows = windows - self.preemphasis * before
        spectrum = np.fft.rfft(windows * tables.window, n=tables.points, axis=1)
        powers = spectrum.real**2 + spectrum.imag**2
        found = np.log(np.maximum(powers @ tables.filters, self.energy_floor))
        if self.kind == "log-mel":
            return found
        found = found @ tables.cosines
        if energy is not None:
            found[:, 0] = np.log(np.maximum(energy, self.energy_floor))
        return found

    @cached_property
    def _tables(self) -> _Tables:
        points = 1 << (self.window_samples - 1).bit_length()
        sizes = (self.bands, self.rate, points, self.low_hz, self._high)
        return _Tables(
            points,
            WINDOWS[self.window](self.window_samples),
            mel_filters(self.mel_scale, *sizes),
            cosines(self.bands, self.coefficients) * lifter(self.coefficients, _LIFTER),
        )

    # ---- as data --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """All that `from_dict` needs, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> SoundFeatures:
        """The features that `to_dict` described, or those that a user names.

        Raises:
            ArgumentError: There is no such parameter, none is given for `rate`, or a value is
                outside its range.
        """
        known = [one.name for one in fields(cls)]
        for name in told:
            if name not in known:
                raise ArgumentError(f"sound features, {name!r}", "unknown", closest(name, known))
        if "rate" not in told:
            raise ArgumentError("rate", "not given", "the samples a second, in Hz")
        return cls(**told)

    @classmethod
    def from_text(cls, told: str, rate: int) -> SoundFeatures:
        """The features that a text names: their kind, then perhaps parameters.

        >>> SoundFeatures.from_text("mfcc,deltas=2,low_hz=80", rate=8000).features
        39

        Raises:
            ArgumentError: As of `from_dict`; or the text is written otherwise.
        """
        return cls.from_dict({"rate": rate, **values_of(told, cls, first="kind")})

    def describe(self) -> str:
        """What they are, in a line.

        >>> SoundFeatures(rate=8000, kind="mfcc", deltas=1).describe()
        '13 mfcc of 40 bands with deltas, 25 ms every 10 ms at 8000 Hz: 26 features a step'
        """
        what = f"{self.bands} log-mel bands"
        if self.kind == "mfcc":
            what = f"{self.coefficients} mfcc of {self.bands} bands"
        what += ("", " with deltas", " with deltas of two orders")[self.deltas]
        if self.running_mean:
            what += f", less a running mean of {self.running_mean:g} s"
        what += f", {self.window_ms:g} ms every {self.hop_ms:g} ms at {self.rate} Hz"
        if self.stack > 1 or self.stride > 1:
            what += f", {self.stack} frames every {self.stride}"
        return f"{what}: {self.features} features a step"


class _Tables(NamedTuple):
    points: int
    window: np.ndarray
    filters: np.ndarray
    cosines: np.ndarray


class FeatureStream:
    """The steps of a signal while it comes; made by `SoundFeatures.stream`.

    Attributes:
        seconds: How much has been heard.
    """

    def __init__(self, features: SoundFeatures) -> None:
        self._features, self._finished, self._samples = features, False, 0
        window, hop = features.window_samples, features.hop_samples
        reflect = features.padding == "reflect"
        self._framer = Framer(window, hop, reflect, features.dither)
        self._stages = _stages(features)

    @property
    def seconds(self) -> float:
        """How much has been heard."""
        return self._samples / self._features.rate

    def push(self, samples: Any) -> Float[np.ndarray, "n F"]:
        """The steps that are known once these samples have come.

        Args:
            samples: As `SoundFeatures.of` takes them, any number.

        Raises:
            ShapeError, DataError: As there.
            ArgumentError: The stream is finished.
        """
        self._check_open()
        values = _checked(samples, self._samples)
        self._samples += len(values)
        block = _BLOCK * self._features.hop_samples
        found = [self._none()]
        for start in range(0, len(values), block):
            windows = self._framer.push(values[start : start + block] * FULL_SCALE)
            found.append(self._through(self._features.frames_of(windows), self._stages))
        return np.concatenate(found)

    def finish(self) -> Float[np.ndarray, "n F"]:
        """The last steps; then the stream takes no more.

        Raises:
            ArgumentError: The stream is finished.
        """
        self._check_open()
        self._finished = True
        last = self._features.frames_of(self._framer.finish())
        found = [self._through(last, self._stages)]
        for n, stage in enumerate(self._stages):
            found.append(self._through(stage.finish(), self._stages[n + 1 :]))
        return np.concatenate(found)

    def following(self) -> FeatureStream:
        """A stream of another signal of the same source: the running mean goes on."""
        found = FeatureStream(self._features)
        if self._features.running_mean:
            found._stages[0] = self._stages[0]
        return found

    def _through(self, values: np.ndarray, stages: list[Stage]) -> np.ndarray:
        for stage in stages:
            values = stage.push(values)
        return values.astype(np.float32)

    def _none(self) -> np.ndarray:
        return np.zeros((0, self._features.features), np.float32)

    def _check_open(self) -> None:
        if self._finished:
            raise ArgumentError("samples", "the stream is finished", "a new one: stream()")


def _stages(features: SoundFeatures) -> list[Stage]:
    """What becomes of frames; nothing where nothing is asked for."""
    size, found = features.frame_size, []
    if features.running_mean:
        frames = round(features.running_mean * features.rate / features.hop_samples)
        found.append(RunningMean(size, max(frames, 1)))
    if features.deltas:
        found.append(Deltas(size, features.deltas))
        size *= 1 + features.deltas
    if features.stack > 1 or features.stride > 1:
        found.append(Stacker(size, features.stack, features.stride))
    return found


def _checked(samples: Any, heard: int) -> np.ndarray:
    """Samples `[S]` of a float type; `heard` is how many came before, for messages."""
    values = np.asarray(samples)
    if values.ndim != 1 or values.dtype.kind != "f":
        found = f"{values.dtype} of shape {values.shape}"
        wanted = "floats [S] of full scale 1: of 16-bit samples, samples / 32768"
        raise ShapeError("samples", found, wanted)
    wrong = ~(np.abs(values) <= LOUDEST)
    if wrong.any():
        first = int(np.argmax(wrong))
        where, found = f"samples[{heard + first}]", f"found {values[first]}"
        raise DataError(where, found, f"finite samples, of full scale 1 (at most {LOUDEST:,.0f})")
    return values
