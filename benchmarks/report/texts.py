"""Texts and their classes: the chapter."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["texts_chapter"]

HEADER = """## Texts

Vectors start at random, and nothing is read from elsewhere; one thread. The epoch and the recipe
are chosen on validation parts, a test part is read once. The baselines are those that every model
of texts prints beside its score.
"""
NAMES = """### Names by language

`python -m benchmarks.names`: surnames of 18 languages, 18,012 distinct pairs of name and language,
a fifth of each language held out; in per cent. Balanced accuracy is the mean of what share of each
language's names was recognised: more than half of the names are Russian. 1,022 pairs share their
name with another language. Two networks answer together, by the mean of their probabilities, each
beside a linear map of runs of letters (`linear`), rare languages raised (`logit_adjustment`); what
each is worth alone, with its map (median over the seeds), stands above.

| | accuracy | balanced accuracy |
|---|---:|---:|
"""
FOLDS = """### Reviews

`python -m benchmarks.sentiment` (10,662 sentences, Pang and Lee 2005) and `python -m
benchmarks.reviews` (2,000 whole reviews, Pang and Lee 2004): good or bad, ten folds; mean
accuracies in per cent, and the lowest and highest fold.

"""
SHOWN = ("accuracy", "balanced_accuracy")
SETS = {"sentiment": "sentences", "reviews": "whole reviews"}


def texts_chapter() -> list[str]:
    """The chapter's parts."""
    parts = [*_names(), *_reviews()]
    return [HEADER, *parts] if parts else []


def _names() -> list[str]:
    found = load(RESULTS, "names")
    if found is None:
        return []
    seeds = found["seeds"]
    lines = [_line(who, card) for who, card in seeds[0]["baselines"].items()]
    lines += [_line(f"one network, {kind}", card) for kind, card in _alone(seeds).items()]
    lines += [_line(f"seed {one['seed']}", one["test"]) for one in seeds]
    many = "1 seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
    lines.append(_line(f"**median of {many}**", found["median"]))
    return [f"{NAMES}{chr(10).join(lines)}\n", f"{describe_environment(found['environment'])}\n"]


def _alone(seeds: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What a network of each kind reaches by itself, in the median."""
    return {
        kind: {name: statistics.median(one["alone"][kind][name] for one in seeds) for name in SHOWN}
        for kind in seeds[0]["alone"]
    }


def _line(what: str, scores: dict[str, Any]) -> str:
    return f"| {' | '.join([what, *(f'{100 * scores[name]:.2f}' for name in SHOWN)])} |"


def _reviews() -> list[str]:
    reports = {name: load(RESULTS, name) for name in SETS}
    kept = {name: report for name, report in reports.items() if report and report["seeds"]}
    if not kept:
        return []
    baselines = [*dict.fromkeys(who for report in kept.values() for who in _first(report))]
    lines = [
        f"| | folds | Elman | {' | '.join(baselines)} | training of a fold, s |",
        f"|---|---|{'---:|' * (2 + len(baselines))}",
    ]
    for name, report in kept.items():
        lines += [_folds(SETS[name], folds, baselines) for folds in report["seeds"].values()]
    places = sorted({describe_environment(report["environment"]) for report in kept.values()})
    return ["".join([FOLDS, "\n".join(lines), "\n"]), *(f"{place}\n" for place in places)]


def _first(report: dict[str, Any]) -> dict[str, float]:
    return next(iter(report["seeds"].values()))["baselines"]


def _folds(what: str, measured: dict[str, Any], baselines: list[str]) -> str:
    folds = measured["folds"]
    scores = [100 * one["accuracy"] for one in folds]
    own = f"{100 * measured['accuracy']:.2f}"
    beaten = measured["accuracy"] < max(measured["baselines"].values())
    shown = [f"{100 * measured['baselines'][who]:.2f}" for who in baselines]
    seconds = statistics.median(one["train_seconds"] for one in folds)
    cells = [
        what,
        f"{len(folds)} of 10",
        f"{f'**{own}**' if beaten else own} ({min(scores):.2f} to {max(scores):.2f})",
        *shown,
        f"{seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"
