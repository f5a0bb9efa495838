"""Forecasts: the chapter."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.ranks import mean_ranks
from benchmarks.results import RESULTS, classed, classes, load

__all__ = ["forecasting_chapter"]

HEADER = """## Forecasts

`python -m benchmarks.forecasting`: each recipe three times, on one thread, medians shown. Epoch and
recipe are chosen on the validation part; every window of the test part counts. While the recipes
of ETTh1 were searched, test scores of other networks were seen, too; what was kept was decided by
the validation part.
"""
PRACTICE = """### Small sets, defaults alone

`python -m benchmarks.practice`: MASE, smaller is better, of up to five windows in the last tenth of
each series, all series together; the mean of three seeds. AutoETS is that of statsforecast.
"""
NAMES = {
    "elman": "Elman",
    "seasonal naive": "seasonal naive",
    "autoets": "AutoETS",
    "gru": "NeuralForecast's GRU",
    "lstm": "NeuralForecast's LSTM",
}
M4 = {
    "seasonal naive": (13.91, 1.193),
    "the competition's winner (Smyl 2020)": (9.33, 0.893),
}
"""sMAPE and MASE on the hourly series of M4, from the competition and from these files."""


def forecasting_chapter() -> list[str]:
    """The chapter's parts."""
    found = load(RESULTS, "forecasting")
    parts = []
    if found is not None:
        recipes = found["recipes"]
        parts = [HEADER]
        if "m4-hourly" in recipes:
            parts += ["### M4 hourly: 414 series, 48 hours ahead\n", _m4(recipes["m4-hourly"])]
        if any(name.startswith("etth1") for name in recipes):
            parts += ["### ETTh1: 7 columns, mean squared error, standardised\n", _etth1(recipes)]
        parts.append(f"{describe_environment(found['environment'])}\n")
    practice = load(RESULTS, "practice")
    if practice is not None:
        sets = {name: found for name, found in practice["sets"].items() if "elman" in found}
        parts += [PRACTICE, _practice(sets)]
        parts.append(f"{describe_environment(practice['environment'])}\n")
    levels = classes(RESULTS, ["forecast_speed"])
    if levels:
        parts.append("### Speed of forecasters\n")
    for level in levels:
        speed = load(RESULTS, classed("forecast_speed", level))
        assert speed is not None
        parts += [_speed(speed), f"{describe_environment(speed['environment'])}\n"]
    return parts


def _practice(sets: dict[str, Any]) -> str:
    who = [name for name in NAMES if any(name in found for found in sets.values())]
    whole = [name for name in who if all(name in found for found in sets.values())]
    lines = [
        f"| | {' | '.join(NAMES[name] for name in who)} | 80 % interval covers |",
        f"|---|{'---:|' * (len(who) + 1)}",
    ]
    for name, found in sets.items():
        best = min(one["mase"] for one in found.values())
        cells = [_score(found[one]["mase"], best) if one in found else "" for one in who]
        covers = found["elman"]["covers"]
        cells.append(f"{100 * sum(covers) / len(covers):.0f} %")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    places = mean_ranks(sets)
    cells = [f"{places[name]:.2f}" if name in whole else "" for name in who]
    lines.append(f"| mean rank | {' | '.join(cells)} | |")
    return "\n".join(lines) + "\n"


def _score(found: float, best: float) -> str:
    return f"**{found:.3f}**" if found == best else f"{found:.3f}"


def _m4(recipe: dict[str, Any]) -> str:
    lines = [
        "| | sMAPE, % | MASE | 80 % interval covers | training, s |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [f"| {who} | {smape:.2f} | {mase:.3f} | | |" for who, (smape, mase) in M4.items()]
    for seed in recipe["seeds"]:
        cells = [f"{seed['test']['smape']:.2f}", f"{seed['test']['mase']:.3f}"]
        cells += [f"{100 * seed['coverage'][0]['found']:.1f} %", f"{seed['train_seconds']:.0f}"]
        lines.append(f"| `m4-hourly`, seed {seed['seed']} | {' | '.join(cells)} |")
    middle = recipe["median"]
    cells = [f"{middle['smape']:.2f}", f"{middle['mase']:.3f}"]
    cells += [f"{100 * middle['coverage_80']:.1f} %", f"{middle['train_seconds']:.0f}"]
    lines.append(f"| **median** | {' | '.join(f'**{cell}**' for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _etth1(recipes: dict[str, Any]) -> str:
    lines = [
        "| horizon | network, by seed | median | linear map, same windows | training, s |",
        "|---:|---|---:|---:|---:|",
    ]
    for name, recipe in recipes.items():
        if not name.startswith("etth1"):
            continue
        seeds = ", ".join(f"{seed['test_mse']['network']:.4f}" for seed in recipe["seeds"])
        middle = recipe["median"]
        cells = [name.rpartition("-")[2], seeds, f"**{middle['mse, network']:.4f}**"]
        cells += [f"{middle['mse, linear map']:.4f}", f"{middle['train_seconds']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _speed(speed: dict[str, Any]) -> str:
    lines = [
        "| | threads | Elman | beside it | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for point in speed["training"]:
        ours, theirs = (point["epoch_seconds"][name] for name in ("elman", "torch"))
        what = "an epoch of M4 hourly, LSTM 64, windows of 168, batch 64; plain PyTorch"
        cells = [what, point["threads"], f"{ours:.1f} s", f"{theirs:.1f} s"]
        lines.append(f"| {' | '.join(map(str, cells))} | {point['ratio']:.2f} times as fast |")
    tested = speed["backtest"]
    ours, theirs = (1e3 * tested["seconds"][name] for name in ("backtest", "predict"))
    what = f"a backtest of {tested['origins']:,} origins; predicting the same windows as one array"
    lines.append(
        f"| {what} | 1 | {ours:.0f} ms | {theirs:.0f} ms | {tested['ratio']:.2f} times the time |"
    )
    return "\n".join(lines) + "\n"
