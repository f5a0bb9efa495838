"""How a forecaster learns how agents go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.blueprint import Blueprint, Dropout, Mixture, Pool, Recurrent
from elman.data.paths import AHEAD, SEEN, Paths, PathWindows
from elman.errors import ArgumentError, DataError
from elman.metrics.displacements import PathBaselines, apart
from elman.models import build, limit_memory
from elman.parameters import number, whole
from elman.printable import many, quoted
from elman.runtime.moving.correcting import Correcting
from elman.runtime.moving.likeness import Likeness, traits_of
from elman.runtime.moving.shares import Share, errors_by_share
from elman.runtime.network import Network
from elman.tasks.fitting import Options, summary, take_weights, train_module, weights_of
from elman.tasks.head import check_same_network
from elman.training.loop.futures import FutureExamples, FutureLoss, FutureScore
from elman.training.randomness import generator
from elman.transforms.path_frames import PathFrames

__all__ = ["Parted", "examples_of", "learn", "part_windows"]

_SAMPLES = 50  # of each window of the validation part, by which their width is found
_MOST = 4000  # windows of the validation part that this is done of
_LEVEL = 0.9  # what the samples' circle is to hold
_WIDTHS = (0.5, 3.0)


class Parted(NamedTuple):
    """The windows to learn from, those to choose on, and how they were parted.

    Attributes:
        train: The first.
        held_out: The others; None: none.
        how: In words.
    """

    train: PathWindows
    held_out: PathWindows | None
    how: str


def learn(estimator: Any, data: Paths, y: Any = None, *, horizon: int | None = None) -> None:
    """Train a forecaster on paths.

    Args:
        estimator: The `Forecaster`; its model is held by it afterwards.
        data: Scenes.
        y: None: what comes is in the paths.
        horizon: Steps that are forecast; None: 12, or as the model that goes on.

    Raises:
        ArgumentError, BlueprintError: A parameter is outside its range.
        DataError: No agent is seen for as many steps in a row.
        TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
    """
    options, warm = estimator._options(), estimator._warm()
    seen, ahead = _steps(estimator, horizon, warm)
    if warm is not None and data.columns != warm.columns:
        found = f"found {quoted(data.columns)}"
        raise ArgumentError("columns", found, f"{quoted(warm.columns)}, as the model has them")
    windows = data.windows(seen, ahead, estimator.stride)
    if not len(windows):
        found = f"no agent is seen for {seen + ahead} steps in a row"
        raise DataError(data.name, found, "longer paths, or a shorter window or horizon")
    parted = part_windows(windows, estimator.validation, options.config.seed)
    values = parted.train.values()
    how = estimator.neighbours
    frames = PathFrames.fit(values, ahead, how) if warm is None else warm.frames
    if warm is not None and how != frames.neighbours:
        raise ArgumentError("neighbours", f"found {how!r}", f"{frames.neighbours!r}, as the model")
    block = Mixture((("gaussian", 2 * ahead),), components=estimator.components)
    blueprint, network = _network(estimator, frames, block, warm, options)
    train = examples_of(parted.train, frames)
    held = parted.held_out
    trained = train_module(
        network.to(options.device),
        FutureLoss(block, frames.basis, estimator.point),
        train,
        None if held is None else replace(examples_of(held, frames), augmented=False),
        options,
        score=FutureScore(block, frames.basis),
    )
    estimator.history_ = trained.history
    run = Network(blueprint, weights_of(network)).run
    correcting = Correcting(run, block, frames)
    share, width = _believed(correcting, held)
    learnt = correcting.said(parted.train).correction
    traits = traits_of(values[:, :seen, :2], learnt, frames.scale)
    parts = parted.train
    likeness = Likeness.fit(traits, parts.scene, parts.who, parts.ends)
    seen_part, came = values[:, :seen, :2], values[:, seen:, :2]
    tensors = {
        **{f"frames.{name}": array for name, array in frames.tensors().items()},
        **{f"share.{name}": array for name, array in share.tensors().items()},
        **{f"likeness.{name}": array for name, array in likeness.tensors().items()},
        "baselines.gain": PathBaselines.fit(seen_part, came).tensors()["gain"],
        "width": np.array([width]),
    }
    about = {
        "train_windows": len(parted.train),
        "train_scenes": len(np.unique(parted.train.scene)),
        "validation": parted.how,
        "validation_windows": 0 if held is None else len(held),
        "share": share.value,
        "width": round(width, 4),
        "crossing_windows": 0,
        "notes": list(data.notes),
    }
    result = summary(estimator._task, blueprint, about, trained.history, options.config)
    settings: dict[str, Any] = {
        "metadata": result,
        "seen": seen,
        "neighbours": frames.neighbours,
        "columns": list(data.columns),
        "unit": data.unit or ("" if warm is None else warm.unit),
    }
    estimator.reading = dict(data.written) or estimator.reading
    if getattr(estimator, "held_out", None) is not None:
        settings["held_out"] = dict(estimator.held_out)
    estimator._finish(blueprint, network, options, tensors, settings)


def part_windows(windows: PathWindows, share: Any, seed: int) -> Parted:
    """Windows to learn from, and those that choose epoch and share.

    Whole scenes are kept for it where there are several: at least one, of five or more at least
    two. Of one scene its last part in time: what is to be forecast there is never learnt from.

    Args:
        windows: All.
        share: Of the scenes, or of the scene's steps, in (0, 1); None: nothing is kept.
        seed: By which scenes are drawn.

    Raises:
        ArgumentError: The share is none; or it leaves one part empty.
    """
    if share is None or share == 0:
        return Parted(windows, None, "none")
    number(above=0, below=1, wanted="a share between 0 and 1, or None").check("validation", share)
    scenes = np.unique(windows.scene)
    if len(scenes) > 1:
        least = 1 if len(scenes) < 5 else 2
        count = min(max(least, round(share * len(scenes))), len(scenes) - 1)
        chosen = generator(seed, "split").permutation(scenes)[:count]
        held = np.isin(windows.scene, chosen)
        names = [windows.paths.scenes[k].name for k in sorted(chosen)]
        how = f"{count} of {many(len(scenes), 'scene')}, seed {seed}: {quoted(names, 5)}"
        return Parted(windows.select(~held), windows.select(held), how)
    cut = int(np.quantile(windows.ends, 1 - share))
    held, kept = windows.ends >= cut, windows.ends + windows.ahead <= cut
    if not held.any() or not kept.any():
        found = f"{share:g} of one scene of {many(len(windows), 'window')} leaves one part empty"
        raise ArgumentError("validation", found, "a longer scene, another share, or None")
    how = f"what follows step {cut} of the scene: {many(int(held.sum()), 'window')}"
    return Parted(windows.select(kept), windows.select(held), how)


def examples_of(windows: PathWindows, frames: PathFrames) -> FutureExamples:
    """Windows as they are learnt from."""
    values = windows.values()
    seen, came = values[:, : windows.seen], values[:, windows.seen :, :2]
    return FutureExamples(frames.framed(seen, windows.others(frames.told_of), came), frames)


def _steps(estimator: Any, horizon: int | None, warm: Any) -> tuple[int, int]:
    """How many steps are read and forecast."""
    usual = (SEEN, AHEAD) if warm is None else (warm.seen, warm.ahead)
    seen = usual[0] if estimator.window is None else whole(2).check("window", estimator.window)
    ahead = usual[1] if horizon is None else whole(1).check("horizon", horizon)
    if warm is not None and (seen, ahead) != usual:
        found = f"{seen} steps read and {ahead} forecast"
        raise ArgumentError("window, horizon", found, f"{usual[0]} and {usual[1]}, as the model")
    return int(seen), int(ahead)


def _network(
    estimator: Any, frames: PathFrames, block: Mixture, warm: Any, options: Options
) -> tuple[Blueprint, Any]:
    """The network as data, and the module that is trained."""
    rate = estimator.dropout
    blocks = [Recurrent(tuple(estimator._cells())), Pool("last")]
    blocks += [*([Dropout(rate)] if rate else []), block]
    blueprint = Blueprint("sequence_to_vector", frames.features, {"body": tuple(blocks)})
    network = build(blueprint, seed=options.config.seed)
    if warm is not None:
        check_same_network(blueprint, warm.blueprint)
        take_weights(network, warm.bundle.weights)
    limit_memory(network, options.memory)
    return blueprint, network


def _believed(correcting: Correcting, held: PathWindows | None) -> tuple[Share, float]:
    """The share of the correction, and what widens the samples, by the validation part."""
    if held is None:
        return Share.untested(), 1.0
    said = correcting.said(held)
    came = held.values()[:, held.seen :, :2]
    errors = errors_by_share(said.plain, said.correction, came)
    share = Share.choose(errors, held.scene, held.who)
    rows = np.unique(np.linspace(0, len(held) - 1, min(len(held), _MOST)).astype(np.int64))
    return share, _width(correcting, said.select(rows), share.value, came[rows])


def _width(
    correcting: Correcting, said: Any, share: float, came: Float[np.ndarray, "W H 2"]
) -> float:
    """What deviations of samples are multiplied by, so that their circle holds what it says."""
    drawn = correcting.samples(said, np.full(len(said), share), _SAMPLES, 0)
    middle = said.plain + share * said.correction
    radius = np.quantile(apart(drawn, middle[:, None]), _LEVEL, axis=1)
    far = apart(middle, came)
    wanted = float(np.quantile(far / np.maximum(radius, 1e-9), _LEVEL))
    return float(np.clip(wanted, *_WIDTHS))
