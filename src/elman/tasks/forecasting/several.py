"""Several trainings that know nothing of each other, wherever joblib runs them.

Each is a job of `joblib.Parallel`: on this machine's processes (`joblib.parallel_config(n_jobs=4)`)
or on a cluster (`ray.util.joblib.register_ray()`, then `joblib.parallel_config("ray")`). Without
either they come one after the other. Where several run at once, each has one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone

from elman.parameters import whole_number

__all__ = ["at_once", "fit_each", "fit_seeds", "like"]


def at_once(work: Callable[..., Any], jobs: Iterable[tuple[Any, ...]]) -> list[Any]:
    """What some work makes of each job's arguments, in their order."""
    return list(Parallel()(delayed(work)(*job) for job in jobs))


def fit_each(estimator: Any, frames: Mapping[str, Any], **columns: Any) -> dict[str, Any]:
    """A forecaster for each of several groups of series.

    >>> import numpy as np
    >>> from elman import Forecaster
    >>> frames = {"north": np.sin(np.arange(90.0)), "south": np.cos(np.arange(90.0))}
    >>> models = fit_each(Forecaster(units=4, epochs=1), frames, horizon=3)
    >>> models["south"].predict(frames["south"]).mean.shape
    (1, 3, 1)

    Args:
        estimator: A forecaster, whose parameters they have.
        frames: The series of each group.
        columns: As of `Forecaster.fit`.

    Returns:
        The fitted forecasters, by the groups' names.

    Raises:
        ArgumentError, DataError, TrainingError: As of `Forecaster.fit`, of the first that fails.
    """
    jobs = [(like(estimator), frame, columns) for frame in frames.values()]
    return dict(zip(frames, at_once(_fitted, jobs), strict=True))


def fit_seeds(estimator: Any, frame: Any, seeds: int, **columns: Any) -> list[Any]:
    """Fitted forecasters that differ in their seeds: those from the estimator's own on.

    Args:
        estimator: A forecaster.
        frame: As of `Forecaster.fit`.
        seeds: How many, ≥ 1.
        columns: As of `Forecaster.fit`.

    Raises:
        ArgumentError, DataError, TrainingError: As `fit_each`.
    """
    count = whole_number("seeds", seeds, 1)
    first = estimator.get_params()["seed"]
    jobs = [(like(estimator, seed=first + k), frame, columns) for k in range(count)]
    return at_once(_fitted, jobs)


def like(estimator: Any, **parameters: Any) -> Any:
    """A fresh estimator with the same parameters, for a job of its own."""
    fresh: Any = clone(estimator)
    jobs: Any = None  # as the caller's backend has it
    if (
        effective_n_jobs(jobs) > 1
    ):  # else their threads would hold the processors against each other
        parameters["threads"] = 1
    return fresh.set_params(run=None, resume=False, **parameters)


def _fitted(estimator: Any, frame: Any, columns: Mapping[str, Any]) -> Any:
    return estimator.fit(frame, **columns)
