"""What is counted of data, as plain data: lengths, duplicates, contradictions, padding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from elman.data.batch_plans import cut_rows, padded_steps
from elman.data.doctor.advice import advice_between, advice_on
from elman.data.doctor.pairs import between_pairs, pair_facts
from elman.data.doctor.parts import PLACEHOLDERS, Part

__all__ = ["QUANTILES", "examined"]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""Of lengths."""

_SHOWN = 5  # places of a kind
_CLASSES = 20  # that are counted one by one
_FEW = 10  # rows of a class, below which that is said


def examined(
    train: Part,
    test: Part | None = None,
    *,
    vocabulary: int = 50_000,
    batch_size: int = 32,
    batch_tokens: int | None = None,
) -> dict[str, Any]:
    """What may be wrong with data.

    Args:
        train: What is to be learnt from.
        test: What a model is to be tested on; or None.
        vocabulary: How many words a codec knows: the most frequent ones of `train`.
        batch_size: Rows of a batch.
        batch_tokens: Steps of a batch, padding included, where rows of similar lengths are put
            together; None: as many as `batch_size` rows of mean length have, and at least the
            longest row.

    Returns:
        Of `train`, and below `test` of the other: `source`, `rows`, `empty`, `lengths` (by unit
        their quantiles), `labels`, `duplicates`, `conflicts`, `signs`, `words` (shares of all:
        outside the vocabulary, standing once, numbers, addresses), `pairs` (what is counted of
        sources with targets); `padding` by unit and plan; `between` both; `advice`, sentences on
        what to do.
    """
    found = _facts(train, _known(train, vocabulary))
    found["padding"] = _padding(train, batch_size, batch_tokens)
    advice = advice_on(found, train)
    if test is not None:
        found["test"] = _facts(test, _known(train, vocabulary))
        found["between"] = _between(train, test)
        advice += [f"test: {one}" for one in advice_on(found["test"], test)]
        advice += advice_between(found["between"])
    return {**found, "advice": advice}


def _known(part: Part, vocabulary: int) -> set[str]:
    if part.words is None:
        return set()
    ordered = sorted(part.words.items(), key=lambda one: (-one[1], one[0]))
    return {word for word, _ in ordered[:vocabulary]}


def _facts(part: Part, known: set[str]) -> dict[str, Any]:
    rows = len(part.prints)
    found: dict[str, Any] = {
        "source": part.name,
        "what": part.noun,
        "rows": rows,
        "empty": part.empty,
        "notes": list(part.notes),
        "lengths": {unit: _quantiles(lengths) for unit, lengths in part.lengths.items()},
        "duplicates": _duplicates(part),
        "signs": dict(part.signs),
    }
    if part.labels is not None and part.noun != "sentence":
        counts = Counter(part.labels.tolist()).most_common()
        found["classes"] = len(counts)
        found["labels"] = dict(counts[:_CLASSES])
        found["rare"] = {label: count for label, count in counts if count < _FEW}
    if part.labels is not None:
        found["conflicts"] = _conflicts(part)
    if part.words is not None:
        found["words"] = _shares(part.words, part.replaced, known)
    if part.pairs is not None:
        found["pairs"] = pair_facts(part.pairs)
    return found


def _quantiles(lengths: np.ndarray) -> dict[str, int]:
    if not len(lengths):
        return {}
    values = np.quantile(lengths, QUANTILES, method="inverted_cdf")
    return {f"{share:g}": int(value) for share, value in zip(QUANTILES, values, strict=True)}


def _shares(words: Counter[str], replaced: Mapping[str, int], known: set[str]) -> dict[str, Any]:
    every = words.total()
    shares = {
        "[UNK]": sum(count for word, count in words.items() if word not in known),
        "once": sum(count == 1 for count in words.values()),
        **{name: replaced.get(name, 0) for name in PLACEHOLDERS},
    }
    found = {name: count / max(every, 1) for name, count in shares.items()}
    return {"all": every, "different": len(words), **found}


def _duplicates(part: Part) -> dict[str, Any]:
    """Rows that stand there before; and those of texts that differ by capitals or blanks only."""
    later = _later(part.prints)
    alike = _later(part.alike)
    places = [part.where(int(row)) for row in np.flatnonzero(later)[:_SHOWN]]
    return {"rows": int(later.sum()), "alike": int(alike.sum() - later.sum()), "first": places}


def _later(prints: np.ndarray) -> np.ndarray:
    """Which rows repeat an earlier one."""
    later = np.ones(len(prints), dtype=bool)
    later[np.unique(prints, return_index=True)[1]] = False
    return later


def _conflicts(part: Part) -> dict[str, Any]:
    """Rows of the same content and different labels."""
    assert part.labels is not None
    _, content = np.unique(part.prints, return_inverse=True)
    _, label = np.unique(part.labels.astype(str), return_inverse=True)
    pairs = np.unique(np.stack([content, label], axis=1), axis=0)
    several = np.bincount(pairs[:, 0], minlength=1) > 1
    rows = np.flatnonzero(several[content]) if len(content) else np.zeros(0, np.int64)
    first = []
    if part.noun != "sentence":
        rows_shown = rows[np.argsort(content[rows], kind="stable")][:_SHOWN]
        first = [f"{part.where(int(row))}: {part.labels[row]}" for row in rows_shown]
    else:
        first = [part.where(int(row)) for row in rows[:_SHOWN]]
    return {"contents": int(several.sum()), "rows": len(rows), "first": first}


def _padding(part: Part, batch_size: int, batch_tokens: int | None) -> list[dict[str, Any]]:
    """The share of steps that are padding, by unit and by how batches are made."""
    found = []
    for unit, lengths in part.lengths.items():
        if part.noun in ("pair", "item") and "words" not in unit:  # of two sides words are enough
            continue
        rows = np.arange(len(lengths))
        if not len(rows):
            continue
        longest = max(int(lengths.max()), 1)
        tokens = max(round(batch_size * float(lengths.mean())), longest)
        if batch_tokens is not None and batch_tokens >= longest:
            tokens = batch_tokens
        shuffled = np.random.default_rng(0).permutation(len(rows))
        plans = {
            f"as they stand, {batch_size} a batch": cut_rows(lengths, rows, batch_size),
            f"shuffled, {batch_size} a batch": cut_rows(lengths, shuffled, batch_size),
            f"of similar lengths, {tokens} {unit} a batch": cut_rows(lengths, rows, 1, tokens),
        }
        for name, cut in plans.items():
            share = 1 - int(lengths.sum()) / padded_steps(lengths, cut)
            option = {"batch_tokens": tokens} if "similar" in name else {"batch_size": batch_size}
            found.append(
                {"unit": unit, "plan": name, "batches": len(cut), "padding": share} | option
            )
    return found


def _between(train: Part, test: Part) -> dict[str, Any]:
    """What both parts share, and what the test part has that is not learnt."""
    same = np.isin(test.prints, train.prints)
    alike = np.isin(test.alike, train.alike)
    places = [test.where(int(row)) for row in np.flatnonzero(same)[:_SHOWN]]
    found: dict[str, Any] = {
        "rows": int(same.sum()),
        "share": float(same.mean()) if len(same) else 0.0,
        "alike": int(alike.sum() - same.sum()),
        "first": places,
    }
    if train.pairs is not None and test.pairs is not None:
        found["sources"] = between_pairs(train.pairs, test.pairs)
    if train.labels is None or test.labels is None:
        return found
    learnt = {}
    for key, label in zip(train.prints.tolist(), train.labels, strict=True):
        learnt.setdefault(key, set()).add(label)
    pairs = zip(test.prints.tolist(), test.labels, strict=True)
    found["conflicts"] = sum(key in learnt and label not in learnt[key] for key, label in pairs)
    known, tags = set(train.labels), test.labels
    if train.noun == "sentence":
        known = {tag for row in train.labels for tag in row.split("\t")}
        tags = [tag for row in test.labels for tag in row.split("\t")]
    found["labels not learnt"] = dict(Counter(tag for tag in tags if tag not in known))
    return found
