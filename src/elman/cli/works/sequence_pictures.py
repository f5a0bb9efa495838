"""Which pictures there are of what models of sequences answer, and of their inside, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elman import plots
from elman.cli.works.conclusion import save_figures
from elman.data import LabelledSequences
from elman.data.sound_sequences import SoundSequences
from elman.data.text_sequences import TextSequences
from elman.data.words import WordSequences
from elman.errors import ArgumentError
from elman.metrics import confusion_matrix
from elman.metrics.features import real_steps
from elman.registry import task_of
from elman.runtime import ClassifierModel, RegressorModel, SequenceModel, TaggerModel
from elman.runtime.targets import check_labels, check_step_labels, label_indices
from elman.targets import Target

__all__ = [
    "INSIDE",
    "OF_CLASSIFIERS",
    "OF_REGRESSORS",
    "OF_TAGGERS",
    "draw_inside",
    "needs_labels",
    "pictures_of",
    "save_all",
]


def _confusion(
    model: ClassifierModel | TaggerModel, data: LabelledSequences, _index: int | None
) -> Any:
    """Of sequences, or of all steps; labels that the model does not know stand below its own."""
    true, found = _labels(model, data), model.predict(data.sequences)
    if model.target.per_step:
        found = np.concatenate(found)
    foreign = np.unique(true[label_indices(true, model.classes_) < 0])
    classes = np.concatenate([model.classes_, foreign]) if len(foreign) else model.classes_
    counted = "steps" if model.target.per_step else ""
    return plots.confusion(confusion_matrix(true, found, classes), list(classes), counted=counted)


def _misread(
    model: ClassifierModel | TaggerModel, data: LabelledSequences, _index: int | None
) -> Any:
    chances: Any = model.predict_proba(data.sequences)
    places = None
    if model.target.per_step:
        chances, places = np.concatenate(chances), np.argwhere(data.sequences.real)
    found = model.classes_[chances.argmax(axis=1)]
    true, names = list(_labels(model, data)), model.feature_names
    if isinstance(data.sequences, TextSequences):
        return plots.misread_texts(data.sequences.texts.tolist(), true, list(found), chances)
    sounds = isinstance(data.sequences, SoundSequences)
    rows = (model.sequences(data.sequences) if sounds else data.sequences).rows()
    return plots.misread(rows, true, list(found), chances, places=places, feature_names=names)


def _mistagged(model: TaggerModel, data: LabelledSequences, index: int | None) -> Any:
    if not isinstance(data.sequences, WordSequences):
        return _misread(model, data, index)
    words = [word for row in data.sequences.texts() for word in row]
    said = np.concatenate(model.predict(data.sequences))
    return plots.mistagged(words, _labels(model, data).tolist(), said.tolist())


def _reading(model: ClassifierModel, data: LabelledSequences, index: int | None) -> Any:
    labels = None if data.labels is None else _labels(model, data)
    if index is None:
        index = _most_undecided(model, data, labels)
    sequence, true = _sequence_at(data, index), None if labels is None else labels[index]
    if labels is not None and label_indices(labels[index : index + 1], model.classes_)[0] < 0:
        found = f"{index}: its label {true!s} is not one of the model's"
        raise ArgumentError("--index", found, "a sequence whose label is")
    if model.texts:
        pieces, beliefs = model.pieces(sequence), model.trace(sequence)
        if not pieces:
            raise ArgumentError("--index", f"text {index} has no words", "another text")
        return plots.sentence(pieces, beliefs, list(model.classes_), true)
    beliefs, classes, names = model.trace(sequence), list(model.classes_), model.feature_names
    sequence = sequence if model.sound is None else model.sound.of(sequence)
    return plots.reading(sequence, beliefs, classes, true, feature_names=names)


def _regression(model: RegressorModel, data: LabelledSequences, _index: int | None) -> Any:
    true, found = np.asarray(data.labels), model.predict(data.sequences)
    if model.per_step:
        true, found = real_steps(true, data.sequences.lengths), np.concatenate(found)
    return plots.regression(true.reshape(found.shape), found, _targets(model))


def _rates(model: ClassifierModel, data: LabelledSequences, _index: int | None) -> Any:
    found = model.predict(data.sequences)
    true = check_labels(data.labels, len(found))
    if true.shape != found.shape:
        raise ArgumentError("--data", "other labels than the model's", "data with its labels")
    return plots.rates(true, found, list(model.target_names))


OF_CLASSIFIERS = {
    "confusion": _confusion,
    "misread": _misread,
    "reading": _reading,
    "rates": _rates,
}
OF_REGRESSORS = {"regression": _regression}
OF_TAGGERS = {"confusion": _confusion, "misread": _mistagged}


_NONE_OF = {
    Target.CLASS: ("rates",),
    Target.LABELS: ("confusion", "misread", "reading"),
    Target.CLASS_PER_STEP: ("reading", "rates"),
}
"""The pictures that cannot be drawn of some kinds of answers."""


def pictures_of(model: SequenceModel) -> Mapping[str, Callable[..., Any]]:
    """The pictures of this model's answers to labelled data, by name.

    A picture of one sequence shows the one at an index; None chooses an instructive one.
    """
    none = _NONE_OF.get(model.target, ())
    known = task_of(model.task).load_pictures()
    return {name: draw for name, draw in known.items() if name not in none}


def needs_labels(kind: str, model: SequenceModel) -> bool:
    """Whether a picture of answers is of nothing where labels are not known."""
    return not (kind == "reading" and getattr(model, "texts", None) == "always")


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
    sound = getattr(model, "sound", None)
    told = data.feature_names if sound is None else sound.names
    names: dict[str, Any] = {"feature_names": model.feature_names or told}
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
    return save_figures(figures, folder)


def _labels(model: ClassifierModel | TaggerModel, data: LabelledSequences) -> np.ndarray:
    """The labels of all sequences, or of all steps, of which the model has to know some."""
    labels = np.asarray(data.labels)
    if model.target.per_step:
        index, known = check_step_labels(data.labels, data.sequences)
        labels = known[index][data.sequences.real]
    if len(labels) and (label_indices(labels, model.classes_) < 0).all():
        found = f"no label is one of the model's, as {labels[0]!s} is not"
        raise ArgumentError("--data", found, "data with its labels")
    return labels


def _most_undecided(
    model: ClassifierModel, data: LabelledSequences, labels: np.ndarray | None, among: int = 100
) -> int:
    """Of the first sequences that it reads rightly, the one on which it changes its mind most."""
    best, most = 0, -1
    if labels is not None:  # where none is read rightly
        best = int(np.argmax(label_indices(labels, model.classes_) >= 0))
    for k in range(min(among, len(data))):
        beliefs = model.trace(data.sequences.one(k))
        if not len(beliefs):
            continue
        leaders = model.classes_[beliefs.argmax(axis=1)]
        changes = int((leaders[1:] != leaders[:-1]).sum())
        if (labels is None or leaders[-1] == labels[k]) and changes > most:
            best, most = k, changes
    return best
