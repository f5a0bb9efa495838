"""From sources to what is written for them: terms are kept, what is unknown is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from elman.decoding import Answer, SearchOptions
from elman.printable import many
from elman.runtime.translating.sources import Source
from elman.runtime.translating.terminology import (
    Candidate,
    Keeping,
    Kept,
    Place,
    Terminology,
    keep_terms,
)
from elman.runtime.translating.translating import Asked, Translating
from elman.runtime.translating.translation import Translation

__all__ = ["Request", "looked", "written"]


class Request(NamedTuple):
    """What is to be written for, and how.

    Attributes:
        sources: N of them.
        prefixes: For each the ids that its answers begin with.
        known: Terms that are kept.
        options: Of the search.
        constraints: As `Translating.answers` takes them.
        unknown: Whether the token for what is unknown may be written, to be replaced.
    """

    sources: Sequence[Source]
    prefixes: Sequence[Sequence[int]]
    known: Terminology
    options: SearchOptions
    constraints: dict[str, Any]
    unknown: bool


def written(translating: Translating, request: Request) -> list[list[Translation]]:
    """For each source its answers, best first; of one in which nothing is read that one thing."""
    read = [n for n, one in enumerate(request.sources) if not one.handed]
    asked = [Asked(request.sources[n].ids, request.prefixes[n]) for n in read]
    answers = translating.answers(asked, request.options, request.constraints, request.unknown)
    found = [[_handed(source)] * request.options.n_best for source in request.sources]
    for n, several in zip(read, answers, strict=True):
        source = request.sources[n]
        terms = request.known.of(source.text)
        kept = [_kept(translating, request, n, one, terms) for one in several]
        found[n] = [_said(translating, source, one) for one in kept]
    return found


def looked(
    translating: Translating, sources: Sequence[Source], found: list[list[Translation]]
) -> list[list[Translation]]:
    """The same answers with where the network looked when it wrote them."""
    places = [
        (n, k) for n, each in enumerate(found) if not sources[n].handed for k in range(len(each))
    ]
    pairs = []
    for n, k in places:
        one = found[n][k]
        ended = len(one.log_probabilities) > len(one.ids)
        ids = np.append(one.ids, translating.eos) if ended else one.ids
        pairs.append((sources[n].ids, ids))
    result = [[*each] for each in found]
    for (n, k), (_, weights) in zip(places, translating.taught(pairs), strict=True):
        result[n][k] = replace(result[n][k], attention=weights)
    return result


def _kept(
    translating: Translating, request: Request, n: int, answer: Answer, terms: Sequence[Place]
) -> Kept:
    """An answer with the terms of its source."""
    if not terms:
        return Kept(answer, ())
    options, source = replace(request.options, n_best=1), request.sources[n]
    codec = translating.codec

    def rewrite(begun: Sequence[Sequence[int]]) -> list[Answer]:
        asked = [Asked(source.ids, prefix) for prefix in begun]
        found = translating.answers(asked, options, request.constraints, request.unknown)
        return [one[0] for one in found]

    def weigh(
        answers: Sequence[Answer], candidates: Sequence[Candidate], place: Place
    ) -> Sequence[float]:
        taught = translating.taught([(source.ids, one.tokens) for one in answers])
        within = (source.places[:, 1] > place.start) & (source.places[:, 0] < place.end)
        found = []
        for (_, weights), one in zip(taught, candidates, strict=True):
            if weights is None or not within.any():  # it looks at nothing, or the term was cut off
                return [1.0] * len(answers)
            first = len(one.begun) - one.size
            spelled = codec.spelled[one.begun[first]] or b""
            if one.size > 1 and not spelled.strip():
                first += 1  # a blank is none of the term
            found.append(float(weights[first, within].sum()))
        return found

    keeping = Keeping(translating.codec, rewrite, weigh, options.max_length)
    return keep_terms(answer, terms, keeping, len(request.prefixes[n]))


def _said(translating: Translating, source: Source, kept: Kept) -> Translation:
    """An answer of the search as what was written for a source."""
    answer, codec = kept.answer, translating.codec
    notes, ids = [*source.notes, *answer.unmet], answer.tokens
    shown, text = [codec.tokens[one] for one in ids], answer.text or ""
    if codec.kind == "words":
        text = text.removeprefix(" ")
    if codec.unknown is not None and (ids == codec.unknown).any():
        shown, replaced = _replaced(translating, source, ids, shown)
        text = " ".join(shown)
        what = many(len(replaced), "unknown word")
        notes.append(f"{what} replaced by what it looked at most: {', '.join(replaced)}")
    written = b"".join(codec.spelled[one] or b"" for one in ids.tolist())
    spoilt = text.count("\ufffd") - written.count("\ufffd".encode())
    if spoilt > 0 and codec.kind == "subwords":  # of bytes
        notes.append(f"{many(spoilt, 'place')} that are no UTF-8 written as U+FFFD")
    if answer.ended == "bound":
        notes.append(f"not ended after {many(len(ids), 'token')}, the most that are written")
    elif not answer.finished:
        notes.append("not ended: nothing was allowed to follow")
    notes += [f"the translation {one!r} of a term could not be written" for one in kept.missing]
    return Translation(
        source.text,
        text,
        tuple(shown),
        ids,
        answer.log_probabilities,
        answer.log_probability,
        answer.ended,
        source.pieces,
        None,
        tuple(notes),
    )


def _replaced(
    translating: Translating, source: Source, ids: np.ndarray, shown: list[str]
) -> tuple[list[str], list[str]]:
    """The tokens with what was looked at most in place of <unk>, and these."""
    _, weights = translating.taught([(source.ids, ids)])[0]
    assert weights is not None  # or <unk> would not have been written
    found, replaced = [*shown], list[str]()
    for place in np.flatnonzero(ids == translating.codec.unknown):
        found[place] = source.pieces[int(weights[place].argmax())]
        replaced.append(found[place])
    return found, replaced


def _handed(source: Source) -> Translation:
    """What is said of a source in which nothing is read."""
    text = "" if source.handed == "empty" else source.text
    nothing = np.zeros(0, np.int64)
    said = source.handed, (), None, source.notes
    return Translation(source.text, text, (), nothing, nothing.astype(float), 0.0, *said)
