"""Pairs of texts as their doctor looks at them: copies, sides out of step, several answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from elman.data.doctor.parts import Part, prints_of, signs_in
from elman.data.pairs import Pairs, source_key
from elman.data.readers.shifted import shifted_lines
from elman.printable import many

__all__ = ["between_pairs", "pair_advice", "pair_facts", "part_of_pairs"]

_QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)  # of how much longer a target is
_SHOWN = 5  # places of a kind
_UNEVEN = 4.0  # times longer or shorter than is usual
_LONG = 20  # characters of the longer side, below which a ratio says little
_COPIES = 0.01  # of all pairs: so many copies are said


def part_of_pairs(data: Pairs) -> Part:
    """Pairs as their doctor looks at them: a row for each target that is right for a source."""
    flat = data.flat()
    both = [f"{a}\n{b}" for a, b in zip(flat.source, flat.target, strict=True)]
    lengths = {
        f"{side} {unit}": np.array([len(cut(text)) for text in texts], dtype=np.int64)
        for unit, cut in (("words", str.split), ("characters", str))
        for side, texts in (("source", flat.source), ("target", flat.target))
    }
    return Part(
        data.name,
        "pair",
        flat.where,
        prints := prints_of(_encoded(text) for text in both),
        prints_of(_encoded(" ".join(text.casefold().split())) for text in both)
        if len(both)
        else prints,
        None,
        lengths,
        signs=Counter(sign for text in both for sign in signs_in(text)),
        empty=sum(data.empty),
        notes=data.notes,
        pairs=flat,
    )


def pair_facts(pairs: Pairs) -> dict[str, Any]:
    """What is counted of pairs beside what is counted of all data.

    Returns:
        `empty`: rows left out, by the side that is empty; `ratio`: quantiles of a target's
        characters by its source's; `uneven`: pairs whose ratio is far from the usual one;
        `copies`: pairs whose target is their source; `several`: sources with more than one
        target; `shifted`: None, or from where to where the lines of one side belong to lines
        further on or back of the other.
    """
    sizes = np.array([[len(a), len(b)] for a, b in zip(pairs.source, pairs.target, strict=True)])
    ratio = np.log(np.maximum(sizes[:, 1], 1) / np.maximum(sizes[:, 0], 1))
    far = np.abs(ratio - np.median(ratio)) > np.log(_UNEVEN)
    same = [a.strip() == b.strip() for a, b in zip(pairs.source, pairs.target, strict=True)]
    shares = np.exp(np.quantile(ratio, _QUANTILES)).tolist()
    return {
        "empty": dict(zip(("source", "target"), pairs.empty, strict=True)),
        "ratio": {f"{q:g}": value for q, value in zip(_QUANTILES, shares, strict=True)},
        "uneven": _placed(pairs, far & (sizes.max(axis=1) >= _LONG)),
        "copies": _placed(pairs, np.array(same)),
        "several": _several(pairs),
        "shifted": _shifted(pairs),
    }


def between_pairs(train: Pairs, test: Pairs) -> dict[str, Any]:
    """Test pairs whose source is learnt, up to case, punctuation and Unicode's form."""
    learnt = {source_key(text) for text in train.source}
    same = np.array([source_key(text) in learnt for text in test.source])
    return {**_placed(test, same), "share": float(same.mean())}


def pair_advice(found: Mapping[str, Any], rows: int) -> list[str]:
    """Sentences on what `pair_facts` counted of so many pairs."""
    advice = []
    for side, count in found["empty"].items():
        if count:
            advice.append(f"{many(count, 'row')} with an empty {side}: left out when it is read")
    if told := found["shifted"]:
        advice.append(
            f"from {told['first']} to {told['last']} the sides look shifted by "
            f"{many(abs(told['by']), 'row')}: a {told['lacks']} is missing before them"
        )
    if count := found["uneven"]["rows"]:
        advice.append(
            f"{many(count, 'pair')} with a target over {_UNEVEN:g} times longer or shorter than is "
            "usual: they may not belong together"
        )
    copies = found["copies"]["rows"]
    if copies > _COPIES * rows:
        advice.append(f"{many(copies, 'pair')} with a target that is its source: it learns to copy")
    return advice


def _placed(pairs: Pairs, rows: np.ndarray) -> dict[str, Any]:
    """How many rows of a mask, and where the first of them stand."""
    places = [pairs.where(int(row)) for row in np.flatnonzero(rows)[:_SHOWN]]
    return {"rows": int(rows.sum()), "first": places}


def _several(pairs: Pairs) -> dict[str, Any]:
    """Sources that have more than one target."""
    targets = Counter(source for source, _ in {*zip(pairs.source, pairs.target, strict=True)})
    several = {source: count for source, count in targets.items() if count > 1}
    rows = np.array([source in several for source in pairs.source])
    most = max(several.values(), default=1)
    return {"sources": len(several), "most": most, **_placed(pairs, rows)}


def _shifted(pairs: Pairs) -> dict[str, Any] | None:
    found = shifted_lines(pairs.source, pairs.target)
    if found is None:
        return None
    return {
        "first": pairs.where(found.first),
        "last": pairs.where(found.last),
        "by": found.by,
        "lacks": "target" if found.by > 0 else "source",
    }


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
