"""Networks that read words as a workload: ragged batches of real texts, first weights.

Speed does not depend on what the labels are, so those are drawn at random; lengths and ids are the
corpora's own: ids by how frequent a word is, in a table of `VOCABULARY` rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from elman.data import load_tagged, load_texts
from elman.transforms import fit_codec

__all__ = [
    "BATCHES",
    "EMBEDDING",
    "NETWORKS",
    "RATE",
    "ROWS",
    "VOCABULARY",
    "Batch",
    "Network",
    "batches",
    "draw_weights",
]

VOCABULARY, EMBEDDING = 50_000, 150
ROWS = 32  # of a batch
RATE = 0.001  # of Adam


class Network(NamedTuple):
    """A network that reads words in both directions.

    Attributes:
        units: Of the LSTM, in each direction.
        outputs: Tags of a word, or classes of a text.
        per_word: Whether it answers at each word, or on the maximum over time.
        words: So many are in its batches.
    """

    units: int
    outputs: int
    per_word: bool
    words: int


BATCHES = 8
NETWORKS = {"tagger": Network(150, 17, True, 4576), "classifier": Network(100, 2, False, 6158)}


class Batch(NamedTuple):
    """Rows of words, padded with 0.

    Attributes:
        ids: `[B, T]` int64.
        lengths: `[B]` int64 in 1…T.
        targets: `[B, T]`, or `[B]`, int64.
    """

    ids: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray


def batches(task: str) -> list[Batch]:
    """Some batches, of rows as they come in a shuffled corpus."""
    texts, network = _words(task), NETWORKS[task]
    draws = np.random.default_rng(0)
    order = draws.permutation(len(texts))[: BATCHES * ROWS]
    found = [*_cut(network, [texts[k] for k in order], draws)]
    assert sum(int(one.lengths.sum()) for one in found) == network.words
    return found


def draw_weights(network: Network) -> dict[str, np.ndarray]:
    """Weights that everybody begins with, named and laid out as torch's; of two biases the sum."""
    draws = np.random.default_rng(1)
    gates, bound = 4 * network.units, network.units**-0.5
    shapes = {"embedding": (VOCABULARY, EMBEDDING)}
    for end in ("l0", "l0_reverse"):
        shapes |= {
            f"weight_ih_{end}": (gates, EMBEDDING),
            f"weight_hh_{end}": (gates, network.units),
            f"bias_ih_{end}": (gates,),
        }
    shapes |= {"weight": (network.outputs, 2 * network.units), "bias": (network.outputs,)}
    return {n: draws.uniform(-bound, bound, s).astype(np.float32) for n, s in shapes.items()}


def _words(task: str) -> list[np.ndarray]:
    """The ids of each sentence of the treebank's training part, or of each snippet of a review."""
    if task == "tagger":
        texts = [" ".join(row) for row in load_tagged("ud_english_ewt").words]
    else:
        texts = [*load_texts("movie_reviews/sentences", "all").texts]
    codec = fit_codec(texts, "words", size=VOCABULARY)
    return [ids for ids in map(codec.encode, texts) if len(ids)]


def _cut(
    network: Network, rows: Sequence[np.ndarray], draws: np.random.Generator
) -> Iterator[Batch]:
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        lengths = np.array([*map(len, some)])
        ids = np.zeros((len(some), lengths.max()), np.int64)
        for row, one in zip(ids, some, strict=True):
            row[: len(one)] = one
        shape = ids.shape if network.per_word else (len(some),)
        yield Batch(ids, lengths, draws.integers(0, network.outputs, shape))
