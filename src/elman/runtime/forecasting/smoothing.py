"""Forecasts by exponential smoothing and a network that reads what the smoothing leaves; no torch.

Smyl 2020 (ES-RNN, doi 10.1016/j.ijforecast.2019.03.017): each series has coefficients of its own
and a level and seasonals that follow it (`elman.kernels.smoothing`); one network for all series
reads the values without them, and says how the next values differ from level times seasonals.
Deviating from that paper, the seasonals of a horizon longer than a season repeat those known at
its origin, in training as in forecasts: nothing from after the origin is used.

Letters: N series, R rows (all series' steps, one after the other), T steps of the longest series,
L steps that the network sees at once, F further features, H steps of the horizon, W forecasts, P
numbers of the network for each step of a forecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from elman.bundle import pack_strings, unpack_strings
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.kernels.smoothing import Coefficients, Form, Levels, forward
from elman.runtime.forecasting.forecasting import Back
from elman.runtime.network import Network, Run

__all__ = ["Smoothing", "answers", "check_values", "future_steps", "padded"]

Values = Float[np.ndarray, "N T"]

_ENTRIES = 2**22  # float64 values of the largest array of one pass: 32 MiB


@dataclass(frozen=True, eq=False)
class Smoothing:
    """How each of N series is smoothed, from the first of its rows on.

    Attributes:
        names: Of the series.
        form: "multiplicative" or "additive".
        seasons: In steps, the shortest first; perhaps none.
        scale: `[N]` float64 > 0: what values are divided by before anything else.
        spread: `[N]` float64 > 0: how far scaled values (their logarithms, in multiplicative
            form) usually are from those a season before; the network's unit.
        coefficients: Of the scaled series, float64.
    """

    names: tuple[str, ...]
    form: Form
    seasons: tuple[int, ...]
    scale: Float[np.ndarray, "N"]
    spread: Float[np.ndarray, "N"]
    coefficients: Coefficients

    def __len__(self) -> int:
        return len(self.names)

    def select(self, rows: Int[np.ndarray, "M"]) -> Smoothing:
        """Those of some series, in the order of `rows`."""
        names = tuple(self.names[row] for row in rows)
        chosen = Coefficients(*(array[rows] for array in self.coefficients))
        scale, spread = self.scale[rows], self.spread[rows]
        return replace(self, names=names, scale=scale, spread=spread, coefficients=chosen)

    def joined(self, other: Smoothing) -> Smoothing:
        """These series, then those of another of the same form and seasons."""
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return replace(
            self,
            names=self.names + other.names,
            scale=np.concatenate([self.scale, other.scale]),
            spread=np.concatenate([self.spread, other.spread]),
            coefficients=Coefficients(*map(np.concatenate, pairs)),
        )

    def run(self, values: Values) -> Levels:
        """Levels and seasonals of the scaled series; errors as of `check_values`."""
        check_values(self.names, values, self.form)
        return forward(self.form, self.seasons, self.coefficients, values / self.scale[:, None])

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        named = {f"names.{key}": array for key, array in pack_strings(self.names).items()}
        return {
            **named,
            "multiplicative": np.array([self.form == "multiplicative"]),
            "seasons": np.array(self.seasons, np.int64),
            "scale": self.scale,
            "spread": self.spread,
            **self.coefficients._asdict(),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Smoothing:
        """What `tensors` described; `BundleError` if it is damaged."""
        packed = {
            key: tensors[f"names.{key}"]
            for key in ("bytes", "offsets")
            if f"names.{key}" in tensors
        }
        names = tuple(unpack_strings(packed, "names of the series"))
        if not _sound(tensors, len(names)):
            raise BundleError("smoothing", "its arrays are missing or damaged", "save it again")
        return cls(
            names,
            "multiplicative" if tensors["multiplicative"][0] else "additive",
            tuple(tensors["seasons"].tolist()),
            tensors["scale"],
            tensors["spread"],
            Coefficients(*(tensors[name] for name in Coefficients._fields)),
        )


def _sound(tensors: Mapping[str, np.ndarray], count: int) -> bool:
    """Whether the arrays can be the smoothing of so many series."""
    nothing = np.zeros(())
    form, seasons = tensors.get("multiplicative", nothing), tensors.get("seasons", nothing)
    if form.shape != (1,) or form.dtype != np.bool_:
        return False
    if seasons.ndim != 1 or seasons.dtype != np.int64 or (seasons < 2).any():
        return False
    shapes = {
        "scale": (count,),
        "spread": (count,),
        "level": (count,),
        "seasonal": (count, len(seasons)),
        "first_level": (count,),
        "first_seasonals": (count, int(seasons.sum())),
    }
    arrays = {name: tensors.get(name, nothing) for name in shapes}
    if any(array.shape != shapes[name] for name, array in arrays.items()):
        return False
    if any(array.dtype != np.float64 or not np.isfinite(array).all() for array in arrays.values()):
        return False
    positive = ["scale", "spread", *(("first_level", "first_seasonals") if form[0] else ())]
    rates = np.concatenate([arrays["level"], arrays["seasonal"].ravel()])
    if any((arrays[name] <= 0).any() for name in positive):
        return False
    return not ((rates < 0) | (rates > 1)).any()


def check_values(names: tuple[str, ...], values: Values, form: Form) -> None:
    """`DataError` where a value is infinite, or not positive in multiplicative form."""
    wrong = np.isinf(values)
    expected = "finite numbers, or NaN where missing"
    if form == "multiplicative":
        wrong |= values <= 0
        expected = "positive numbers: series are divided by seasonals"
    if wrong.any():
        row, step = np.argwhere(wrong)[0]
        raise DataError(
            f"series {names[row]!r}, step {step}", f"found {values[row, step]}", expected
        )


def padded(values: Float[np.ndarray, "R"], offsets: Int[np.ndarray, "N+1"]) -> Values:
    """Series one after the other as rows of float64, not a number past their ends.

    >>> padded(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 3]))
    array([[ 1., nan],
           [ 2.,  3.]])
    """
    lengths = np.diff(offsets)
    table = np.full((len(lengths), lengths.max(initial=0)), np.nan)
    table[np.arange(table.shape[1]) < lengths[:, None]] = values
    return table


def future_steps(
    positions: Int[np.ndarray, "*P"], season: int, horizon: int
) -> Int[np.ndarray, "*P H"]:
    """The step whose seasonal stands for each of the next H steps, as it is known at a position.

    >>> future_steps(np.array(9), season=2, horizon=5).tolist()
    [10, 11, 10, 11, 10]
    """
    return np.asarray(positions)[..., None] + 1 + np.arange(horizon) % season


def answers(
    network: Network,
    smoothing: Smoothing,
    values: Float[np.ndarray, "R 1"],
    offsets: Int[np.ndarray, "N+1"],
    ends: Int[np.ndarray, "W"],
    series: Int[np.ndarray, "W"],
    horizon: int,
    features: Float[np.ndarray, "R F"] | None = None,
    run: Run | None = None,
) -> tuple[Float[np.ndarray, "W H 1 P"], Back]:
    """The network's answers at any origins: each series is smoothed and read once for all of them.

    A forecast depends on its series' rows up to its origin only.

    Args:
        network: Sequence to sequence, reading forwards: L + F features to H·P numbers a step.
        smoothing: Of the N series, in this order, each from its first row here on.
        values: In their own unit; not a number where missing.
        offsets: The rows of series n are offsets[n] … offsets[n+1] - 1.
        ends: The row of each forecast's last input step.
        series: Which series that row is of.
        horizon: H.
        features: Further features of each row; None: F is 0.
        run: What answers in place of the network's `run`; None: that.

    Returns:
        Raw outputs in normalised space, and a function from numbers there, `[W, H, 1, ...]`, to
        the values' unit. A normalised number is the logarithm of the value over level and
        seasonals, or in additive form the scaled value less them, in units of the spread.

    Raises:
        DataError: A value is infinite, or not positive in multiplicative form.
        ShapeError: The sizes do not fit each other.
        ArgumentError: The network does not answer at each step, of what it has read by then.
    """
    blueprint = network.blueprint
    if blueprint.configuration != "sequence_to_sequence" or not blueprint.streams:
        raise ArgumentError(
            "network", f"found {blueprint.configuration}", "a sequence_to_sequence that streams"
        )
    extra = 0 if features is None else features.shape[1]
    window, outputs = blueprint.input_size or 0, blueprint.output_size
    if outputs % horizon or window <= extra or len(smoothing) != len(offsets) - 1:
        raise ShapeError(
            "network",
            f"{window} inputs, {outputs} outputs, {len(smoothing)} series smoothed",
            f"more than {extra} inputs, a multiple of {horizon}, {len(offsets) - 1} series",
        )
    raw = np.empty((len(ends), horizon, 1, outputs // horizon), np.float32)
    centre = np.empty((len(ends), horizon))
    for rows, stops in _groups(offsets, ends, series, max(window, outputs)):
        chosen = np.flatnonzero(np.isin(series, rows))
        place = np.searchsorted(rows, series[chosen])
        step = ends[chosen] - offsets[series[chosen]]
        index = np.arange(stops.max()) + offsets[rows][:, None]
        past = np.arange(stops.max()) >= stops[:, None]
        index[past] = 0
        part = smoothing.select(rows)
        table = np.where(past, np.nan, values[index, 0].astype(np.float64))
        levels = part.run(table)
        inputs = _windows(part, levels, table, window - extra)
        if features is not None:
            inputs = np.concatenate([inputs, features[index].astype(np.float32)], axis=2)
        found = (run or network.run)(inputs, stops)[place, step]
        raw[chosen] = found.reshape(len(chosen), horizon, 1, -1)
        centre[chosen] = _centre(part, levels, place, step, horizon)
    return raw, _back(smoothing, centre, series)


def _groups(offsets: np.ndarray, ends: np.ndarray, series: np.ndarray, width: int) -> list:
    """The series of each pass, and how many steps of each are read: up to its last origin."""
    rows = np.unique(series)
    stops = np.zeros(len(offsets) - 1, np.int64)
    np.maximum.at(stops, series, ends + 1 - offsets[series])
    size = max(1, _ENTRIES // max(1, int(stops.max(initial=0)) * width))
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [(part, stops[part]) for part in parts]


def _windows(
    smoothing: Smoothing, levels: Levels, values: Values, steps: int
) -> Float[np.ndarray, "N T L"]:
    """At each step the last L values without its level and their own seasonals.

    In units of the spread. Zero stands for a value that is missing, or before the first.
    """
    scaled = values / smoothing.scale[:, None]
    multiplicative = smoothing.form == "multiplicative"
    bare = np.log(scaled) if multiplicative else scaled
    level = np.log(levels.levels) if multiplicative else levels.levels
    for s in levels.seasonals:
        known = s[:, : values.shape[1]]
        bare = bare - (np.log(known) if multiplicative else known)
    before = np.full((len(values), steps - 1), np.nan)
    seen = sliding_window_view(np.concatenate([before, bare], axis=1), steps, axis=1)
    spread = smoothing.spread[:, None, None]
    inputs = ((seen - level[..., None]) / spread).astype(np.float32)
    return np.where(np.isnan(inputs), np.float32(0), inputs)


def _centre(
    smoothing: Smoothing, levels: Levels, rows: np.ndarray, steps: np.ndarray, horizon: int
) -> Float[np.ndarray, "W H"]:
    """What the next H values are expected to be at an origin: scaled, in logarithms if so."""
    logs = smoothing.form == "multiplicative"
    level = levels.levels[rows, steps][:, None]
    centre = np.repeat(np.log(level) if logs else level, horizon, axis=1)
    for season, s in zip(smoothing.seasons, levels.seasonals, strict=True):
        known = s[rows[:, None], future_steps(steps, season, horizon)]
        centre += np.log(known) if logs else known
    return centre


def _back(smoothing: Smoothing, centre: np.ndarray, series: np.ndarray) -> Back:
    def back(normalised: np.ndarray) -> np.ndarray:
        more = (slice(None), slice(None)) + (None,) * (normalised.ndim - 2)
        each = (slice(None),) + (None,) * (normalised.ndim - 1)
        total = normalised * smoothing.spread[series][each] + centre[more]
        bare = np.exp(total) if smoothing.form == "multiplicative" else total
        return bare * smoothing.scale[series][each]

    return back
