"""A trained transcriber, answering without torch: what is said in recordings, and in streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from elman.bundle import Bundle
from elman.data.recordings import Recordings
from elman.data.sequences import Sequences
from elman.data.text_sequences import as_texts
from elman.decoding import Collapse, Hotwords, LabelModel, Labels, PrefixOptions, PrefixSearch
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.kernels import native
from elman.kernels.ctc import best_alignments, fits
from elman.printable import closest, many
from elman.runtime.network import Network, Run, run_batches
from elman.runtime.transcribing.hearing import Heard, heard, log_softmax
from elman.runtime.transcribing.judging import (
    SCORE,
    SpokenBaselines,
    card_of,
    notes_on_silence,
    verdict_of,
)
from elman.runtime.transcribing.language import hotwords_of, label_model
from elman.runtime.transcribing.listening import Endpoints, Listening, Parts
from elman.runtime.transcribing.transcript import (
    Transcript,
    label_of,
    spoken_ids,
    transcript_of,
)
from elman.runtime.travelling import (
    baseline_tensors,
    codec_of,
    metadata_of,
    reading_of,
    scaler_from,
    setting_of,
    sound_of,
)

__all__ = ["TranscriberModel"]


class TranscriberModel:
    """Says what is spoken in a recording.

    Args:
        bundle: Of the task.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        codec: What labels are: class k + 1 of the network is its id k, class 0 the blank.
        sound: How samples become steps; None: only features are read.
        input_scaler: What each feature is brought to mean 0 and deviation 1 by, or None.
        baselines: What the scores are held against, or None.
        metadata: How the model was trained: plain data.
        reading: What the training was told of its files.
        held_out: What part of which data was held out for a test, or None.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str] = "transcriber"
    score_name: ClassVar[str] = SCORE
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", f"give a {self.task}'s")
        self.bundle, self.blueprint = bundle, bundle.blueprint
        labels = self.blueprint.output_size - 1
        codec = codec_of(bundle, "codec", labels)
        if codec is None or self.blueprint.configuration != "sequence_to_sequence":
            raise BundleError("bundle", "no codec, or no network of steps", "save it again")
        self.codec = codec
        self.sound = sound_of(bundle)
        self.step_seconds = 1.0 if self.sound is None else self.sound.step_seconds
        self.input_scaler = scaler_from(bundle, "inputs", self.blueprint.input_size)
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        self.held_out = setting_of(bundle, "held_out", dict, None)
        tensors = baseline_tensors(bundle)
        self.baselines = SpokenBaselines.from_tensors(tensors) if tensors else None
        self.network, self._given = Network(bundle.blueprint, bundle.weights), run
        self._run: Run = self.network.run if run is None else run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    @property
    def streams(self) -> bool:
        """Whether it can listen: its network reads forward, and it knows what samples become."""
        return self.blueprint.streams and self.sound is not None

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        reads = f"{self.blueprint.input_size} features a step"
        return {
            "reads": reads if self.sound is None else self.sound.describe(),
            "columns": dict(self.reading),
            "answers": f"texts, as {self.codec.describe()}",
            "listens to streams": "yes" if self.streams else "no",
            "hash of the codec": self.codec.hash,
        }

    # ---- what is said ---------------------------------------------------------------------------

    def transcribe(self, X: Any, **given: Any) -> Any:
        """What is spoken, as the most probable labels.

        Args:
            X: The path of a file or folder of sounds, a list of paths, `Recordings`; or features
                `[N, T, F]`, a list of `[T_i, F]`. A path that cannot be read is an error:
                `elman.data.read_recordings` leaves out what is broken, and says so.
            given: As of `searching`: without any the most probable class of each frame decides.

        Returns:
            A `Transcript` for a single path, a list of them for all else; with `n_best` above 1 in
            place of each a list of them, best first.

        Raises:
            ArgumentError, ShapeError, DataError, FormatError: X or an option is none of these.
        """
        search = self.searching(**given)
        several = given.get("n_best", 1) > 1
        found = []
        for scores in self.scores(X):
            one = search()
            one.advance(scores)
            said = [self._transcript(labels) for labels in one.answers()]
            found.append(said if several else said[0])
        single = not isinstance(X, list | tuple | np.ndarray | Recordings) and len(found) == 1
        return found[0] if single else found

    def predict(self, X: Any, **given: Any) -> list[str]:
        """The texts alone; arguments and errors as of `transcribe`."""
        if given.get("n_best", 1) != 1:
            raise ArgumentError(
                "n_best", f"found {given['n_best']}", "transcribe, which has several"
            )
        found = self.transcribe(X, **given)
        return [one.text for one in ([found] if isinstance(found, Transcript) else found)]

    def searching(
        self,
        *,
        beam_size: int | None = None,
        language_model: Any = None,
        hotwords: Sequence[str] = (),
        boost: float = 2.0,
        **options: Any,
    ) -> Any:
        """What makes a search for labels: called without arguments, one for each recording.

        Args:
            beam_size: Beginnings that are kept side by side; None: no search, the most probable
                class of each frame decides, unless another argument needs a beam, which then is 8.
            language_model: A `GeneratorModel`, or a fitted `Generator`, that has the labels among
                its tokens.
            hotwords: Texts that are made more likely.
            boost: By how many nats for each of their labels.
            options: Further fields of `elman.decoding.PrefixOptions`.

        Raises:
            ArgumentError: Something is out of its range, or the language model has other labels.
        """
        hot = hotwords_of(hotwords, self.codec, boost)
        model = None if language_model is None else label_model(language_model, self.codec)
        if options.get("n_best") == 1:  # which is no reason to search
            del options["n_best"]
        if beam_size is None and model is None and hot is None and not options:
            return Collapse
        sizes = {} if beam_size is None else {"beam_size": beam_size}
        return _Searching(self._options({**sizes, **options}), model, hot)

    @staticmethod
    def _options(given: dict[str, Any]) -> PrefixOptions:
        known = [one.name for one in fields(PrefixOptions)]
        for name in given:
            if name not in known:
                expected = closest(name, known)
                raise ArgumentError(name, "is no option of a transcription", expected)
        return PrefixOptions(**given)

    def scores(self, X: Any) -> list[np.ndarray]:
        """The log-probability of each class at each step, float64 `[T_i, K]`, the blank's first.

        Arguments and errors as of `transcribe`.
        """
        return self._scores(self.heard(X))

    def heard(self, X: Any) -> Heard:
        """X as steps of features, unscaled; arguments and errors as of `transcribe`."""
        return heard(X, self.sound, self.blueprint.input_size)

    def sequences(self, X: Any) -> Sequences:
        """The same without names."""
        return self.heard(X).sequences

    def read(self, sequences: Sequences) -> np.ndarray:
        """What the network reads of steps: scaled features `[N, T, F]`."""
        if self.input_scaler is None:
            return sequences.values
        return self.input_scaler.transform(sequences.values, sequences.lengths)

    def _scores(self, given: Heard) -> list[np.ndarray]:
        outputs = run_batches(self._run, given.sequences, self.blueprint, self.input_scaler)
        lengths = given.sequences.lengths.tolist()
        return [log_softmax(row[:n]) for row, n in zip(outputs, lengths, strict=True)]

    def align(self, X: Any, y: Any = None) -> list[Transcript]:
        """Where each label of texts that are known is said: the most probable path to them.

        Args:
            X: As of `transcribe`.
            y: N texts; None: those of the `Recordings`.

        Raises:
            DataError: The labels of a text do not fit into its steps, or are unknown.
            ShapeError, ArgumentError, FormatError: As of `transcribe`.
        """
        given, texts = self._labelled(X, y)
        found = []
        for n, (scores, text) in enumerate(zip(self._scores(given), texts, strict=True)):
            ids, unknown = spoken_ids(self.codec, text)
            if unknown:
                wrong = f"{text!r:.60} has {many(unknown, 'unknown label')}"
                raise DataError(f"y[{n}]", wrong, "labels that were learnt")
            labels = label_of(ids)[None]
            sizes = np.array([len(scores)]), np.array([len(ids)])
            if not fits(sizes[0], labels, sizes[1]).all():
                wrong = f"{many(len(ids), 'label')} in {many(len(scores), 'step')} do not fit"
                raise DataError(f"y[{n}]", wrong, "a longer recording, or a smaller stride")
            paths, _ = best_alignments(scores[None], sizes[0], labels, sizes[1])
            one = Collapse()
            one.advance(np.where(np.arange(scores.shape[1]) == paths[0][:, None], scores, -np.inf))
            (said,) = one.answers()
            found.append(self._transcript(said))
        return found

    def listen(self, *, silence: float = 1.0, longest: float = 30.0, **given: Any) -> Listening:
        """A stream of samples that is transcribed while it comes.

        Args:
            silence: Seconds without a label that end a segment.
            longest: Seconds from which on it ends at the next step without a label.
            given: As of `searching`.

        Raises:
            ArgumentError: The network reads in both directions, or reads features only; or an
                option is out of its range.
        """
        if self.sound is None or not self.blueprint.streams:
            found = "a model of features, without samples"
            if self.sound is not None:
                found = "a network that reads in both directions, and so needs the whole"
            raise ArgumentError("listen", found, "a model of sounds that reads forward")
        if given.get("n_best", 1) != 1:
            raise ArgumentError("n_best", f"found {given['n_best']} of a stream", "leave it out")
        search = self.searching(**given)
        parts = Parts(self.network, self.input_scaler, self.codec, self.sound, search)
        return Listening(parts, Endpoints(silence=silence, longest=longest))

    def _transcript(self, labels: Labels) -> Transcript:
        return transcript_of(labels, self.codec, self.step_seconds)

    # ---- what it is worth -----------------------------------------------------------------------

    def evaluate(self, X: Any, y: Any = None, **given: Any) -> dict[str, Any]:
        """What the model is worth on recordings whose texts are known, beside its baselines.

        Args:
            X: As of `transcribe`.
            y: N texts, or N lists of labels; None: the texts of the `Recordings`.
            given: As of `searching`.

        Returns:
            `metric`, `score`, `recordings`, what `judging.card_of` says, `unknown` (labels of the
            texts that the model does not know), `seconds` of sound (None of features), `level` (of
            instructions), `baselines` (each one's score by its name), `baseline_scores`,
            `verdict`, `notes`. What is not defined is None.

        Raises:
            ShapeError, DataError, ArgumentError, FormatError: As of `transcribe`; or there are no
                texts.
        """
        heard_of, true = self._labelled(X, y)
        search, said = self.searching(**given), []
        for scores in self._scores(heard_of):
            one = search()
            one.advance(scores)
            said.append(self._transcript(one.answers()[0]).text)
        card = card_of(said, true, self.codec)
        others = {} if self.baselines is None else self.baselines.texts()
        cards = {name: card_of([text] * len(true), true, self.codec)
                 for name, text in others.items()}  # fmt: skip
        baselines = {name: one[SCORE] for name, one in cards.items()}
        unknown = sum(spoken_ids(self.codec, text)[1] for text in true)
        return {
            "metric": SCORE,
            "score": card[SCORE],
            "recordings": len(true),
            **card,
            "unknown": unknown,
            "seconds": self._seconds(heard_of),
            "level": native.isa(),
            "baselines": baselines,
            "baseline_scores": cards,
            "verdict": verdict_of(card[SCORE], baselines),
            "notes": [*heard_of.notes, *_unknown(unknown, card), *notes_on_silence(said, true)],
        }

    def score(self, X: Any, y: Any = None) -> float:
        """1 - edits for each true label: larger is better; NaN where there is none."""
        found = self.evaluate(X, y)["score"]
        return float("nan") if found is None else found

    def _seconds(self, given: Heard) -> float | None:
        if self.sound is None:
            return None
        return float(given.sequences.lengths.sum()) * self.step_seconds

    def _labelled(self, X: Any, y: Any) -> tuple[Heard, list[str]]:
        given = self.heard(X)
        if y is None:
            y = getattr(X, "texts", None)
            if y is None:
                raise ArgumentError("y", "not given, and X has no texts", "the texts")
        texts = texts_of(y)
        if len(texts) != len(given.sequences):
            raise ShapeError("y", f"{len(texts)} texts", f"{len(given.sequences)}, one for each")
        return given, texts


class _Searching:
    """Makes searches that share options, language model and hotwords."""

    def __init__(
        self, options: PrefixOptions, model: LabelModel | None, hot: Hotwords | None
    ) -> None:
        self._given = options, model, hot

    def __call__(self) -> PrefixSearch:
        return PrefixSearch(*self._given)


def texts_of(y: Any, where: str = "y") -> list[str]:
    """What is said in each recording, as texts; lists of labels are joined by blanks.

    Raises:
        ShapeError, DataError: They are neither; or a label has a blank in it, or is empty.
    """
    listed = y.tolist() if isinstance(y, np.ndarray) else y
    if not isinstance(listed, list | tuple) or not listed or isinstance(listed[0], str):
        return [*as_texts(listed, where).texts]
    found = []
    for n, row in enumerate(listed):
        if not isinstance(row, list | tuple):
            raise DataError(f"{where}[{n}]", f"found {row!r:.60}", "a text, or a list of labels")
        for label in row:
            if not isinstance(label, str) or label.split() != [label]:
                raise DataError(f"{where}[{n}]", f"found the label {label!r:.60}", "a word each")
        found.append(" ".join(row))
    return found


def _unknown(count: int, card: Mapping[str, Any]) -> tuple[str, ...]:
    if not count:
        return ()
    total = card["label_errors"]["labels"]
    return (f"{count:,} of {total:,} labels are unknown to the model: each can only be wrong.",)
