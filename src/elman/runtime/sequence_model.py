"""What models of sequences have in common: their parts, their answers, a look inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from elman.blueprint import Blueprint
from elman.bundle import Bundle, unpack_strings
from elman.data import Drawings, Recordings, Sequences, as_sequences
from elman.data.readers import columns_for, is_given_as_table, label_told, read_given
from elman.data.readers.drawing_sequences import pen_sequences
from elman.data.sequences import arranged
from elman.errors import ArgumentError, BundleError
from elman.kernels import native
from elman.metrics.scorecards import SHARES, TITLES, Card, first_scores, interval, verdict
from elman.runtime.network import (
    Network,
    Recording,
    Run,
    run_batches,
    scaled_sequence,
    sequences_for,
)
from elman.runtime.seen import Seen
from elman.runtime.targets import check_weight, in_order_of
from elman.runtime.travelling import (
    baseline_tensors,
    below,
    metadata_of,
    reading_of,
    scaler_from,
    setting_of,
)
from elman.runtime.writing.states import LanguageStates, Passage
from elman.targets import Target

__all__ = ["SequenceModel"]


class SequenceModel(ABC):
    """A network that says something of sequences; each task adds what.

    Args:
        bundle: Of the task.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        target: The kind of what was learnt.
        n_features_in_: Features of a step.
        feature_names: Of these, where what was learnt had some: then answers go by them.
        reading: What the training was told of its table: options of `elman.data.read`.
        axes: Of arrays, as the estimator's parameter.
        baselines: What the score is held against, or None.
        seen: Which sequences it was trained and validated on, or None where the file is older.
        held_out: The names of sequences of the same data that were held out for a test.
        metadata: How the model was trained: plain data.
        states: The language models whose states are features of each step beside; or None.
        input_scaler: What each feature is brought to mean 0 and deviation 1 by, or None.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str]
    score_name: ClassVar[str] = "accuracy"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}
    target: Target

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", f"give a {self.task}'s")
        self.bundle = bundle
        self.blueprint: Blueprint = bundle.blueprint
        self.n_features_in_ = self.blueprint.input_size
        self.metadata = metadata_of(bundle)
        names = setting_of(bundle, "features", list, None)
        self.feature_names = None if names is None else tuple(map(str, names))
        targets = setting_of(bundle, "targets", list, None)
        self._columns_of_targets = None if targets is None else tuple(map(str, targets))
        self.reading = reading_of(bundle)
        self.axes: str | None = setting_of(bundle, "axes", str, None)
        tensors = baseline_tensors(bundle)
        self.baselines: Any = self._baselines(tensors) if tensors else None
        self.input_scaler = scaler_from(bundle, "inputs", self.n_features_in_)
        prints, held_out = below(bundle, "seen."), below(bundle, "held_out.")
        self.seen = Seen.from_tensors(prints) if prints else None
        names = unpack_strings(held_out, "names of held-out sequences") if held_out else ()
        self.held_out: tuple[str, ...] = tuple(names)
        self.states = LanguageStates.of_bundle(bundle)
        self._read(bundle)
        self._given = run
        self._numpy = Network(bundle.blueprint, bundle.weights) if self._described else None
        self._run: Run = self._network.run if run is None else run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    @property
    def _described(self) -> bool:
        return self.blueprint.described

    @property
    def _network(self) -> Network:
        """What answers step by step; `ArgumentError` where the network is one of a user's own."""
        if self._numpy is None:
            raise ArgumentError(
                "network",
                f"{self.blueprint.describe()}, one of your own",
                "its class answers whole sequences only: predict and evaluate",
            )
        return self._numpy

    # ---- what each task says ------------------------------------------------------------------

    @abstractmethod
    def _read(self, bundle: Bundle) -> None:
        """Take what the task has in its bundle; `BundleError` where it is missing."""

    @abstractmethod
    def answered(self, outputs: np.ndarray) -> np.ndarray:
        """The network's outputs `[..., K]` in the task's terms: probabilities, numbers."""

    @abstractmethod
    def rows(
        self, sequences: Sequences, ids: Sequence[str], **options: Any
    ) -> Iterator[dict[str, Any]]:
        """The answers as rows of a table, values by column.

        Args:
            sequences: N of them.
            ids: Their names.
            options: Of `answer_options`, those that were given.
        """

    @abstractmethod
    def _scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
        """`score` and further ones; and the targets and weights that the baselines are held to."""

    def _baselines(self, tensors: Mapping[str, np.ndarray]) -> Any:
        """What the score is held against, from the bundle's arrays.

        It has `notes` and `scorecards`, as `elman.metrics.ClassificationBaselines`.
        """
        raise BundleError("baselines", f"a {self.task} has none", "save the model again")

    def _compared(
        self, sequences: Sequences, true: np.ndarray, weight: np.ndarray | None
    ) -> tuple[Sequences, np.ndarray, np.ndarray | None]:
        """What the baselines answer for, and the targets and weights that they are held to."""
        return sequences, true, weight

    @property
    def named_targets(self) -> tuple[str, ...] | None:
        """What labels and numbers are called: as the columns that they come from; or None.

        Classes have names of their own.
        """
        if self.target not in (Target.LABELS, Target.NUMBERS, Target.NUMBERS_PER_STEP):
            return None
        label, count = self.reading.get("label"), self.blueprint.output_size
        listed = [label] if isinstance(label, str) else label or ()
        names = self._columns_of_targets
        if names is None:
            names = tuple(part.strip() for text in listed for part in text.split(","))
        return names if len(names) == count else None

    @property
    def target_names(self) -> tuple[str, ...]:
        """What the outputs are called, classes aside: `named_targets`, else 0, 1, ..."""
        return self.named_targets or tuple(map(str, range(self.blueprint.output_size)))

    @property
    def reads_ids(self) -> bool:
        """Whether the sequences are of token ids."""
        return self.blueprint.vocabulary is not None

    # ---- what they have in common -------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        reads = f"{self.n_features_in_} features a step"
        if self.feature_names is not None:
            reads = f"{', '.join(self.feature_names)} at each step"
        if self.reads_ids:
            reads = f"token ids below {self.blueprint.vocabulary}"
        columns = dict(self.reading)
        told = {"reads": reads, "columns": columns, "answers": str(self.target)}
        if self.states is not None:
            told["features"] = f"{self.states.describe()}, in the model file"
        return told

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The task's score; larger is better; NaN where it is not defined. See `evaluate`."""
        found = self.evaluate(X, y, sample_weight)["score"]
        return float("nan") if found is None else found

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        """Scores, and those of the baselines beside them.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`, or a table as it was trained on.
            y: As it was trained on; None: the labels in that table.
            sample_weight: `[N]`, or None; per step each step has its sequence's weight, or its own:
                `[N, T]` or a list of `[T_i]`.

        Returns:
            `metric`, `score`, `sequences` N, `level` (of instructions, as `native.isa`), what the
            task adds, `seen` (how many of these sequences it was trained or validated on; None
            where that is not known), `baselines` (each one's score by its name),
            `baseline_scores` (each one's further scores, by the names that the task's have),
            `verdict` (a sentence: whether it is worth more than they are; None without any),
            `notes` (sentences that belong to the scores). An accuracy over sequences has its 95 %
            `interval`, too. What is not defined is None.

        Raises:
            ShapeError, DataError: X, y or the weights do not fit.
        """
        sequences, y = self.labelled(X, y)
        weight = check_weight(sample_weight, sequences, self.target.per_step)
        scores, true, each = self._scores(sequences, y, weight)
        notes = scores.pop("notes", [])
        score = {"metric": self.score_name, "score": scores.pop("score")}
        about: dict[str, Any] = {"sequences": len(sequences), "level": native.isa()}
        about["seen"] = self._seen(sequences, notes)
        cards: dict[str, Card] = {}
        if self.baselines is not None:
            cards = self.baselines.scorecards(*self._compared(sequences, true, each))
            notes.extend(self.baselines.notes)
        held = first_scores(cards)
        judged = self._judged(score["score"], held, len(sequences) if weight is None else 0)
        told = {"baselines": held, "baseline_scores": cards, **judged, "notes": notes}
        return {**score, **about, **scores, **told}

    @property
    def _judged_by(self) -> str:
        """What the score is called in the verdict."""
        return self.score_name

    def _judged(
        self, score: float | None, baselines: dict[str, float], rows: int
    ) -> dict[str, Any]:
        """The verdict; of an accuracy over so many sequences its interval, too."""
        title = self._judged_by
        if score is None:
            return {"verdict": f"No verdict: {title} is not defined here."}
        share = title in (TITLES[name] for name in SHARES)
        between = interval(score, rows) if share and rows and not self.target.per_step else None
        told: dict[str, Any] = {} if between is None else {"interval": list(between)}
        told["verdict"] = None
        if baselines:
            told["verdict"] = verdict(title, score, baselines, share=share, between=between)
        return told

    def _seen(self, sequences: Sequences, notes: list[str]) -> int | None:
        """How many of these it has learnt from, about; a note where there are some."""
        if self.seen is None:
            return None
        found, told = self.seen.among(sequences)
        if not found.any():
            return 0
        count = round(len(sequences) * float(found.sum()) / float(told.sum()))
        about = "" if told.all() else "about "
        notes.append(
            f"{about}{count:,} of these {len(sequences):,} sequences are not new: the model was "
            "trained or validated on them"
        )
        return count

    def trace(self, sequence: Any) -> np.ndarray:
        """The answer `[T, K]` after each step of one sequence, had it ended there.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature.
        """
        _, inputs = self._scaled(sequence)
        if self.states is None:
            return self.answered(self._completed(self._network.trace(inputs[None])[0], sequence))
        each = [
            self._network.run(inputs[None, : t + 1], None, given)[0]
            for t, given in enumerate(self._beginnings(sequence, len(inputs)))
        ]
        found = np.array(each).reshape(len(inputs), -1)
        return self.answered(self._completed(found, sequence))

    def record(self, sequence: Any) -> Recording:
        """Gates, states and answers at each step of one sequence.

        The inputs of what is returned are the sequence itself, unscaled; the answers are in the
        task's terms.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature; T ≥ 1.
        """
        given, inputs = self._scaled(sequence)
        beside = None if self.states is None else self.states.at([self._passage(sequence)])[0]
        recording = self._network.record(inputs, beside)
        answers = self.answered(self._completed(recording.answers, sequence))
        return replace(recording, inputs=given, answers=answers)

    def _completed(self, outputs: np.ndarray, sequence: Any) -> np.ndarray:
        """A network's outputs `[T, K]` after each step of one sequence, as the task has them.

        `outputs` may add to what the network says; then this adds the same.
        """
        return outputs

    def _scaled(self, sequence: Any) -> tuple[np.ndarray, np.ndarray]:
        """One sequence as it was given, its features in order, and as the network reads it."""
        if hasattr(sequence, "columns"):
            sequence = self.sequences([sequence]).rows()[0]
        else:
            (sequence,) = arranged([sequence], self.axes)
        return scaled_sequence(sequence, self.blueprint, self.input_scaler)

    def sequences(self, X: Any) -> Sequences:
        """X as this model reads it; errors as `elman.data.as_sequences`, or `elman.data.read`."""
        if is_given_as_table(X):
            return self.labelled(X, None, needed=False)[0]
        if isinstance(X, Drawings):
            X = pen_sequences(X)
        X = arranged(X, self.axes if self.axes is not None else "NTI")
        frames = isinstance(X, list | tuple) and len(X) > 0 and hasattr(X[0], "columns")
        if self.feature_names is not None and (frames or isinstance(X, Sequences)):
            # Names say more of what does not fit than the number of features does.
            X = as_sequences(X).named(self.feature_names)
        return sequences_for(self.blueprint, X).named(self.feature_names)

    def labelled(self, X: Any, y: Any, *, needed: bool = True) -> tuple[Sequences, Any]:
        """X as this model reads it, and its labels: y, or those in the table X.

        Args:
            X: Sequences in any form, or a table as it was trained on.
            y: Labels; None: those of the table; or the name of their column.
            needed: Whether the table must have labels.
        """
        if isinstance(X, Recordings | Drawings):
            y = X.labels if y is None else y
        if not is_given_as_table(X):
            return self.sequences(X), in_order_of(self.named_targets, y)
        told: dict[str, Any] = {**columns_for(self), "labelled": needed, "grouped": False}
        if self.feature_names is not None:
            told["features"] = list(self.feature_names)
        X, y = read_given(X, self.label_columns(y), self.reading, **told)
        return self.sequences(X), in_order_of(self.named_targets, y)

    def label_columns(self, y: Any) -> Any:
        """Columns of a table, where y names these, in the order in which they were learnt."""
        names = label_told(y).get("label")
        known = self.named_targets
        if isinstance(names, list) and known is not None and sorted(names) == sorted(known):
            return list(known)
        return y

    def read(self, sequences: Sequences) -> np.ndarray:
        """What the network reads of them: scaled features `[N, T, I]`, or token ids `[N, T]`."""
        if self.input_scaler is None:
            return sequences.values
        return self.input_scaler.transform(sequences.values, sequences.lengths)

    def outputs(self, sequences: Sequences) -> np.ndarray:
        """The network's outputs `[N, K]`, or `[N, T, K]` with zeros past each length."""
        return run_batches(
            self._run, sequences, self.blueprint, self.input_scaler, self._features_of_language
        )

    # ---- features of language models -------------------------------------------------------------

    def _passages(self, sequences: Sequences) -> list[Passage]:
        """The text of each sequence, and where its steps stand in it."""
        raise BundleError("readers", f"a {self.task} reads no text", "save the model again")

    def _passage(self, sequence: Any) -> Passage:
        """Likewise of one."""
        return self._passages(self.sequences([sequence]))[0]

    @property
    def _features_of_language(self) -> Callable[[Sequences], np.ndarray] | None:
        """Gives what language models hold at each step `[N, T, G]`; None where there are none."""
        states = self.states
        if states is None:
            return None

        def found(sequences: Sequences) -> np.ndarray:
            given = np.zeros((*sequences.values.shape[:2], states.size), np.float32)
            for n, row in enumerate(states.at(self._passages(sequences))):
                given[n, : len(row)] = row
            return given

        return found

    def _beginnings(self, sequence: Any, steps: int) -> list[np.ndarray | None]:
        """What language models hold of each beginning of a sequence `[1, t + 1, G]`."""
        if self.states is None:
            return [None] * steps
        whole = self._passage(sequence)
        cut = [
            Passage(whole.text[: whole.places[t, 1]], whole.places[: t + 1]) for t in range(steps)
        ]
        return [found[None] for found in self.states.at(cut)]
