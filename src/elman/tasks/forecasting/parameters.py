"""A forecaster's parameters: those of series, and those of paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from elman.parameters import (
    again,
    flag,
    names,
    number,
    numbers,
    one_of,
    parameter,
    plain,
    text,
    whole,
)
from elman.tasks.parameters import CellParameters, RunParameters
from elman.training.config import Training
from elman.transforms.path_frames import NEIGHBOURS

__all__ = ["ForecastParameters", "PathParameters"]


def _validation(_name: str, given: float) -> float | int | None:
    """A share, a number of steps, or nothing."""
    if given == 0:
        return None
    return int(given) if given >= 1 and given.is_integer() else given


def _season(name: str, given: str) -> Any:
    if given == "0":
        return None
    return numbers(int, "a number, or some as 128,64", single=True).read(name, given)


@dataclass(kw_only=True, eq=False, repr=False)
class ForecastParameters(CellParameters, Training, RunParameters):
    """How series are read, and what is said of them."""

    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    strategy: str = parameter(
        "direct",
        text(),
        "How the horizon is reached: direct, recursive, segments or smoothing.",
        "`direct`: all steps at once. `recursive`: step by step, fed with its own answers. "
        "`segments`: some steps are read as one, and the horizon's segments written side by side "
        "(SegRNN). `smoothing`: exponential smoothing follows each series, its coefficients "
        "trained along; the network reads what that leaves, and says how what comes will differ "
        "(ES-RNN). A series unseen in training is smoothed by the classical fit to its history. A "
        "series, read from its first step on, is one example; `transform`, `scaling`, "
        "`window_scaling`, `traits`, `stride`, `windows_per_epoch` and `joint` do not apply.",
        kw_only=False,
    )
    units: int | Sequence[int] = again(CellParameters, "units", 64)
    dilations: Sequence[int] | None = parameter(
        None,
        numbers(int, "some numbers, as 1,4,24", nothing="none"),
        "For each layer, how many steps back the state is that a step goes on from.",
        "None: 1; with `smoothing` a season in each layer but the first.",
    )
    window: int | None = parameter(
        None,
        whole(1, none=True),
        "Steps that are read.",
        "None: two horizons or two seasons, whichever is longer (with `smoothing` one horizon or "
        "its longest season), as far as the series allow; or half or twice as many, where the "
        "linear map is better with these. The report says how many.",
    )
    segment: int | None = parameter(
        None,
        whole(1, none=True),
        "With the strategy segments: steps of one.",
        "None: a season, or the longest that the horizon is made of.",
    )
    recall: bool = parameter(
        True,
        flag(),
        "With the strategy segments: the answer begins with a mixture of those read.",
        "The network chooses it, so that it has to say only what is new. Not for counts.",
    )
    base: str | None = parameter(
        None,
        text(usual=True),
        "What answers begin with: linear, exponential, mean (of these), seasonal or none.",
        "The network learns what that leaves: of the linear map, of exponential smoothing of each "
        "series, of the seasonal naive forecast. None: the mean, unless another forecasts held-out "
        "steps surely better, fitted to those before; the report says which. Of `direct` and "
        "`segments`; not for `negative_binomial`.",
    )
    linear: bool = parameter(False, flag(), "The same as the base `linear`.")
    stride: int = parameter(1, plain(int), "Steps from one training window to the next, ≥ 1.")
    windows_per_epoch: int | None = parameter(
        None,
        whole(1, none=True),
        "At most so many windows an epoch, drawn anew each time.",
        "None: all, or as many as a budget of 1,500 steps has room for in ten epochs.",
    )
    output: str = parameter(
        "point",
        text(),
        "What is said of a value: point, quantiles, gaussian, student or negative_binomial.",
        "The last is for counts; see `elman.metrics.forecasts`.",
    )
    loss: str | None = parameter(
        None,
        text(usual=True),
        "Of point: mae, mse or huber.",
        "None: mae; or mse where most values are 0, as their median is 0 then.",
    )
    levels: Sequence[float] = parameter(
        (0.1, 0.5, 0.9),
        numbers(float, "some numbers, as 0.1,0.5,0.9"),
        "Of the quantiles given.",
        "Increasing, in (0, 1). Whatever the output, they are shifted to hold what they promise on "
        "the validation part (conformal calibration).",
    )
    transform: str = parameter(
        "none", text(), "log forecasts the logarithm of positive series; none does not."
    )
    scaling: str | None = parameter(
        None,
        text(usual=True),
        "Of each series, once, by its training part: standard, robust, mean or none.",
    )
    window_scaling: str | None = parameter(
        None,
        text(usual=True),
        "Of each window besides: last, season, mean, standard or none.",
        "Its last value subtracted, or the mean of its last season; divided by its mean size; "
        "or brought to mean 0 and deviation 1. None: as suits strategy and output, or the linear "
        "map of held-out steps.",
    )
    traits: bool = parameter(
        False,
        flag(),
        "Tell the network what scaling took from a window.",
        "And how much the window changes from season to season.",
    )
    calendar: Any = parameter(
        None,
        names(automatic=True),
        "Features of the time.",
        "Names as of `elman.transforms.calendar`, or True for what is usual at the series' "
        "frequency. None: what of that comes round at least twice; False: nothing.",
    )
    identify: bool = parameter(False, flag(), "Tell the network which series it reads.")
    season: int | Sequence[int] | None = parameter(
        None,
        plain(str, _season, "As 24, or 24,168; 0: as usual."),
        "Steps of a season, or with the strategy smoothing of two.",
        "None: as usual at this frequency; with `smoothing` (24, 168) for hours, if every series "
        "has room for two weeks.",
    )
    gaps: str | None = parameter(
        None,
        text(usual=True),
        "drop windows that cross a gap in time, or mask missing steps.",
        "None: `mask` where more than a tenth of the windows cross one; with `smoothing` wherever "
        "there is a gap.",
    )
    short: str = parameter(
        "drop",
        text(),
        "Of series too short to learn from: drop, pad, or error.",
        "`pad` puts missing steps in front. Those that were left out are forecast all the same.",
    )
    joint: bool = parameter(
        False, flag(), "Several target columns are one series of several values, not a series each."
    )
    schedule: Any = again(Training, "schedule", "cosine")
    batch_size: int = again(Training, "batch_size", 64, "Windows or series a batch.")
    epochs: int | None = parameter(  # pyright: ignore[reportIncompatibleVariableOverride]
        None,
        whole(1, none=True),
        "Passes over the training part.",
        "None: as many as a budget of 1,500 steps asks for, 5 to 100.",
    )
    early_stopping: int | None = parameter(
        None,
        whole(1, none=True),
        "Stop after so many epochs without a better validation result.",
        "None: a fifth of the epochs, at least 5, where these are not told; else all are trained.",
    )
    validation: Any = parameter(
        0.1,
        plain(float, _validation, "As 0.1, or 48; 0: none."),
        "The last share of each series, or how many of its last steps.",
        "They choose the epoch and calibrate the quantiles. None: none.",
    )
    keep: str = parameter(
        "best",
        text(),
        "Weights of the best epoch on the validation part, or of the last.",
        "The latter where that part only calibrates.",
    )
    refit: bool = parameter(
        False,
        flag(),
        "Train once more, on all steps, as long as the validation part found best.",
    )
    baselines: bool = parameter(True, flag(), "Fit the linear map, too.")


@dataclass(kw_only=True, eq=False, repr=False)
class PathParameters:
    """What is told of a forecaster of paths; of series it has no use."""

    _group: ClassVar = "Paths"
    _table: ClassVar = "task"

    neighbours: str = parameter(
        "nearest",
        one_of(*NEIGHBOURS),
        "Of paths: what is told of others: none, nearest or grid.",
        "`nearest`: place and velocity of the four nearest at each step, relative to the agent's, "
        "fading with distance. `grid`: the same of twelve, summed in three rings of eight sectors.",
    )
    components: int = parameter(
        6,
        whole(1),
        "Of paths: ways to go on, each a whole future, that are mixed.",
    )
    point: float = parameter(
        1.0,
        number(),
        "Of paths: what the distance of the mean from what came counts beside the likelihood.",
    )
