"""Which pictures there are of what models of sequences answer, and of their inside, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elman import plots
from elman.data import LabelledSequences
from elman.errors import ArgumentError
from elman.metrics import confusion_matrix
from elman.metrics.features import real_steps
from elman.registry import task_of
from elman.runtime import ClassifierModel, RegressorModel, SequenceModel
from elman.runtime.targets import label_indices
from elman.targets import Target

__all__ = [
    "INSIDE",
    "OF_CLASSIFIERS",
    "OF_REGRESSORS",
    "draw_inside",
    "pictures_of",
    "save_all",
]


def _confusion(model: ClassifierModel, data: LabelledSequences, _index: int | None) -> Any:
    true, found = _labels(model, data), model.predict(data.sequences)
    return _confused(model, true, found)


def _confused(model: ClassifierModel, true: np.ndarray, found: np.ndarray) -> Any:
    """The confusion of labels `[N]`; those that the model does not know stand below its own."""
    foreign = np.unique(true[label_indices(true, model.classes_) < 0])
    classes = np.concatenate([model.classes_, foreign]) if len(foreign) else model.classes_
    return plots.confusion(confusion_matrix(true, found, classes), list(classes))


def _misread(model: ClassifierModel, data: LabelledSequences, _index: int | None) -> Any:
    chances = model.predict_proba(data.sequences)
    found = model.classes_[chances.argmax(axis=1)]
    true = list(_labels(model, data))
    names = model.feature_names
    return plots.misread(data.sequences.rows(), true, list(found), chances, feature_names=names)


def _reading(model: ClassifierModel, data: LabelledSequences, index: int | None) -> Any:
    labels = _labels(model, data)
    if index is None:
        index = _most_undecided(model, data)
    sequence = _sequence_at(data, index)
    if label_indices(labels[index : index + 1], model.classes_)[0] < 0:
        found = f"{index}: its label {labels[index]!s} is not one of the model's"
        raise ArgumentError("--index", found, "a sequence whose label is")
    if model.texts:
        pieces, beliefs = model.pieces(sequence), model.trace(sequence)
        if not pieces:
            raise ArgumentError("--index", f"text {index} has no words", "another text")
        return plots.sentence(pieces, beliefs, list(model.classes_), labels[index])
    beliefs, classes, names = model.trace(sequence), list(model.classes_), model.feature_names
    return plots.reading(sequence, beliefs, classes, labels[index], feature_names=names)


def _regression(model: RegressorModel, data: LabelledSequences, _index: int | None) -> Any:
    true, found = np.asarray(data.labels), model.predict(data.sequences)
    if model.per_step:
        true, found = real_steps(true, data.sequences.lengths), np.concatenate(found)
    return plots.regression(true.reshape(found.shape), found, _targets(model))


OF_CLASSIFIERS = {"confusion": _confusion, "misread": _misread, "reading": _reading}
OF_REGRESSORS = {"regression": _regression}


def pictures_of(model: SequenceModel) -> Mapping[str, Callable[..., Any]]:
    """The pictures of this model's answers to labelled data, by name.

    A picture of one sequence shows the one at an index; None chooses an instructive one.
    """
    if model.target in (Target.LABELS, Target.CLASS_PER_STEP):
        return {}  # a sequence has no single answer to draw
    known = task_of(model.task).load_pictures()
    if getattr(model, "texts", None):
        return {name: draw for name, draw in known.items() if draw is not _misread}
    return known


INSIDE = ("unrolled", "gates", "states")
"""The pictures of a model while it reads one sequence."""


def draw_inside(kind: str, model: SequenceModel, data: LabelledSequences, index: int) -> Any:
    """The picture `kind`, one of `INSIDE`, of a model that reads the sequence at `index`.

    Raises:
        ArgumentError: There is no such sequence.
        ShapeError: The sequence does not fit the model, or is empty.
    """
    recording = model.record(_sequence_at(data, index))
    classes = getattr(model, "classes_", None)
    if classes is not None:
        classes = list(model.target_names if model.target is Target.LABELS else classes)
    names: dict[str, Any] = {"feature_names": model.feature_names or data.feature_names}
    if kind == "gates":
        return plots.gates(recording, **names)
    draw = plots.unrolled if kind == "unrolled" else plots.states
    return draw(recording, classes, target_names=_targets(model), **names)


def _targets(model: SequenceModel) -> list[str] | None:
    """What the numbers that a model gives are called, where that is known."""
    return None if model.named_targets is None else list(model.named_targets)


def _sequence_at(data: LabelledSequences, index: int) -> Any:
    if not 0 <= index < len(data):
        raise ArgumentError("--index", f"found {index}", f"0 to {len(data) - 1}")
    return data.sequences.one(index)


def save_all(
    folder: Path,
    model: SequenceModel,
    data: LabelledSequences | None,
    history: Sequence[Mapping[str, Any]],
) -> list[Path]:
    """Draw every picture that there is into a folder; returns their paths."""
    figures = {"curves": plots.learning_curves(history, score_name=model.score_name)}
    if data is not None:
        figures |= {kind: draw(model, data, None) for kind, draw in pictures_of(model).items()}
    paths = []
    for kind, figure in figures.items():
        paths.append(folder / f"{kind}.png")
        plots.save(figure, paths[-1])
    return paths


def _labels(model: ClassifierModel, data: LabelledSequences) -> np.ndarray:
    """The labels, of which the model has to know some."""
    labels = np.asarray(data.labels)
    if len(labels) and (label_indices(labels, model.classes_) < 0).all():
        found = f"no label is one of the model's, as {labels[0]!s} is not"
        raise ArgumentError("--data", found, "data with its labels")
    return labels


def _most_undecided(model: ClassifierModel, data: LabelledSequences, among: int = 100) -> int:
    """Of the first sequences that it reads rightly, the one on which it changes its mind most."""
    most = -1
    labels = _labels(model, data)
    best = int(np.argmax(label_indices(labels, model.classes_) >= 0))  # where none is read rightly
    for k in range(min(among, len(data))):
        beliefs = model.trace(data.sequences.one(k))
        if not len(beliefs):
            continue
        leaders = model.classes_[beliefs.argmax(axis=1)]
        changes = int((leaders[1:] != leaders[:-1]).sum())
        if leaders[-1] == labels[k] and changes > most:
            best, most = k, changes
    return best
