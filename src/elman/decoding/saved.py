"""A search in one file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from elman.decoding.constraints import Allowed, Constraints, Pieces
from elman.decoding.hypotheses import ENDINGS, Hypothesis
from elman.decoding.options import SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.state import batch_size, packed, unpacked
from elman.tensor_files import Form, Listed, below, read, write

__all__ = ["Kept", "digest_of_pieces", "read_search", "write_search"]

_FORM = Form(
    entry="elman_search",
    version=1,
    noun="search",
    wanted="give a file that a search was saved to",
    folder="give the file in it that a search was saved to",
    types={"model": str, "options": dict, "told": dict, "structure": list},
    prefixes=("tensors.", "start.", "state."),
)
_TOLD = {
    "eos": (int, type(None)),
    "expression": (str, type(None)),
    "stop": (list,),
    "allowed": (bool,),
    "pieces": (str,),
}
_TENSORS = {  # dtype and rank
    "go": (np.int64, 1),
    "row_ids": (np.int64, 1),
    "banned": (np.int64, 1),
    "required": (np.int64, 1),
    "prefix": (np.int64, 1),
    "prefix_ends": (np.int64, 1),
    "context": (np.int64, 1),
    "context_ends": (np.int64, 1),
    "hypotheses": (np.int64, 2),  # row, slot, ending, tokens, log-probabilities
    "scores": (np.float64, 2),  # total, score
    "tokens": (np.int64, 1),
    "log_probabilities": (np.float64, 1),
}


@dataclass(frozen=True)
class Kept:
    """What a search is: what it was told, and how far it has come.

    Attributes:
        model: As in `Search`; so `options`, `constraints`, `eos`.
        go: Each row's first token.
        row_ids: Each row's id.
        context: As in `Search`.
        pieces: The digest of the tokens' texts; empty: not known.
        start: The state before the first step, a row each.
        state: That of the open hypotheses, in their order.
        hypotheses: Those that ended and those that are open, each in their order.
    """

    model: str
    options: SearchOptions
    constraints: Constraints
    eos: int | None
    go: list[int]
    row_ids: list[int]
    context: list[list[int]]
    pieces: str
    start: Any
    state: Any
    hypotheses: list[Hypothesis]


def digest_of_pieces(pieces: Pieces | None) -> str:
    """sha256 of the tokens' texts; empty if they are not known."""
    if pieces is None:
        return ""
    digest = hashlib.sha256()
    for piece in pieces:
        content = piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece
        digest.update(b"-" if content is None else b"%d:%b" % (len(content), content))
    return digest.hexdigest()


def write_search(path: str | os.PathLike[str], kept: Kept) -> None:
    """Write a search atomically; `BundleError` if it cannot be."""
    told, hypotheses = kept.constraints, kept.hypotheses
    structure, start = packed(kept.start)
    _, state = packed(kept.state)
    description = {
        "model": kept.model,
        "options": kept.options.to_dict(),
        "structure": [structure],
        "told": {
            "eos": kept.eos,
            "expression": told.expression,
            "stop": list(told.stop),
            "allowed": told.allowed is not None,
            "pieces": kept.pieces,
        },
    }
    numbers = [
        (one.row, one.slot, ENDINGS.index(one.ended), len(one.tokens), len(one.log_probabilities))
        for one in hypotheses
    ]
    arrays = {
        "go": np.array(kept.go, np.int64),
        "row_ids": np.array(kept.row_ids, np.int64),
        "banned": np.array(told.banned, np.int64),
        "required": np.array(told.required, np.int64),
        "prefix": _flat(told.prefix, np.int64),
        "prefix_ends": np.cumsum([len(ids) for ids in told.prefix], dtype=np.int64),
        "context": _flat(kept.context, np.int64),
        "context_ends": np.cumsum([len(ids) for ids in kept.context], dtype=np.int64),
        "hypotheses": np.array(numbers, np.int64).reshape(-1, 5),
        "scores": np.array([(one.total, one.score) for one in hypotheses]).reshape(-1, 2),
        "tokens": _flat([one.tokens for one in hypotheses], np.int64),
        "log_probabilities": _flat([one.log_probabilities for one in hypotheses], np.float64),
    }
    named = {f"tensors.{name}": array for name, array in arrays.items()}
    named |= {f"start.{name}": array for name, array in start.items()}
    named |= {f"state.{name}": array for name, array in state.items()}
    write(path, _FORM, description, named)


def _flat(rows: Sequence[Sequence[Any]], dtype: Any) -> np.ndarray:
    return np.array([value for row in rows for value in row], dtype)


def read_search(
    path: str | os.PathLike[str],
    *,
    model: str,
    pieces: Pieces | None,
    allowed: Allowed | None,
    like: Any,
) -> Kept:
    """Read what `write_search` wrote; errors as of `Search.load`."""
    where = str(path)

    def check(description: dict[str, Any], listed: dict[str, Listed]) -> None:
        _check_description(where, description)
        tensors = below(listed, "tensors.")
        kinds = {name: (each.dtype.type, len(each.shape)) for name, each in tensors.items()}
        if kinds != _TENSORS:
            raise BundleError(where, f"it has the tensors {sorted(kinds)[:20]}", _FORM.again)
        _check_owner(where, description, model, pieces, allowed)

    description, arrays = read(path, _FORM, check)
    tensors, told = below(arrays, "tensors."), description["told"]
    structure = description["structure"][0]
    start = unpacked(structure, below(arrays, "start."), like, where)
    state = unpacked(structure, below(arrays, "state."), like, where)
    try:
        prefix = _parts(tensors["prefix"], tensors["prefix_ends"])
        context = _parts(tensors["context"], tensors["context_ends"])
        constraints = Constraints(
            prefix=prefix,
            banned=tensors["banned"],
            required=tensors["required"],
            expression=told["expression"],
            stop=told["stop"],
            allowed=allowed,
        )
        options = SearchOptions.from_dict(description["options"])
        hypotheses = _hypotheses(tensors)
        _check_hypotheses(hypotheses, options, start, state, pieces)
    except (ValueError, IndexError) as error:  # ours are ValueErrors, too
        raise BundleError(where, f"it is damaged: {error}", _FORM.again) from error
    go, row_ids = tensors["go"].tolist(), tensors["row_ids"].tolist()
    told = (model, options, constraints, told["eos"], go, row_ids, context, told["pieces"])
    return Kept(*told, start, state, hypotheses)


def _check_description(where: str, description: dict[str, Any]) -> None:
    told = description["told"]
    fits = told.keys() == _TOLD.keys() and len(description["structure"]) == 1
    if not fits or any(type(told[name]) not in kinds for name, kinds in _TOLD.items()):
        raise BundleError(where, f"it was told {sorted(told)[:9]}", _FORM.again)


def _check_owner(
    where: str,
    description: dict[str, Any],
    model: str,
    pieces: Pieces | None,
    allowed: Allowed | None,
) -> None:
    """The model, the vocabulary and the function are those that the search had."""
    told = description["told"]
    if description["model"] != model:
        found = f"it is of the model {description['model'][:80]!r}"
        raise BundleError(where, found, f"load it with that model; this is {model!r}")
    if told["pieces"] and pieces is None:
        raise ArgumentError("pieces", "not given, and the search had them", "each token's text")
    if told["pieces"] != digest_of_pieces(pieces):
        found = "it is of another vocabulary" if told["pieces"] else "the search had no pieces"
        raise BundleError(where, found, "load it with the pieces that it had")
    if told["allowed"] != (allowed is not None):
        found = "not given, and the search had one" if told["allowed"] else "the search had none"
        raise ArgumentError("allowed", found, "the function that it had, which no file holds")


def _parts(flat: np.ndarray, ends: np.ndarray) -> list[list[Any]]:
    """Rows that lie end to end; `ValueError` if the ends do not fit."""
    bounds = [0, *ends.tolist()]
    if any(a > b for a, b in pairwise(bounds)) or bounds[-1] != len(flat):
        raise ValueError("rows and their lengths do not fit")
    return [flat[a:b].tolist() for a, b in pairwise(bounds)]


def _hypotheses(tensors: dict[str, np.ndarray]) -> list[Hypothesis]:
    numbers, scores = tensors["hypotheses"], tensors["scores"]
    if numbers.shape != (len(scores), 5) or scores.shape[1] != 2 or (numbers < 0).any():
        raise ValueError(f"hypotheses of shape {numbers.shape} with scores of {scores.shape}")
    if len(numbers) * int(numbers.max(initial=0)) >= 2**62:
        raise ValueError("lengths beyond all files")
    tokens = _parts(tensors["tokens"], numbers[:, 3].cumsum())
    log_ps = _parts(tensors["log_probabilities"], numbers[:, 4].cumsum())
    found = []
    for (row, slot, ending, *_), (total, score), written, log_p in zip(
        numbers.tolist(), scores.tolist(), tokens, log_ps, strict=True
    ):
        one = Hypothesis(row, None)
        one.slot, one.total, one.score = slot, total, score
        one.tokens, one.log_probabilities = written, log_p
        if ending >= len(ENDINGS):
            raise ValueError(f"ending {ending}")
        one.ended = ENDINGS[ending]
        found.append(one)
    return found


def _check_hypotheses(
    hypotheses: list[Hypothesis], options: SearchOptions, start: Any, state: Any, pieces: Any
) -> None:
    """`ValueError` unless they fit the batch, the options and each other."""
    opened = [one for one in hypotheses if one.ended == "open"]
    places = [(one.row, one.slot) for one in opened]
    if places != sorted(set(places)) or batch_size(state) != len(opened):
        raise ValueError(f"{len(opened)} open texts for a state of {batch_size(state)} rows")
    rows, size = batch_size(start), 2**31 if pieces is None else len(pieces)
    for one in hypotheses:
        length = len(one.log_probabilities)
        numbers = (*one.log_probabilities, one.total, one.score)
        if (
            one.row >= rows
            or one.slot >= options.beam_size
            or len(one.tokens) != length - (one.ended == "eos")
            or length > options.max_length
            or not all(0 <= token < size for token in one.tokens)
            or not all(-np.inf < value <= 0 for value in numbers)
        ):
            raise ValueError(f"a text of row {one.row} with {length} tokens does not fit")
