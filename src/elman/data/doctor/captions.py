"""Captioned things as their doctor looks at them: the same thing twice, captions of any length."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np

from elman.data.captions import Captions
from elman.data.doctor.parts import Part, prints_of, signs_in

__all__ = ["part_of_captions"]


def part_of_captions(data: Captions) -> Part:
    """What may be wrong with items and captions: duplicates, captions of odd lengths, damage."""
    right = data.checked_references()
    captions = [*chain.from_iterable(right)]
    signs = Counter(sign for text in captions for sign in signs_in(text))
    signs["a caption that it has twice"] = sum(len({*one}) < len(one) for one in right)
    signs["a blank caption"] = sum(not all(text.strip() for text in one) for one in right)
    rows = range(len(data))
    lengths = data.lengths
    real = [data.items[k] if lengths is None else data.items[k, : lengths[k]] for k in rows]
    prints = prints_of(np.ascontiguousarray(item).tobytes() for item in real)
    return Part(
        data.name,
        "item",
        data.where,
        prints,
        prints,
        None,
        {
            "captions": np.array([len(one) for one in right], dtype=np.int64),
            "caption words": np.array([len(text.split()) for text in captions], dtype=np.int64),
        },
        words=Counter(word for text in captions for word in text.split()),
        signs={sign: count for sign, count in signs.items() if count},
        notes=data.notes,
    )
