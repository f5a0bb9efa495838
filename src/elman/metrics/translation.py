"""How near written sentences are to those of people: BLEU, chrF, and the share written exactly.

BLEU and chrF are sacrebleu's, so that figures can be compared with published ones; each stands
beside its signature, which says how it was counted. Sentences are given as they are written: what
divides them into words is sacrebleu's own tokenisation.

    score = bleu(["The cat sat."], [["The cat sat.", "A cat was sitting."]])
    print(score)  # BLEU 100.00 (nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import ArgumentError, MissingExtraError, ShapeError

__all__ = [
    "METRICS",
    "Comparison",
    "CorpusScore",
    "References",
    "bleu",
    "chrf",
    "exact",
    "paired_bootstrap",
    "references_of",
]

References = Sequence[str] | Sequence[Sequence[str]]
"""What is right for each of N sentences: one sentence each, or one or more each."""

METRICS = ("bleu", "chrf")
"""The metrics that `paired_bootstrap` takes."""

_SURE = (0.025, 0.975)  # quantiles between which 95 % lie
_SEED = 12345  # sacrebleu's own, so that its program gives the same figures


@dataclass(frozen=True)
class CorpusScore:
    """A score of a whole corpus.

    Attributes:
        name: "BLEU" or "chrF2", as sacrebleu calls it.
        value: 0…100; higher is better.
        signature: What it depends on, as sacrebleu writes it.
    """

    name: str
    value: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f} ({self.signature})"


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same sentences, by the paired bootstrap test.

    Attributes:
        first: The score of the first.
        second: That of the second.
        low: The difference, second less first, that 2.5 % of the samples lie below.
        high: The difference that 2.5 % lie above.
        p_value: How often chance alone gives so large a difference, 0…1.
        samples: How many times the sentences were drawn anew.
        seed: What drew them.
    """

    first: CorpusScore
    second: CorpusScore
    low: float
    high: float
    p_value: float
    samples: int
    seed: int

    @property
    def difference(self) -> float:
        """How much higher the second's score is."""
        return self.second.value - self.first.value


def bleu(
    hypotheses: Sequence[str], references: References, *, lowercase: bool = False
) -> CorpusScore:
    """BLEU of a corpus, by sacrebleu (Post 2018, arXiv 1804.08771v2; Papineni et al. 2002).

    Args:
        hypotheses: N written sentences.
        references: For each one or more right ones.
        lowercase: Whether letters' case counts for nothing.

    Raises:
        ShapeError: There is nothing to score, or not as many of both, or a sentence without
            a reference.
        ArgumentError: One of them is no string.
        MissingExtraError: sacrebleu is not installed.
    """
    return _score("bleu", hypotheses, references, lowercase=lowercase)


def chrf(hypotheses: Sequence[str], references: References, *, word_order: int = 0) -> CorpusScore:
    """chrF2 of a corpus, by sacrebleu: an F score of runs of one to six characters (Popović 2015).

    Args:
        hypotheses: N written sentences.
        references: For each one or more right ones; of several the best counts.
        word_order: Words of the longest runs of words that count, too; 2 is chrF++.

    Raises:
        ShapeError, ArgumentError, MissingExtraError: As of `bleu`.
    """
    return _score("chrf", hypotheses, references, word_order=word_order)


def exact(hypotheses: Sequence[str], references: References) -> float:
    """The share of sentences, 0…1, that are letter for letter one of their references.

    >>> exact(["1998-05-03", "2001-01-02"], ["1998-05-03", "2001-02-01"])
    0.5

    Raises:
        ShapeError, ArgumentError: As of `bleu`.
    """
    each = references_of(hypotheses, references)
    return sum(one in right for one, right in zip(hypotheses, each, strict=True)) / len(each)


def paired_bootstrap(
    first: Sequence[str],
    second: Sequence[str],
    references: References,
    *,
    metric: str = "bleu",
    samples: int = 1000,
    seed: int = _SEED,
) -> Comparison:
    """Whether the second system is better than the first on these sentences, or luckier.

    The sentences are drawn anew with replacement, the same ones for both systems, and both scored
    (Koehn 2004). The chance is sacrebleu's, in both directions: how often the samples' absolute
    difference lies further above its mean than the difference that was found; 1 for equal scores.

    Args:
        first: N sentences of one system.
        second: N of the other.
        references: For each one or more right ones.
        metric: One of `METRICS`.
        samples: How often they are drawn, ≥ 1.
        seed: ≥ 0.

    Raises:
        ShapeError, MissingExtraError: As of `bleu`.
        ArgumentError: So too, or there is no such metric, or a number is below its least.
    """
    _check_metric(metric)
    if samples < 1 or seed < 0:
        raise ArgumentError("samples, seed", f"found {samples}, {seed}", "≥ 1 and ≥ 0")
    scores = [_score(metric, said, references) for said in (first, second)]
    measure = _metric(metric)
    columns = _columns(first, references)
    counted = [
        np.asarray(measure._extract_corpus_statistics(list(said), columns), np.float64)
        for said in (first, second)
    ]
    draws = np.random.default_rng(seed)
    values = np.empty((samples, 2))
    for sample in values:
        drawn = draws.choice(len(first), size=len(first), replace=True)
        often = np.bincount(drawn, minlength=len(first))
        sample[:] = [measure._compute_score_from_stats(often @ each).score for each in counted]
    apart = values[:, 1] - values[:, 0]
    low, high = np.quantile(apart, _SURE)
    found = abs(scores[1].value - scores[0].value)
    further = np.count_nonzero(np.abs(apart) - np.abs(apart).mean() > found)
    # Of equal scores that formula would say that chance alone hardly makes them so equal.
    chance = (further + 1) / (samples + 1) if found else 1.0
    return Comparison(scores[0], scores[1], float(low), float(high), chance, samples, seed)


def references_of(hypotheses: Sequence[str], references: References) -> list[tuple[str, ...]]:
    """The references of each of N sentences, checked.

    >>> references_of(["a", "b"], ["A", ["B", "be"]])
    [('A',), ('B', 'be')]

    Raises:
        ShapeError, ArgumentError: As of `bleu`.
    """
    if len(hypotheses) != len(references):
        found = f"{len(references)} of them for {len(hypotheses)} sentences"
        raise ShapeError("references", found, "one entry a sentence")
    if not len(hypotheses):
        raise ShapeError("hypotheses", "no sentence", "give at least one")
    each = [(one,) if isinstance(one, str) else tuple(one) for one in references]
    for row, (said, right) in enumerate(zip(hypotheses, each, strict=True)):
        if not right:
            raise ShapeError(f"references[{row}]", "no sentence", "give at least one")
        for name, one in (("hypotheses", said), *(("references", text) for text in right)):
            if not isinstance(one, str):
                raise ArgumentError(f"{name}[{row}]", f"found {one!r}", "a string")
    return each


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise ArgumentError("metric", f"found {metric!r}", f"one of {', '.join(METRICS)}")


def _score(
    name: str, hypotheses: Sequence[str], references: References, **options: Any
) -> CorpusScore:
    measure = _metric(name, **options)
    found = measure.corpus_score(list(hypotheses), _columns(hypotheses, references))
    return CorpusScore(found.name, float(found.score), str(measure.get_signature()))


def _columns(hypotheses: Sequence[str], references: References) -> list[list[str | None]]:
    """References as sacrebleu takes them: all first ones, all second ones, None for none."""
    each = references_of(hypotheses, references)
    most = max(map(len, each))
    return [[one[k] if k < len(one) else None for one in each] for k in range(most)]


def _metric(name: str, **options: Any) -> Any:
    """One of sacrebleu's metrics."""
    try:
        from sacrebleu.metrics.bleu import BLEU  # optional
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingExtraError.of("sacrebleu", "text", "BLEU and chrF") from error
    made: Callable[..., Any] = {"bleu": BLEU, "chrf": CHRF}[name]
    # Of a corpus whose sentences end in " ." BLEU would say on stderr that it looks tokenised.
    return made(**options, **({"force": True} if name == "bleu" else {}))
