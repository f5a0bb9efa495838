"""What translations are worth: BLEU, chrF and the share written exactly, beside those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from elman.data.pairs import Pairs
from elman.errors import MissingExtraError
from elman.metrics.translation import Comparison, bleu, chrf, exact, paired_bootstrap
from elman.printable import many

__all__ = [
    "CHOICES",
    "Judged",
    "bleu_tells",
    "chosen_in",
    "compared_by",
    "judged_by",
    "notes_on_scores",
    "score_card",
    "scores_by_length",
    "verdict_on",
    "written_score",
]

CHOICES = ("bleu", "chrf", "exact")
"""What written answers are judged by; larger is better."""


class Judged(Protocol):
    """What answers to N things are held against."""

    @property
    def target(self) -> Sequence[str]:
        """For each the first of its references."""
        ...

    @property
    def references(self) -> Any:
        """For each one or more texts that are right."""
        ...


_NAMES = {"bleu": "BLEU", "chrf": "chrF2", "exact": "exact"}


def chosen_in(metadata: Mapping[str, Any]) -> str:
    """What a model's written answers are judged by, as its training has it: one of `CHOICES`."""
    found = metadata.get("chosen_by")
    return found if found in CHOICES else "bleu"


def judged_by(chosen: str, references: Sequence[Any]) -> str:
    """What answers are judged by, of `CHOICES`: as a rule what was chosen by.

    Without sacrebleu it is the share that is exact, and chrF where `bleu_tells` nothing.
    """
    if chosen == "exact" or find_spec("sacrebleu") is None:
        return "exact"
    return "chrf" if chosen == "bleu" and not bleu_tells(references) else chosen


def bleu_tells(references: Sequence[Any]) -> bool:
    """Whether BLEU says anything of answers: whether right ones have another than 0.

    It counts runs of one to four words. Where no reference has four (in lists of words, names or
    numbers) it is 0 for every answer, the right one, too.

    Args:
        references: For each a text, or some that are right.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """
    right = [[one] if isinstance(one, str) else [*one] for one in references]
    return bleu([max(one, key=len) for one in right], right).value > 0


def written_score(name: str, answers: Sequence[str], references: Sequence[Any]) -> float:
    """BLEU or chrF, 0…100, or the share that is one of its references, 0…1.

    Args:
        name: One of `CHOICES`.
        answers: N texts.
        references: For each a text, or some that are right.

    Raises:
        MissingExtraError: sacrebleu is not installed, and it is asked for.
    """
    if name == "exact":
        return exact(answers, references)
    return (bleu if name == "bleu" else chrf)(answers, references).value


def score_card(answers: Sequence[str], pairs: Judged) -> dict[str, Any]:
    """All scores of answers: against each source's first reference, and against all of them.

    Returns:
        `bleu`, `chrf`, `exact`; `bleu_of_all`, `chrf_of_all`, `exact_of_all` where a source has
        several references; `signatures` of BLEU and chrF. Without sacrebleu those two are None;
        BLEU, too, where `bleu_tells` nothing.
    """
    several = any(len(one) > 1 for one in pairs.references)
    found: dict[str, Any] = {}
    signatures: dict[str, str] = {}
    for suffix, references in (("", pairs.target), ("_of_all", pairs.references)):
        if suffix and not several:
            continue
        for name, measure in (("bleu", bleu), ("chrf", chrf)):
            found[name + suffix] = None
            try:
                if name == "bleu" and not bleu_tells(references):
                    continue
                score = measure(answers, references)
            except MissingExtraError:
                continue
            found[name + suffix] = score.value
            signatures[name + suffix] = score.signature
        found[f"exact{suffix}"] = exact(answers, references)
    return {**found, "signatures": signatures}


def notes_on_scores(card: Mapping[str, Any]) -> list[str]:
    """What is to be said of the scores that `score_card` gives."""
    if card["chrf"] is None:
        missing = MissingExtraError.of("sacrebleu", "text", "BLEU and chrF")
        return [f"{missing.where}: {missing.found}; {missing.expected}"]
    if card["bleu"] is not None:
        return []
    return ["BLEU tells nothing here: it counts runs of four words, and no reference has four"]


def compared_by(
    name: str, first: Sequence[str], second: Sequence[str], pairs: Judged
) -> dict[str, Any]:
    """Whether the second answers are better than the first, by the paired bootstrap test.

    Of the same answers there is nothing to be told: the chance of no difference is 1.

    Args:
        name: "bleu" or "chrf".
        first: N answers.
        second: N answers.
        pairs: N sources with their references: all of these count.
    """
    found: Comparison = paired_bootstrap(first, second, pairs.references, metric=name)
    return {
        "metric": found.first.name,
        "signature": found.first.signature,
        "first": found.first.value,
        "second": found.second.value,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p_value": 1.0 if list(first) == list(second) else found.p_value,
        "samples": found.samples,
        "seed": found.seed,
    }


def verdict_on(
    name: str, answers: Sequence[str], others: Mapping[str, Sequence[str]], pairs: Judged
) -> str | None:
    """In a sentence whether answers are worth more than the best of some baselines'.

    The best is so by what the sentence tells: all references of a source count.

    Args:
        name: One of `CHOICES`: what they are judged by.
        answers: N answers of a model.
        others: Those of each baseline, by its name.
        pairs: N sources with their references.
    """
    if not others:
        return None
    values = {one: written_score(name, said, pairs.references) for one, said in others.items()}
    best = max(values, key=lambda one: values[one])
    if name == "exact":
        own = np.array([a in r for a, r in zip(answers, pairs.references, strict=True)])
        theirs = np.array([a in r for a, r in zip(others[best], pairs.references, strict=True)])
        gains = own.astype(float) - theirs
        apart, error = gains.mean(), gains.std() / max(1, len(gains)) ** 0.5
        told, size = abs(apart) > 2 * error, f"{abs(apart):.1%} more written exactly"
    else:
        found = compared_by(name, others[best], answers, pairs)
        apart, told = found["difference"], found["p_value"] < 0.05
        size = f"{abs(apart):.1f} {_NAMES[name]} (95 % of samples: {found['low']:.1f} to "
        size += f"{found['high']:.1f}, p = {found['p_value']:.3f})"
    if not told:
        return f"Not distinguishable from {best}: {size}, on {many(len(answers), 'source')}."
    if apart > 0:
        return f"Better than {best}, by {size}."
    return f"Worse than {best}, by {size}: that is the better translator of these texts."


_RANGES = 6  # at most, of about as many sources each


def scores_by_length(
    name: str, answers: Mapping[str, Sequence[str]], pairs: Pairs
) -> dict[str, Any]:
    """Scores of answers by how many words their sources have.

    Args:
        name: One of `CHOICES`.
        answers: By name N answers.
        pairs: N > 0 sources with their references.

    Returns:
        `lengths`: K ranges, the least and the greatest of each; `counts`: how many sources each
        has; `scores`: by name K of them, None where BLEU tells nothing of a range.
    """
    sizes = np.array([len(text.split()) for text in pairs.source])
    shares = np.linspace(0, 1, _RANGES + 1)
    borders = np.unique(np.quantile(sizes, shares, method="lower"))  # lengths that there are
    firsts = borders[:-1] if len(borders) > 1 else borders
    found: dict[str, Any] = {"lengths": [], "counts": [], "scores": {one: [] for one in answers}}
    for first, last in zip(firsts, [*(firsts[1:] - 1), borders[-1]], strict=True):
        rows = np.flatnonzero((sizes >= first) & (sizes <= last)).tolist()
        found["lengths"].append([int(first), int(last)])
        found["counts"].append(len(rows))
        references = [pairs.references[k] for k in rows]
        told = name != "bleu" or bleu_tells(references)
        for label, said in answers.items():
            score = written_score(name, [said[k] for k in rows], references) if told else None
            found["scores"][label].append(score)
    return found
