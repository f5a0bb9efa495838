"""Sound: the chapter."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["hearing_chapter"]

SPOKEN = """## Hearing

`python -m benchmarks.spoken`: spoken digits (`free_spoken_digits`), one unidirectional GRU; recipes
are chosen within the training part, each seed reads the test part once.

| | accuracy, by seed | median | logistic regression |
|---|---|---:|---:|
"""
STRINGS = """### Digits, several in a row

`python -m benchmarks.transcribing`: strings of three to seven digits of recordings that are not
learnt from, under noise, with pauses; connectionist temporal classification, a unidirectional GRU.
The delay is from a digit's end to its label. Work is processor time on one thread for a second of
sound, features included.

| seed | | error, whole files | error, streams | shown | taken back | median delay, ms | work, ms |
|---|---|---:|---:|---:|---:|---:|---:|
"""
TITLES = {"official": "the official split", "speakers": "speakers that were never heard"}


def hearing_chapter() -> list[str]:
    """The chapter's parts."""
    made: list[str] = []
    for name, said in (("spoken", _spoken), ("transcribing", _strings)):
        report = load(RESULTS, name)
        if report is not None:
            made += [said(report), f"{describe_environment(report['environment'])}\n"]
    return made


def _spoken(report: dict[str, Any]) -> str:
    rows = []
    for name, task in report["tasks"].items():
        seeds = task["seeds"]
        shown = ", ".join(f"{100 * one['accuracy']:.2f} %" for one in seeds)
        median = 100 * statistics.median(one["accuracy"] for one in seeds)
        linear = [max(one["baselines"].values()) for one in seeds if one.get("baselines")]
        beside = f"{100 * statistics.median(linear):.2f} %" if linear else ""
        rows.append(f"| {TITLES.get(name, name)} | {shown} | {median:.2f} % | {beside} |")
    return SPOKEN + "\n".join(rows) + "\n"


def _strings(report: dict[str, Any]) -> str:
    rows = []
    for seed, found in report["seeds"].items():
        for way in ("greedy", "beam of 8"):
            one = found[way]
            cells = [
                seed,
                way,
                f"{100 * one['digit_error_rate']:.2f} %",
                f"{100 * one['streaming_digit_error_rate']:.2f} %",
                f"{one['labels_shown']:,}",
                f"{one['labels_taken_back']:,}",
                f"{1000 * one['median_delay']:.0f}",
                f"{1000 * one['work_per_second']:.1f}",
            ]
            rows.append(f"| {' | '.join(cells)} |")
    return STRINGS + "\n".join([*rows, *_more(report)]) + "\n"


def _more(report: dict[str, Any]) -> Iterator[str]:
    """What was measured beside the seeds."""
    stream, training = report.get("long_stream"), report.get("training")
    if stream is not None:
        sizes = stream["peak_mebibytes_by_seconds"]
        first, *_, last = (sizes[mark] for mark in sorted(sizes, key=float))
        yield (
            f"\nA stream of {stream['hours']:.0f} hours: the process that listens held at most "
            f"{last:.1f} MiB, {first:.1f} of them after a minute; "
            f"{1000 * stream['work_per_second']:.1f} ms of work for a second of sound."
        )
    if training is not None:
        times = f"{training['times_as_fast']:.1f}"
        yield f"\nTraining is {times} times as fast as the same model in plain PyTorch."
