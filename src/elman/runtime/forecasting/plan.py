"""How a forecaster goes from series to a network's input and back, as plain data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

from elman.data.series.frequency import Frequency
from elman.data.series.panel import Columns
from elman.data.series.windows import Normalisation
from elman.data.tables.timestamps import zone_of
from elman.errors import ArgumentError, BundleError
from elman.metrics.forecasts import HEADS, make_head
from elman.parameters import renamed
from elman.runtime.forecasting.registry import known_strategies, strategy_of
from elman.transforms.calendar import CalendarName
from elman.transforms.series_scaler import Scaling

if TYPE_CHECKING:
    from elman.runtime.forecasting.strategies import Strategy

__all__ = ["CHOICES", "LARGEST", "ForecastPlan"]

LARGEST = 2**16
"""Most steps of a window, horizon, season or segment: a damaged file must not ask for more."""

CHOICES: dict[str, tuple[str, ...]] = {
    "output": tuple(HEADS),
    "base": ("none", "linear", "exponential", "mean", "seasonal"),
    "transform": ("none", "log"),
    "scaling": get_args(Scaling),
    "window_scaling": get_args(Normalisation),
    "gaps": ("drop", "mask"),
    "short": ("error", "drop", "pad"),
}
"""What each of these fields may be."""
_WHOLE = ("input_steps", "horizon", "season", "segment")
_SWITCHES = ("floor", "traits", "flags", "identify", "joint")
_LISTS = ("seasons", "levels", "calendar")
_MOST_SEASONS, _MOST_LEVELS = 2, 999
_LONGEST_COUNT = 10**6  # units of one step
_LONGEST_FINE = 10**12  # of those below a second
_ZONE = re.compile(r"[A-Za-z0-9_+/:-]{1,64}")


@dataclass(frozen=True)
class ForecastPlan:
    """What a forecaster was told or found out when it was fitted.

    Attributes:
        strategy: How it reaches its horizon: the name of a row of `strategies`.
        input_steps: L, how far it looks back.
        horizon: H, how far it looks ahead.
        season: Steps after which a year, week or day begins anew; 1: there is no season.
        seasons: Those that a smoothing follows, the shortest first, each of at least 2 steps.
        segment: Steps of a segment; 1: it reads steps.
        output: The head: what the network says of a value; see `elman.metrics.forecasts`.
        levels: Of the quantiles that are given, increasing, in (0, 1).
        base: What the answer begins with, so that the network says only in what that errs:
            "linear" (the linear map), "exponential" (smoothing), "mean" (of the two), "seasonal"
            (the seasonal naive forecast) or "none".
        floor: Whether nothing below 0 is forecast, as all values that were learnt from are not.
        transform: What is done to each target value first: none, or log.
        scaling: How each series is scaled, once; see `SeriesScaler`.
        window_scaling: How each window is, too; see `WindowReader`.
        traits: Whether it is told what each window is like; see `WindowReader`.
        flags: Whether the network is told which values are missing.
        calendar: Features of a step's time; see `elman.transforms.calendar`.
        identify: Whether it is told which series it reads.
        gaps: `drop` leaves out windows that cross a gap, `mask` reads missing steps as missing.
        short: What becomes of series shorter than a window: `error`, `drop` or `pad`.
        joint: Whether several targets are one series of several values.
        frequency: The series' own, as `Frequency.to_text` writes it.
        timezone: Of times that have none; None: they are taken as they are.
        zone: In which the calendar is told; None: as the times stand.
        columns: The names of the columns.
    """

    strategy: str
    input_steps: int
    horizon: int
    season: int
    seasons: tuple[int, ...]
    segment: int
    output: str
    levels: tuple[float, ...]
    base: str
    floor: bool
    transform: str
    scaling: Scaling
    window_scaling: Normalisation
    traits: bool
    flags: bool
    calendar: tuple[CalendarName, ...]
    identify: bool
    gaps: str
    short: str
    joint: bool
    frequency: str
    timezone: str | None
    zone: str | None
    columns: Columns

    @property
    def how(self) -> Strategy:
        """The strategy itself."""
        return strategy_of(self.strategy)

    @property
    def known(self) -> bool:
        """Whether anything is known of the steps ahead."""
        return bool(self.calendar or self.columns.future or self.columns.static or self.identify)

    @property
    def ahead(self) -> bool:
        """Whether the network reads the steps of the horizon, too: what is known of them."""
        return self.how.reads_ahead and self.known

    @property
    def shift_known(self) -> bool:
        """Whether a step is read with what is known of the next one."""
        return self.how.shift_known

    @property
    def linear(self) -> bool:
        """Whether the answer begins with what the linear map says."""
        return self.base in ("linear", "mean")

    @property
    def exponential(self) -> bool:
        """Whether it begins with what smoothing says."""
        return self.base in ("exponential", "mean")

    @property
    def targets(self) -> int:
        """K, values of a step."""
        return len(self.columns.target) if self.joint else 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ForecastPlan:
        """What `to_dict` gave.

        Raises:
            BundleError: A field is missing, unknown, of another type or out of its range.
        """
        names = [field.name for field in fields(cls)]
        if isinstance(data, Mapping):
            data = _completed(renamed(data, names))
        if not isinstance(data, Mapping) or set(data) != set(names):
            raise BundleError("forecast plan", f"found {_shown(data)}", f"exactly {names}")
        known = known_strategies()
        strategy = ("strategy", f"one of {', '.join(known)}", _one_of(known))
        for name, expected, sound in (strategy, *_CHECKS):
            if not sound(data[name]):
                raise BundleError(f"forecast plan, {name}", f"found {_shown(data[name])}", expected)
        given: dict[str, Any] = dict(data)
        given |= {name: tuple(data[name]) for name in _LISTS}
        columns: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data["columns"].items()
        }
        given["columns"] = Columns(**columns)
        plan = cls(**given)
        _check_together(plan)
        return plan


def _completed(data: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of an older file with what there was not yet."""
    found = {"zone": None, "floor": False} | dict(data)
    if "base" not in found and isinstance(found.get("linear"), bool):
        found["base"] = "linear" if found.pop("linear") else "none"
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_name, value))


def _one_of(known: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in known


def _between(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= LARGEST


def _increasing(sound: Callable[[Any], bool], most: int) -> Callable[[Any], bool]:
    return lambda values: (
        isinstance(values, list | tuple)
        and len(values) <= most
        and all(map(sound, values))
        and all(one < next_ for one, next_ in pairwise(values))
    )


def _is_frequency(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > 40:
        return False
    try:
        found = Frequency.from_text(value)
    except ArgumentError:
        return False
    fine = found.unit in ("microsecond", "millisecond")
    longest = _LONGEST_FINE if fine else _LONGEST_COUNT
    return found.count <= longest and found.cycle <= _LONGEST_COUNT


def _is_zone(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(_ZONE.fullmatch(value)))


def _is_known_zone(value: Any) -> bool:
    try:
        return _is_zone(value) and (value is None or zone_of(value) is not None)
    except ArgumentError:
        return False


def _are_columns(value: Any) -> bool:
    names = {field.name for field in fields(Columns)}
    if not isinstance(value, Mapping) or set(value) != names or not value["target"]:
        return False
    return all(
        found is None or _is_name(found) if name in ("time", "series") else _is_names(found)
        for name, found in value.items()
    )


_CHECKS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    *((name, f"one of {', '.join(known)}", _one_of(known)) for name, known in CHOICES.items()),
    *((name, f"a whole number of 1 to {LARGEST}", _between(1)) for name in _WHOLE),
    *((name, "true or false", lambda value: type(value) is bool) for name in _SWITCHES),
    (
        "seasons",
        f"up to {_MOST_SEASONS} increasing whole numbers of at least 2",
        _increasing(_between(2), _MOST_SEASONS),
    ),
    (
        "levels",
        f"up to {_MOST_LEVELS} increasing numbers between 0 and 1",
        _increasing(lambda value: type(value) is float and 0 < value < 1, _MOST_LEVELS),
    ),
    (
        "calendar",
        "names of features",
        lambda value: (
            _is_names(value)
            and set(value) <= set(get_args(CalendarName))
            and len(set(value)) == len(value)
        ),
    ),
    ("frequency", "a word such as 'h' or '15min'", _is_frequency),
    ("timezone", "a name such as 'Europe/Paris', or nothing", _is_zone),
    ("zone", "a name such as 'Europe/Paris', or nothing", _is_known_zone),
    ("columns", "the names of columns", _are_columns),
)


def _check_together(plan: ForecastPlan) -> None:
    """`BundleError` where fields that are right by themselves contradict each other."""
    how = plan.how
    without = f"with strategy {plan.strategy!r}"
    unused = {"traits": False, "base": "none", "joint": False, "segment": 1}
    for sound, name, expected in (
        (plan.joint == (len(plan.columns.target) > 1), "joint", "several targets, or one"),
        (not plan.seasons or how.seasonal, "seasons", f"none, {without}"),
        *(
            (getattr(plan, name) == value, name, f"{value!r}, {without}")
            for name, value in unused.items()
            if name in how.refuses
        ),
        (plan.input_steps % plan.segment == 0, "input_steps", "a whole number of segments"),
        (plan.horizon % plan.segment == 0, "horizon", "a whole number of segments"),
    ):
        if not sound:
            raise BundleError(
                f"forecast plan, {name}", f"found {_shown(getattr(plan, name))}", expected
            )
    try:
        make_head(plan.output, plan.levels if plan.output == "quantiles" else ())
    except ArgumentError as error:
        raise BundleError("forecast plan, levels", error.found, error.expected) from error


def _shown(value: Any) -> str:
    """A value from a file, however long or strange, as a message shows it."""
    return repr(value)[:80]
