"""Sequences of small vectors, drawn, played and walked; and cells of one's own."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["vectors_chapter", "written_chapter"]

DRAWING = """## Drawing

`python -m benchmarks.drawing`: Omniglot's characters by drawers whom nobody has seen; nats a point
of a generator that is told the character, and the share of its drawings that a separate classifier
names as what was asked for (temperature {temperature}), beside the share of real drawings that it
names.

| seed | nats a point | {baselines} | drawn, named right | real, named right |
|---|---:|{rules}---:|---:|
"""
MELODIES = """## Playing

`python -m benchmarks.melodies`: tunes of Nottingham's collection, a tenth held out whole; then 200
are written freely. Bars are those between two plain bar lines, of human tunes beside.

| seed | nats an event | best n-gram | ABC parses | bars that fill the metre | of human tunes |
|---|---:|---:|---:|---:|---:|
"""
CHORALES = """`python -m benchmarks.chorales`: Bach's chorales, quarter notes, the usual split;
nats a step on the test part, the first step counted.

| notes of a step | by seed | median | logistic regression on the last chord |
|---|---|---:|---:|
"""
PATHS = """## Walking

`python -m benchmarks.paths`: made-up walkers, scenes held out, 12 steps from 8; errors in the
data's unit, medians over the seeds. `walkers` turn and make way; `strollers` are nearly at constant
velocity.

| scene (ADE / FDE) | seeds | constant velocity | Elman | of 20 | share of its error |
|---|---:|---:|---:|---:|---:|
"""
WRITTEN = """## Cells that are written once

`python -m benchmarks.run written`: one thread, processor time, medians. Above: the engine, which
runs a cell from its equations, over the kernel that was written by hand for it (below 1 it is
faster). Below: cells of the family in training and inference, against the same step in a loop of
torch operations and in JAX's scan, compiled before; how many times as long that takes, and what
the compilers take before, at the first call (nothing kept from earlier ones).

| cell | size (B x T x I x H) | inference | training |
|---|---|---:|---:|
"""
FAMILY = """
| cell | size | | eager loop | torch.jit.script | torch.compile | JAX's scan | compile, s | JAX, s |
|---|---|---|---:|---:|---:|---:|---:|---:|
"""
LOWERED = """The engine over the kernel once more, both at the level AVX2, on a processor that has
AVX-512 (`ELMAN_ISA=avx2 python -m benchmarks.run written_engine`):

| cell | size (B x T x I x H) | inference | training |
|---|---|---:|---:|
"""


def vectors_chapter() -> list[str]:
    """The chapters' parts: of what has been measured."""
    told: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
        ("drawing", _drawing),
        ("melodies", _melodies),
        ("chorales", _chorales),
        ("paths", _paths),
    )
    made: list[str] = []
    for name, said in told:
        report = load(RESULTS, name)
        if report is not None:
            made += [said(report), f"{describe_environment(report['environment'])}\n"]
    return made


def _row(*cells: Any) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _table(header: str, rows: Iterable[str]) -> str:
    return header + "\n".join(rows) + "\n"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"


def _drawing(report: dict[str, Any]) -> str:
    names = [*report["seeds"][0]["baselines"]]
    header = DRAWING.format(
        temperature=report["recipe"]["temperature"],
        baselines=" | ".join(names),
        rules="---:|" * len(names),
    )
    rows = [
        _row(
            one["seed"],
            f"{one['nats_per_point']:.3f}",
            *(f"{one['baselines'][name]:.3f}" for name in names),
            _percent(one["named_right"]),
            _percent(one["real_named_right"]),
        )
        for one in report["seeds"]
    ]
    return _table(header, rows)


def _melodies(report: dict[str, Any]) -> str:
    rows = []
    for one in report["runs"]:
        test, sampled = one["test"], one["sampled"]
        human = test["human_bars"]
        rows.append(
            _row(
                one["seed"],
                f"{test['nats_per_event']:.3f}",
                f"{min(test['baselines'].values()):.3f}",
                f"{sampled['parsed']} of {sampled.get('tunes', 200)}",
                _percent(sampled["bars"]["share"]),
                _percent(human["share"] if isinstance(human, dict) else human),
            )
        )
    return _table(MELODIES, rows)


def _chorales(report: dict[str, Any]) -> str:
    rows = []
    for name, head in report["heads"].items():
        tests = [one["test"] for one in head["runs"]]
        each = [one["nats_per_step"] for one in tests]
        last = tests[0]["baselines"]["logistic regression on the last chord"]
        shown = ", ".join(f"{one:.3f}" for one in each)
        rows.append(_row(name, shown, f"{statistics.median(each):.3f}", f"{last:.3f}"))
    return _table(CHORALES, rows)


def _paths(report: dict[str, Any]) -> str:
    rows = []
    for found in report["sets"].values():
        runs = found["runs"]
        for scene in runs[0]["scenes"]:
            each = [run["scenes"][scene] for run in runs]
            plain = each[0]["baselines"]["constant velocity"]
            middle = {k: statistics.median(one[k] for one in each) for k in ("ade", "fde")}
            best = {k: statistics.median(one["best_of"][k] for one in each) for k in ("ade", "fde")}
            shares = {k: middle[k] / plain[k] for k in middle}
            rows.append(_row(scene, len(runs), *map(_pair, (plain, middle, best, shares))))
    return _table(PATHS, rows)


def _pair(errors: dict[str, float]) -> str:
    return f"{errors['ade']:.2f} / {errors['fde']:.2f}"


def written_chapter() -> list[str]:
    """The part on written cells."""
    report = load(RESULTS, "written-avx512")
    if report is None:
        return []
    family = []
    for point in report["points"]:
        if point["about"] == "engine":
            continue
        times = {one["name"]: one["processor"] for one in point["measurements"]}
        what = "training" if point["training"] else "inference"
        others = ("eager loop", "torch.jit.script", "torch.compile", "JAX")
        shown = (f"{times[k] / times['Elman']:.1f}" if k in times else "" for k in others)
        first = {one["name"]: one.get("first") for one in point["measurements"]}
        compiled = (f"{first[k]:.1f}" if first.get(k) else "" for k in others[2:])
        family.append(_row(point["cell"], point["size"], what, *shown, *compiled))
    told = [_table(WRITTEN, _engine_rows(report["points"])) + _table(FAMILY, family)]
    told.append(f"{describe_environment(report['environment'])}\n")
    lower = load(RESULTS, "written_engine_avx2_on_avx512")
    if lower is not None:
        told.append(_table(LOWERED, _engine_rows(lower["points"])))
        told.append(f"{describe_environment(lower['environment'])}\n")
    return told


def _engine_rows(points: Sequence[dict[str, Any]]) -> list[str]:
    """The engine's time over the kernel's, in inference and training."""
    found: dict[tuple[str, str], dict[bool, float]] = {}
    for point in points:
        if point["about"] == "engine":
            times = {one["name"]: one["processor"] for one in point["measurements"]}
            of = found.setdefault((point["cell"], point["size"]), {})
            of[point["training"]] = times["engine"] / times["kernel"]
    return [
        _row(*key, *(f"{of[which]:.2f}" if which in of else "" for which in (False, True)))
        for key, of in found.items()
    ]
