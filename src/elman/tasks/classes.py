"""Which classes are learnt, found in y or known before, and how much each counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from elman.data import Sequences
from elman.errors import ArgumentError, DataError, ShapeError
from elman.metrics.features import weights_of_steps
from elman.parameters import real
from elman.runtime.targets import check_labels, is_column, label_indices
from elman.runtime.writing.states import LanguageStates
from elman.targets import Target
from elman.tasks.parts import Part
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import TextCodec

__all__ = [
    "KnownClasses",
    "belong_to_steps",
    "check_kind",
    "numbered_labels",
    "settled_classes",
    "shares_of_classes",
    "told_classes",
    "weights_by_class",
]


class KnownClasses(NamedTuple):
    """What is known of targets.

    Attributes:
        classes: Sorted.
        kind: Which they are; None: whichever come.
        open: Whether other classes may take the place of these.
        codec: What texts are cut by; None of features, and before it is fitted.
        states: Of the language models that describe the tokens; None: there are none.
        sound: What is read of sounds; None where there are none.
        fitted: Whether this is what a model knows: then it stays as it is.
    """

    classes: np.ndarray
    kind: Target | None
    open: bool = False
    codec: TextCodec | None = None
    states: LanguageStates | None = None
    sound: SoundFeatures | None = None
    fitted: bool = False

    def replaced(self, classes: np.ndarray, kind: Target) -> KnownClasses:
        """The same with the targets that were found."""
        return self._replace(classes=classes, kind=kind, open=False)


def check_kind(known: KnownClasses | None, kind: Target) -> None:
    """`ShapeError` where the labels are of another kind than those that were learnt."""
    if known is not None and known.kind not in (kind, None):
        expected = f"the kind {known.kind!s}, which was learnt; for another kind train a new model"
        raise ShapeError("y", f"targets of the kind {kind!s}", expected)


def settled_classes(own: np.ndarray, known: KnownClasses | None) -> tuple[np.ndarray, np.ndarray]:
    """The classes that are learnt, and where each of y's own stands among them.

    Raises:
        DataError: There is one class only, or one that is none of those known.
    """
    if known is not None:
        place = label_indices(own, known.classes)
        alike = (own.dtype.kind == "b") == (known.classes.dtype.kind == "b")
        if (place >= 0).all() and (alike or not known.open):
            return known.classes, place
        if not known.open:
            strange = own[place < 0][0]
            raise DataError(
                "y", f"label {strange.item()!r}", f"one of the classes {known.classes.tolist()}"
            )
    _check_several(own)
    return own, np.arange(len(own))


def belong_to_steps(told: bool | None, y: Any, sequences: Sequences) -> bool:
    """Whether the labels are those of steps: as told, or as their lengths say.

    Raises:
        ArgumentError: They may be either.
    """
    if told is not None:
        return told
    if is_column(y):  # though each sequence may have a single step
        return False
    if isinstance(y, np.ndarray) and y.dtype != object:
        rows = [y.shape[1]] * len(y) if y.ndim == 2 else []
    else:
        given = y if hasattr(y, "__iter__") else ()  # what it is instead is told by who checks it
        rows = [len(row) for row in given if isinstance(row, list | tuple | np.ndarray)]
    if len(rows) != len(sequences) or rows != sequences.lengths.tolist():
        return False
    apart = isinstance(y, np.ndarray) and y.dtype == object and y.ndim == 1  # no matrix by choice
    if sequences.ragged or len(set(rows)) > 1 or apart:
        return True
    raise ArgumentError(
        "per_step",
        f"y has {rows[0]} labels for each sequence of as many steps",
        "True for a class at each step, False for several labels a sequence",
    )


def numbered_labels(labels: np.ndarray, known: KnownClasses | None) -> np.ndarray:
    """The names 0…L-1 of the L labels; an error if another number of them has to be."""
    if known is not None and not known.open and len(known.classes) != labels.shape[1]:
        found = f"{labels.shape[1]} labels a sequence"
        raise ShapeError("y", found, f"{len(known.classes)} of them")
    return np.arange(labels.shape[1])


def shares_of_classes(
    index: np.ndarray, classes: int, weight: np.ndarray | None = None
) -> np.ndarray:
    """Which share of all rows each class has `[K]`; one without any as much as the rarest.

    >>> shares_of_classes(np.array([0, 0, 0, 2]), 3).tolist()
    [0.75, 0.25, 0.25]

    Args:
        index: Class indices `[N]`, N ≥ 1.
        classes: K.
        weight: Of each row, ≥ 0, not all 0; or None for alike.
    """
    found = np.bincount(index, weight, minlength=classes)
    return np.maximum(found, found[found > 0].min()) / found.sum()


def told_classes(classes: Any) -> KnownClasses:
    """What is known of targets whose labels are these.

    Raises:
        ArgumentError: It is no list.
        DataError: They are no labels, or one alone.
    """
    if isinstance(classes, str) or not hasattr(classes, "__iter__"):
        raise ArgumentError("classes", f"found {classes!r}", "a list of labels")
    given = list(classes)
    known = KnownClasses(np.unique(check_labels(given, len(given), "classes")), None)
    _check_several(known.classes)
    return known


def weights_by_class(given: Any, train: Part, classes: np.ndarray) -> np.ndarray | None:
    """The weights of the sequences `[N]`, or of their steps `[N, T]`, times those of their classes.

    Args:
        given: "balanced", or weights by label, or None for those of the part as they are.
        train: The part.
        classes: Of its targets, sorted.

    Raises:
        ArgumentError: It is none of these, or a sequence has several labels.
    """
    if given is None:
        return train.weight
    if train.kind is Target.LABELS:
        raise ArgumentError(
            "class_weight", "several labels a sequence", "use sample_weight, or None"
        )
    if train.kind is Target.CLASS_PER_STEP:
        steps = train.sequences.real
        own = weights_of_steps(train.weight, train.sequences.lengths)
        each = np.ones(int(steps.sum())) if own is None else own
        weight = np.zeros(steps.shape)
        weight[steps] = each * _of_classes(given, classes, train.targets[steps], each)
        return weight
    weight = np.ones(len(train)) if train.weight is None else train.weight
    return weight * _of_classes(given, classes, train.targets, weight)


def _check_several(classes: np.ndarray) -> None:
    if len(classes) < 2:
        raise DataError("y", f"one class only, {classes[0].item()!r}", "sequences of two or more")


def _of_classes(
    given: Any, classes: np.ndarray, index: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """For each row the weight of its class `[N]`."""
    if isinstance(given, str) and given == "balanced":
        found = np.bincount(index, weight, minlength=len(classes))
        return (weight.sum() / (len(classes) * np.maximum(found, 1e-12)))[index]
    if not isinstance(given, Mapping):
        raise ArgumentError(
            "class_weight",
            f"found {given!r}",
            "'balanced', a mapping of labels to weights, or None",
        )
    known = classes.tolist()
    for label, value in given.items():
        if label not in known:
            raise ArgumentError("class_weight", f"label {label!r}", f"some of the classes {known}")
        real(f"class_weight[{label!r}]", value, or_zero=True)
    each = np.array([given.get(label, 1.0) for label in known], dtype=np.float64)
    if not each[index].any():
        raise ArgumentError("class_weight", f"found {each.tolist()}", "weights that are not all 0")
    return each[index]
