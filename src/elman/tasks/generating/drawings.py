"""How a generator learns drawings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from elman.blueprint import Block, Blueprint, Dropout, Recurrent, SoftWindow
from elman.data.drawings import Drawings
from elman.errors import ArgumentError, DataError
from elman.metrics.pens import PenBaselines, fit_pens
from elman.models import build, limit_memory
from elman.printable import many
from elman.runtime.drawing.framing import Framing, pen_block
from elman.tasks.fitting import Fitted, Options, summary, take_weights, train_module
from elman.tasks.head import check_same_network
from elman.tasks.split import split
from elman.training.loop.pens import PenExamples, PenLoss, PenNetwork

__all__ = ["learn_drawings"]

_WINDOWS = 5  # on a text
_SPARE = 32  # characters that a text may be longer than those that were learnt


def learn_drawings(estimator: Any, X: Drawings, y: Any = None) -> None:
    """Train a generator on drawings; see `elman.tasks.Generator.fit`.

    Args:
        estimator: The generator.
        X: Drawings.
        y: Their labels, in place of those that X has; or None.

    Raises:
        ArgumentError, BlueprintError: A parameter is outside its range, or asks for what the data
            do not have.
        DataError: There are too few drawings, or labels are not known to the model that goes on.
        TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
    """
    if y is not None:
        X = replace(X, labels=np.asarray(y).astype(str))
    options, warm = estimator._options(), estimator._warm()
    train, held, how = _parts(estimator, X, options.config.seed)
    framing = _framing(estimator, train) if warm is None else warm.framing
    taught, kept = (_targets(framing, part) for part in (train, held))
    examples = PenExamples.of(taught, framing.told_of(train), framing)
    aside = PenExamples.of(kept, framing.told_of(held), framing) if len(held) else None
    blueprint = _blueprint(estimator, framing) if warm is None else warm.blueprint
    network = build(blueprint, seed=options.config.seed)
    if framing.condition == "text":
        letters = sum(map(len, train.texts or ()))
        network.body[0].begin_with(max(1, letters) / sum(map(len, taught)))
    if warm is not None:
        check_same_network(_blueprint(estimator, framing), warm.blueprint)
        take_weights(network, warm.bundle.weights)
    limit_memory(network, options.memory)
    trained = _trained(estimator, network, framing, examples, aside, options)
    estimator.history_ = trained.history
    about: dict[str, Any] = {
        "train_drawings": len(train),
        "train_points": sum(len(one) - 1 for one in taught),
        "validation": how,
        "validation_drawings": len(held),
        "condition": framing.condition,
    }
    tensors = framing.tensors()
    if estimator.baselines:
        fitted = fit_pens(taught)
        tensors |= {f"baselines.{name}": array for name, array in fitted.tensors().items()}
        if kept:
            about["validated_baselines"] = _levels(fitted, kept, framing.scale)
    result = summary("generator", blueprint, about, trained.history, options.config)
    settings = {"drawing": framing.settings(), "metadata": result}
    if estimator.held_out is not None:
        settings["held_out"] = dict(estimator.held_out)
    estimator._finish(blueprint, network, options, tensors, settings)


def _parts(estimator: Any, data: Drawings, seed: int) -> tuple[Drawings, Drawings, str]:
    """Drawings to learn from, those to choose the epoch on, and how they were parted."""
    given = estimator.validation
    if given is None:
        return data, data.select([]), "none: the last epoch is kept"
    if isinstance(given, Drawings):
        return data, given, f"{many(len(given), 'drawing')} that were given"
    if not isinstance(given, float | np.floating) or not 0 < given < 1:
        expected = "a share between 0 and 1, drawings, or None"
        raise ArgumentError("validation", f"found {given!r:.80}", expected)
    classes = None
    if data.labels is not None:
        classes = np.unique(data.labels, return_inverse=True)[1]
    drawn = split(len(data), float(given), seed, classes, data.groups)
    if not len(drawn.held_out) or not len(drawn.train):
        found = f"{given:g} of {many(len(data), 'drawing')} leaves one part empty"
        raise DataError("X", found, "more drawings, or validation=None")
    how = drawn.how.replace("sequences", "drawings")
    return data.select(drawn.train), data.select(drawn.held_out), how


def _framing(estimator: Any, train: Drawings) -> Framing:
    """How drawings are read, as found in the training part."""
    condition = estimator.condition
    if condition == "auto":
        condition = "text" if train.texts is not None else "none"
        condition = "class" if train.labels is not None else condition
    missing = {"class": train.labels is None, "text": train.texts is None}
    if missing.get(condition, False):
        found = f"{condition!r}, and the drawings have no {condition}"
        raise ArgumentError("condition", found, "auto, or drawings with one each")
    known = () if train.labels is None or condition != "class" else train.labels
    classes = tuple(sorted(set(map(str, known))))
    characters = set() if condition != "text" else set("".join(train.texts or ()))
    size = "height" if condition == "text" else "larger"
    tolerance = float(estimator.tolerance)
    rough = Framing(1.0, size, tolerance, condition, classes, tuple(sorted(characters)), 1)
    prepared = rough.prepared(train)
    moves = np.concatenate([one[:, :2] for one in prepared.steps()])
    scale = float(np.sqrt((moves**2).mean())) or 1.0
    room = 0
    if condition == "text":
        room = max(map(len, train.texts or ("",))) + 1 + _SPARE
    return replace(rough, scale=scale, longest=max(map(len, prepared.points)), room=room)


def _targets(framing: Framing, data: Drawings) -> list[np.ndarray]:
    return [framing.targets(one) for one in framing.prepared(data).steps()]


def _blueprint(estimator: Any, framing: Framing) -> Blueprint:
    cells, blocks = estimator._cells(), list[Block]()
    if framing.condition == "text":
        first, *others = cells
        blocks.append(SoftWindow(first, len(framing.characters) + 1, _WINDOWS, framing.room))
        cells = tuple(others)
    if cells:
        blocks.append(Recurrent(cells))
    if estimator.dropout:
        blocks.append(Dropout(float(estimator.dropout)))
    body = (*blocks, pen_block(int(estimator.components)))
    return Blueprint("sequence_to_sequence", framing.features, {"body": body})


def _trained(
    estimator: Any,
    network: Any,
    framing: Framing,
    train: PenExamples,
    held: PenExamples | None,
    options: Options,
) -> Fitted:
    block: Any = network.blueprint.chains["body"][-1]
    module = PenNetwork(network, framing.condition == "text").to(options.device)
    loss = PenLoss(block, framing.scale)
    return train_module(module, loss, replace(train, deform=float(estimator.deform)), held, options)


def _levels(fitted: PenBaselines, kept: list[np.ndarray], scale: float) -> dict[str, float]:
    """Nats a point of the baselines on the validation part."""
    points = sum(len(one) - 1 for one in kept)
    each = [fitted.log_probabilities(one) for one in kept]
    more = 2 * math.log(scale)
    return {
        name: more - sum(float(row[name].sum()) for row in each) / points for name in fitted.names
    }
