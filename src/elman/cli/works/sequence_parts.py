"""Which sequences a training learns from, which ones test it, which ones judge a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from elman.cli.options import WRITTEN, options_from, read_labelled, scored_part
from elman.cli.works import Options
from elman.data import LabelledSequences
from elman.data.readers import columns_for, test_part
from elman.data.readers.sound import SoundOptions
from elman.data.readers.text import TextOptions
from elman.errors import ArgumentError, DataError
from elman.printable import many, quoted
from elman.registry import loaded
from elman.runtime.targets import label_indices
from elman.targets import Target

__all__ = ["TABLE", "SequenceParts", "judged_part", "remembered", "split_sequences", "table_of"]
__all__ += ["asked_of", "told_of"]

_SOUNDS = {
    name: (kind, f"Sounds: {text[0].lower()}{text[1:]}")
    for name, (kind, text) in options_from(SoundOptions).items()
    if name not in ("label", "group")
}
TABLE: Options = {
    "series": (str, "Table: the column that names the sequence."),
    "time": (str, "Table: the column that orders the steps: numbers or times."),
    "label": (str, "Table: the column of the label or number to predict; of several numbers a,b."),
    **options_from(TextOptions),
    "text": (
        str,
        "Table: the column of texts, for a classifier; for a tagger of words, a word a step.",
    ),
    "features": (str, "Table: the columns to read as features, as a,b; else all others."),
    "ignore": (str, "Table: columns to leave out, as note,id."),
    "missing": (
        str,
        "How missing values are filled: linear (between the neighbours) or previous; else they "
        "are an error.",
    ),
    "labels": (str, "Folder: the table of labels beside the files' names; else looked for."),
    "comments": (str, "Columns of words and tags: what a line of comment begins with, as #."),
    **_SOUNDS,
    "axes": (str, ".npz: the axes of X, NTI (steps before features) or NIT."),
    **WRITTEN,
}
"""What may be told of the data that are read."""

_TOLD = (*TABLE, "group")
_LISTED = ("features", "ignore", "label")
_OF_ONE = (
    "features",
    "ignore",
    "labels",
    "each",
    "drop_empty",
    "numbers_as_text",
    *_SOUNDS,
)  # what concerns just the data that are read
_TEST_SHARE = 0.2  # of own data, where nothing else is said
_SPLIT = "elman.tasks.split:split"  # loaded where it is used: answers need no torch
_TEST_SEED = 0  # not the training's: other trainings are held to the same test part


@dataclass(frozen=True, eq=False)
class SequenceParts:
    """What a training learns from, and what tests it.

    Attributes:
        data: What was read to train on, all of it.
        training: Of that what is learnt from; the validation part is still in it.
        test: None where there is none.
        split: How they were parted, as plain data for `result.json`; `how` says it in words.
        drawn: Whether the test part was drawn from the same data.
        notes: What is to be known of the test part before the training, in sentences.
        advice: What would give a test part where there is none.
    """

    data: LabelledSequences
    training: LabelledSequences
    test: LabelledSequences | None
    split: dict[str, Any]
    drawn: bool = False
    notes: tuple[str, ...] = ()
    advice: str = "--test DATA, or a --test-share"


def split_sequences(about: Mapping[str, Any], estimator: Any) -> SequenceParts:
    """The sequences that a training is told to read, and what it holds out of them.

    Args:
        about: Of `Settings`.
        estimator: What is trained: it says of which kind the targets are.

    Raises:
        DataError, ArgumentError: The data cannot be read, have no labels, or are too few for the
            share that was asked for.
    """
    source, test, share = about["data"], about.get("test"), about.get("test_share")
    if share is not None and not 0 <= share < 1:
        raise ArgumentError("--test-share", f"found {share}", "a share in [0, 1); 0 holds out none")
    kind, told = _asked_of(estimator), told_of(about)
    training = read_labelled(source, "train" if scored_part(source) else None, told, kind)
    if test is not None:
        if share:
            raise ArgumentError("--test-share", "given with --test", "one of the two")
        read = read_labelled(test, scored_part(test), told, {**kind, "grouped": False})
        how = f"{len(read):,} sequences of {read.name}"
        return _given(training, read, how, estimator.target, "--test")
    if share == 0:
        return SequenceParts(
            training, training, None, {"kind": "none", "how": "none: all are for training"}
        )
    if scored_part(source):
        if share is not None:
            found = f"{source} has a test part of its own"
            raise ArgumentError("--test-share", found, "leave it out, or 0 for none")
        read = read_labelled(source, "test", told, kind)
        how = f"its test part, {len(read):,} sequences"
        return _given(training, read, how, estimator.target, f"{source}, test part")
    if share is None and (beside := test_part(source)) is not None:
        read = read_labelled(str(beside[0]), beside[1], told, kind)
        how = f"{read.name}, which lies beside, {len(read):,} sequences"
        return _given(training, read, how, estimator.target, read.name)
    return _drawn(training, about, estimator)


def _asked_of(estimator: Any) -> dict[str, Any]:
    """What a table holds for an estimator; for one that goes on, the features it has learnt."""
    names = getattr(estimator, "feature_names_in_", None)
    return columns_for(estimator) | ({} if names is None else {"features": list(names)})


def _given(
    training: LabelledSequences, test: LabelledSequences, how: str, target: Target, where: str
) -> SequenceParts:
    """A test part that was given; what does not fit it is said now, not after the training."""
    wanted, found = (
        training.sequences.features,
        test.sequences.named(training.sequences.names, where),
    )
    if found.features != wanted:
        expected = f"{wanted}, as what is trained on"
        raise DataError(where, f"{found.features} features a step", expected)
    test = test.with_labels_of(training.label_names or None)
    facts = {"kind": "given", "how": how, "training": len(training), "test": len(test)}
    if target in (Target.CLASS, Target.CLASS_PER_STEP):
        labels = _flat(training.labels), _flat(test.labels)
        return SequenceParts(
            training, training, test, facts, notes=_not_learnt_classes(*labels, target, where)
        )
    return SequenceParts(training, training, test, facts)


def _flat(labels: Any) -> np.ndarray:
    """The labels of all sequences, or of all their steps."""
    rows = [np.ravel(row) for row in labels]
    return np.concatenate(rows) if rows else np.array([])


def _not_learnt_classes(
    learnt: np.ndarray, wanted: np.ndarray, target: Target, where: str
) -> tuple[str, ...]:
    """A sentence about the labels that nothing is learnt of; none where all are learnt.

    Raises:
        DataError: Nothing is learnt of any of them.
    """
    known = np.unique(learnt)
    foreign = label_indices(wanted, known) < 0
    if not foreign.any():
        return ()
    names = quoted(np.unique(wanted[foreign]).tolist())
    if foreign.all():
        expected = f"labels of what is trained on: {quoted(known.tolist())}"
        raise DataError(where, f"none of its labels is learnt: {names}", expected)
    what = "step" if target.per_step else "sequence"
    count = int(foreign.sum())
    have = "has" if count == 1 else "have"
    return (
        f"{where}: {many(count, what)} {have} a label that is not learnt, {names}: "
        "no answer to them can be right",
    )


def _drawn(data: LabelledSequences, about: Mapping[str, Any], estimator: Any) -> SequenceParts:
    """A share of the data held out, by whole sequences and groups."""
    split = loaded(_SPLIT)
    asked, seed = about.get("test_share"), about.get("test_seed", _TEST_SEED)
    share = _TEST_SHARE if asked is None else asked
    if seed < 0:
        raise ArgumentError("--test-seed", f"found {seed}", "a whole number of at least 0")
    classes = _classes(data, estimator)
    mixed = classes is None and not estimator.target.numbers
    drawn = split(len(data), share, seed, classes, data.groups, mixed)
    lacking = _lacking(len(data), drawn, share)
    # Of groups at least one is held out wherever one can be: no other share helps.
    larger = "" if data.groups is not None else "a larger share, "
    if lacking and asked is not None:
        raise ArgumentError("--test-share", lacking, f"{larger}--test DATA, or 0 for none")
    advice = "--test DATA, or a larger --test-share" if larger else "--test DATA"
    if not lacking:
        lacking = _unvalidated(estimator, drawn.train, classes, data.groups)
        advice = "--test DATA, or --validation 0, which leaves enough to hold some out"
    if lacking and asked is None:
        facts = {"kind": "none", "how": f"none: {lacking}"}
        return SequenceParts(data, data, None, facts, advice=advice)
    facts: dict[str, Any] = {"kind": "held out", "how": drawn.how, "share": share, "seed": seed}
    facts |= {"by class": classes is not None, "group": about.get("group")}
    if drawn.groups is not None:
        facts["groups"] = dict(zip(("training", "test"), drawn.groups, strict=True))
    training, test = data.select(drawn.train), data.select(drawn.held_out)
    facts |= {"training": len(training), "test": len(test)}
    return SequenceParts(data, training, test, facts, drawn=True)


def _classes(data: LabelledSequences, estimator: Any) -> np.ndarray | None:
    """The class of each sequence as indices `[N]`; None where it has none of its own."""
    labels = np.asarray(data.labels)
    if estimator.target is not Target.CLASS or labels.ndim != 1 or labels.dtype == object:
        return None
    return np.unique(labels, return_inverse=True)[1]


def _lacking(rows: int, drawn: Any, share: float) -> str | None:
    """Why nothing was held out; None where something was."""
    if len(drawn.held_out):
        return None
    if drawn.groups is not None:
        return f"of {many(sum(drawn.groups), 'group')} none can be held out"
    return f"{share:g} of {rows} sequences is not one"


def _unvalidated(
    estimator: Any, rows: np.ndarray, classes: np.ndarray | None, groups: np.ndarray | None
) -> str | None:
    """Why what is left is too little to validate on; None where it is not."""
    given = estimator.get_params()
    validation = given["validation"]
    if not isinstance(validation, float):
        return None
    some, others = (None if each is None else each[rows] for each in (classes, groups))
    split = loaded(_SPLIT)
    if len(split(len(rows), validation, given["seed"], some, others).held_out):
        return None
    kind, left = ("sequence", len(rows)) if others is None else ("group", len(np.unique(others)))
    return f"{many(left, kind)} would be left, too few to validate on"


# ---- what a model reads -------------------------------------------------------------------------


def told_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of a table, as `elman.data.read` takes it."""
    found = {name: given[name] for name in _TOLD if given.get(name) is not None}
    for name in _LISTED:
        if isinstance(found.get(name), str) and (name != "label" or "," in found[name]):
            found[name] = [part.strip() for part in found[name].split(",")]
    return found


def asked_of(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """`told_of` for a model: the columns of its labels in the order in which it learnt them."""
    told = told_of(given)
    label = told.get("label")
    listed = label if isinstance(label, list) else []
    if model.named_targets and sorted(listed) == sorted(model.named_targets):
        told["label"] = list(model.named_targets)
    return told


def remembered(about: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a training is told of its data what its model file keeps."""
    return {name: value for name, value in told_of(about).items() if name not in _OF_ONE}


def table_of(model: Any, labelled: bool = True) -> dict[str, Any]:
    """How a table is read for a model that knows its features' names, and how it was trained.

    Args:
        model: The model.
        labelled: Whether there must be labels.
    """
    told = {**told_of(model.reading), **columns_for(model), "labelled": labelled, "grouped": False}
    if model.feature_names is not None:
        told["features"] = list(model.feature_names)
    return told


def judged_part(
    model: Any, source: str, part: str | None, told: Mapping[str, Any]
) -> tuple[LabelledSequences, str]:
    """Labelled sequences to judge a model on, and which part of the data they are.

    Of the file that a training held a test part out of, that part alone unless another is asked
    for; of any other file all.

    Args:
        model: The model.
        source: A set's name or a path.
        part: train, test or all; of a file, what was learnt from and what was not.
        told: What the command line says of the table.

    Raises:
        ArgumentError, DataError: There is no such part; or as `read_labelled`.
    """
    whole = scored_part(source)
    if whole is not None:
        part = part or whole
        return _read(model, source, part, told), part
    if part not in (None, "train", "test", "all"):
        raise ArgumentError("--part", f"found {part!r}", "train, test or all")
    data = _read(model, source, None, told)
    if part == "all" or model.seen is None:
        if part in ("train", "test"):
            raise ArgumentError("--part", "the model does not know what it learnt from", "all")
        return data, "all"
    test, same = _not_learnt(model, data)
    if part is None and not same:
        return data, "all"
    rows = np.flatnonzero(~test if part == "train" else test)
    if not len(rows):
        found = f"holds no sequence that was {'' if part == 'train' else 'not '}learnt from"
        raise DataError(data.name, found, "--part all, or other data")
    kept = data.select(rows)
    if part is None:
        kept = replace(kept, notes=(*kept.notes, _only(len(rows), len(data))))
    return kept, part or "test"


def _read(model: Any, source: str, part: str | None, told: Mapping[str, Any]) -> LabelledSequences:
    """Labelled sequences with the labels that the model has learnt."""
    return read_labelled(source, part, told, table_of(model)).with_labels_of(model.named_targets)


def _only(rows: int, of: int) -> str:
    return (
        f"the model was trained on these data: judged on the {rows:,} of {of:,} sequences that "
        "were held out (--part all: on every one)"
    )


def _not_learnt(model: Any, data: LabelledSequences) -> tuple[np.ndarray, bool]:
    """Which sequences were held out or are new `[N]`; and whether these are the training's data."""
    found, told = model.seen.among(model.sequences(data.sequences))
    held = np.isin(np.array(data.ids), np.array(model.held_out, dtype=str))
    rest = ~held
    whole = bool(model.held_out) and int(held.sum()) == len(model.held_out)
    same = whole and bool((rest & told).any()) and bool(found[rest & told].all())
    return (held if same else ~found), same
