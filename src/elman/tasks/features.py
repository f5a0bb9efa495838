"""What language models know of words and tokens, as features of an estimator's sequences."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from elman.data import Sequences
from elman.data.sets.catalogue import cache_folder
from elman.errors import ArgumentError, BundleError
from elman.run_files import model_file
from elman.runtime.generator import GeneratorModel
from elman.runtime.loading import load
from elman.runtime.writing.states import LanguageStates, Passage, StateReader
from elman.tasks.beginning import model_of
from elman.tasks.head import OtherNetworkError
from elman.tasks.own import GIVEN, packed_models
from elman.tasks.parameters import FeatureParameters
from elman.tasks.parts import Part, Parts
from elman.tensor_files import Form, read, write
from elman.terminal import Terminal
from elman.transforms.text.codec import hash_of

__all__ = ["Described", "check_no_features_from", "language_states", "with_states"]

_FORM = Form(
    entry="elman_features",
    version=1,
    noun="features",
    wanted="delete the file: it is made again",
    folder="delete it",
    types={"of": str},
    prefixes=("states.",),
)
_MANY = 0.01  # a share of unknown tokens that must be said
_TOGETHER = 512  # passages that are read before some are told of
_QUIET = 30.0  # seconds without a line, where there is no bar

Told = Callable[[int, int], None]
"""Called with how many characters were read, and how many there are."""


def check_no_features_from(estimator: FeatureParameters, instead: str) -> None:
    """`ArgumentError` where language models are given, and X holds features."""
    if estimator.features_from is not None:
        raise ArgumentError(
            "features_from", "given, and X holds features", f"None, or X as {instead}"
        )


def language_states(estimator: FeatureParameters, warm: Any) -> LanguageStates | None:
    """The language models of an estimator; None where there are none.

    Args:
        estimator: Its parameters.
        warm: The model that goes on, or None. It has its language models in itself, as that has
            which the estimator starts from.

    Raises:
        ArgumentError: What is given is no language model, or two that read in one direction.
        BundleError: A file holds no model.
        OtherNetworkError: They are others than those of the model that goes on.
    """
    given = estimator.features_from
    if warm is None:
        start = None if given is None else getattr(estimator, "start", None)
        source = None if start is None else model_of(start)[0]
        held = getattr(source, "states", None)
        if held is not None and _alike(given, source):
            return held
        return None if given is None else _opened(given)
    told = warm.bundle.settings.get("estimator", {}).get("features_from")
    if _alike(given, warm):
        return warm.states
    fresh = None if given is None else _opened(given)
    hashes = [None if one is None else one.hash for one in (fresh, warm.states)]
    if hashes[0] != hashes[1]:
        found = "other language models than those that the model that goes on was learnt with"
        raise OtherNetworkError("features_from", found, f"{told!r}, or a fresh fit")
    return warm.states


def _alike(given: Any, model: Any) -> bool:
    """Whether the parameter names the language models that a model was learnt with."""
    told = model.bundle.settings.get("estimator", {}).get("features_from")
    return given == GIVEN or (GIVEN != told == packed_models(given))


def _opened(given: Any) -> LanguageStates:
    if given == GIVEN:
        found = "models of your own, which the file's parameters do not hold"
        raise ArgumentError("features_from", found, "give them again")
    several = given if isinstance(given, list | tuple) else [given]
    readers = [StateReader.of(_generator(one)) for one in several]
    ways = ["from the end" if reader.backward else "forward" for reader in readers]
    if len({*ways}) < len(ways):
        expected = "one that reads forward and one that reads from the end (backward=True)"
        raise ArgumentError("features_from", f"two that read {ways[0]}", expected)
    return LanguageStates(sorted(readers, key=lambda reader: reader.backward))


def _generator(given: Any) -> GeneratorModel:
    """The language model in a file or a run's folder, or itself."""
    where, model = "a model", given
    if isinstance(given, str | os.PathLike):
        where = os.fspath(given)
        model = load(model_file(where))
    if isinstance(model, GeneratorModel):
        return model
    if hasattr(given, "get_params"):  # a copy of it, as scikit-learn makes them, is not fitted
        raise ArgumentError("features_from", f"found {given!r:.60}", "its model_, or its file")
    task = getattr(model, "task", None)
    found = f"{where} of the task {task}" if task else f"found {given!r:.60}"
    raise ArgumentError("features_from", found, "a generator: `elman train generator` makes one")


# ---- what is learnt from ------------------------------------------------------------------------


class Described(NamedTuple):
    """Parts whose steps are looked up, and what is found there.

    Attributes:
        parts: Sequences of int64 `[N, T, 2]`: a word's number or a token's id; a row of the table.
        table: float32 `[M + 1, G]`; zeros in row 0, which stands past each length.
        notes: What is said of it, in sentences.
    """

    parts: Parts
    table: np.ndarray
    notes: tuple[str, ...]


def with_states(
    estimator: Any,
    parts: Parts,
    states: LanguageStates,
    passages_of: Callable[[Any], list[Passage]],
    what: str,
) -> Described:
    """What language models hold at each step of both parts, read once a different sequence.

    Args:
        estimator: Its parameters.
        parts: Their sequences are of words' numbers or tokens' ids `[N, T]`.
        states: Of the language models.
        passages_of: A sequence's text and where its steps stand in it.
        what: What a step is.
    """
    both = [part for part in (parts.train, parts.validation) if part is not None]
    passages = [passages_of(part.sequences) for part in both]
    different = {one.key: one for each in passages for one in each}
    steps = [len(one.places) for one in different.values()]
    first = dict(zip(different, np.cumsum([1, *steps]).tolist(), strict=False))
    table, notes = _table([*different.values()], states, estimator)
    found = [_looked_up(*pair, first) for pair in zip(both, passages, strict=True)]
    if estimator.verbose:
        notes = (f"Each {what} has {states.describe()}, in the model file.", *notes)
    for reader in states.readers:
        unknown = reader.unknown([*different.values()])
        if unknown >= _MANY or (unknown and estimator.verbose):
            notes = (*notes, f"{unknown:.2%} of the tokens are unknown to {reader.describe()}.")
    validation = found[1] if len(found) > 1 else None
    return Described(replace(parts, train=found[0], validation=validation), table, notes)


def _looked_up(part: Part, passages: Sequence[Passage], first: dict[Any, int]) -> Part:
    """A part whose steps are a number and a row of the table."""
    sequences = part.sequences
    starts = np.array([first[one.key] for one in passages])
    rows = starts[:, None] + np.arange(sequences.values.shape[1])
    rows = np.where(sequences.real, rows, 0)
    values = np.stack([sequences.values, rows], axis=2).astype(np.int64)
    return replace(part, sequences=Sequences(values, sequences.lengths))


def _table(
    passages: list[Passage], states: LanguageStates, estimator: Any
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The numbers of all steps of different passages; out of the cache folder, where asked for."""
    rows = 1 + sum(len(one.places) for one in passages)
    if not estimator.keep_features:
        return _read(passages, states, rows, estimator.verbose), ()
    content = {f"{k}": np.frombuffer("\0".join(map(str, one.key)).encode("utf-8", "surrogatepass"),
                                     np.uint8) for k, one in enumerate(passages)}  # fmt: skip
    asked = hash_of({"states": np.frombuffer(states.hash.encode(), np.uint8), **content})
    path = cache_folder() / "features" / f"{asked}.safetensors"
    notes: tuple[str, ...] = ()
    if path.exists():
        try:
            told, arrays = read(path, _FORM, lambda _told, _listed: None)
            table = arrays["states.table"]
            if told["of"] == asked and table.shape == (rows, states.size):
                said = f"What the language models hold is read from {path}."
                return table, (said,) if estimator.verbose else ()
            notes = (f"{path} holds something else, and is made anew.",)
        except (BundleError, KeyError) as error:
            notes = (f"{path} is damaged, and is made anew ({error}).",)
    table = _read(passages, states, rows, estimator.verbose)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, _FORM, {"of": asked}, {"states.table": table})
    except (OSError, BundleError) as error:
        return table, (*notes, f"What the language models hold is not kept: {error}.")
    if estimator.verbose:
        notes = (*notes, f"What the language models hold is kept in {path}.")
    return table, notes


def _read(passages: list[Passage], states: LanguageStates, rows: int, shown: bool) -> np.ndarray:
    """The table of `_table`, some passages at a time, so that nothing is held twice."""
    table, row, before = np.zeros((rows, states.size), np.float32), 1, 0
    total = sum(len(one.text) for one in passages)
    with _progress() if shown else _silence() as told:
        for first in range(0, len(passages), _TOGETHER):
            part = passages[first : first + _TOGETHER]
            for found in states.at(part):
                table[row : row + len(found)] = found
                row += len(found)
            before += sum(len(one.text) for one in part)
            told(before, total)
    return table


@contextmanager
def _silence() -> Iterator[Told]:
    yield lambda done, total: None


@contextmanager
def _progress() -> Iterator[Told]:
    """How far the reading is: a bar on a terminal, elsewhere a line every half minute."""
    console, said = Terminal(stderr=True), time.perf_counter()
    title = "reading with the language models"
    if console.is_terminal:
        columns = (TextColumn(title), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bars:
            bar = bars.add_task(title)
            yield lambda done, total: bars.update(bar, completed=done, total=total)
        return

    def line(done: int, total: int) -> None:
        nonlocal said
        if time.perf_counter() - said > _QUIET:
            said = time.perf_counter()
            console.print(f"{title}: {done / max(1, total):.0%}", markup=False, highlight=False)

    yield line
