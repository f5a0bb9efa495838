"""Every kind of picture in ordinary and in odd cases, as small as it can be: a function of no
arguments each, by its name. What holds of all pictures is tested over these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from elman import plots
from elman.blueprint import CellConfig
from elman.runtime.moving.encounters import Encounter
from tests.plots.forecasts import STEPS, backtest_of, forecast_of, past_of
from tests.plots.futures import futures_of
from tests.plots.recordings import recorded

__all__ = ["FOREIGN", "GALLERY"]

FOREIGN = ("晴れのち曇り", "نص عربي", "😀 ok", "$5 & $6", "한국어")
"""Words that matplotlib's own font cannot draw, or would take for a formula."""


def _history(epochs: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "epoch": k,
            "train_loss": 2.0 / k,
            "validation_loss": 1.9 / k + 0.02 * k,
            "validation_score": 0.9 - 0.001 * (k - 7) ** 2,
            "seconds": 0.5,
            **more,
        }
        for k in range(1, epochs + 1)
    ]


RATES = {
    "rates": np.geomspace(1e-6, 10, 50).tolist(),
    "losses": (2.0 - 1.5 * np.exp(-((np.arange(50) - 38) ** 2) / 60)).tolist(),
    "smoothed": (2.0 - 1.5 * np.exp(-((np.arange(50) - 40) ** 2) / 60)).tolist(),
    **{"begins": 2e-3, "suggested": 0.012, "lowest": 0.5, "optimizer": "adam", "enough": True},
}
NONE = {"begins": None, "suggested": None, "lowest": None}


def _curves() -> Iterator[tuple[str, Callable[[], Any]]]:
    rising = [{**e, "validation_loss": 3 - e["train_loss"]} for e in _history(12)]
    broken = [*_history(3), {"epoch": 4, "train_loss": np.nan, "validation_loss": np.nan}]
    yield "curves", lambda: plots.learning_curves(_history(12))
    levels = {"unigram": 3.3, "interpolated 5-gram (Witten-Bell)": 1.67}
    yield "curves beside levels", lambda: plots.learning_curves(_history(12), levels=levels)
    bleu = [{**e, "validation_score": 40 * e["validation_score"]} for e in _history(12)]
    known = {"the most similar training pair (TF-IDF)": 18.5, "copying the source": 1.2}
    yield (
        "curves, scores beside levels",
        lambda: plots.learning_curves(bleu, score_name="BLEU", score_levels=known),
    )
    yield "learning rates", lambda: plots.learning_rates(RATES)
    yield "learning rates, none", lambda: plots.learning_rates(RATES | NONE)
    few = RATES | NONE | {"enough": False}
    yield "learning rates, few steps", lambda: plots.learning_rates(few)
    yield "curves, one epoch", lambda: plots.learning_curves(_history(1))
    yield "curves, 300 epochs", lambda: plots.learning_curves(_history(300), score_name="R²")
    yield "curves, losses that rise", lambda: plots.learning_curves(rising)
    yield "curves, diverged", lambda: plots.learning_curves(broken)
    only = [{"epoch": k, "train_loss": 3.0 - k} for k in (1, 2)]
    yield "curves, training only", lambda: plots.learning_curves(only)


def _translations() -> Iterator[tuple[str, Callable[[], Any]]]:
    draws = np.random.default_rng(0)
    soft = draws.dirichlet(np.full(9, 0.2), 12)
    read, written = [*FOREIGN, "a", "b c", "", "d"], [*"cop yighaz\n!"]
    yield "attention", lambda: plots.attention(read, written, soft)
    long = draws.dirichlet(np.full(120, 0.02), 90)
    words = [f"word {k}" for k in range(150)]
    yield "attention, long", lambda: plots.attention(words[:120], words[-90:], long)
    yield (
        "attention, one token",
        lambda: plots.attention(["\n"], ["incomprehensibilities" * 2], [[1]]),
    )
    falling = {"this model": [61.0, 52, 49, 47.5, 30], FOREIGN[0]: [20.0, 19, 18, 17, 16]}
    ranges = [(1, 4), (5, 5), (6, 7), (8, 10), (11, 1047)]
    yield "lengths", lambda: plots.quality_by_length(ranges, [10, 12, 9, 14, 8], falling)
    yield "lengths, one", lambda: plots.quality_by_length([(3, 3)], [1], {"this model": [0.0]})


def _answers() -> Iterator[tuple[str, Callable[[], Any]]]:
    draws = np.random.default_rng(0)
    names = [f"class {k}" for k in range(10)]
    ten = draws.poisson(2, (10, 10)) + np.diag(draws.integers(1, 900, 10))
    yield (
        "confusion, 2 classes",
        lambda: plots.confusion(np.array([[48, 2], [9, 3]]), ["no", "yes"]),
    )
    yield "confusion, 10 classes", lambda: plots.confusion(ten, names)
    half = np.array([[50, 14, 7, 3], [1, 25, 20, 5], [30, 30, 40, 10], [0, 3, 10, 60]])
    yield "confusion, all shades", lambda: plots.confusion(half, FOREIGN[:4])
    yield "confusion, 80 classes", lambda: plots.confusion(np.eye(80), [f"k{k}" for k in range(80)])
    images = draws.random((8, 9, 9))
    waves = [np.cumsum(draws.normal(size=(30 + 9 * k, 2)), axis=0) for k in range(8)]
    chances = np.tile([0.7, 0.2, 0.1], (8, 1))
    yield "misread, images", lambda: plots.misread(images, [1] * 8, [2] * 8, chances)
    yield (
        "misread, series",
        lambda: plots.misread(waves, FOREIGN[:2] * 4, FOREIGN[1:3] * 4, chances),
    )
    places = np.array([(k, step) for k in range(8) for step in (3, 9)])
    yield "misread, steps of named series", lambda: plots.misread(
        waves, FOREIGN[:2] * 8, FOREIGN[1:3] * 8, np.tile([0.7, 0.2, 0.1], (16, 1)),
        places=places, feature_names=FOREIGN[2:4],
    )  # fmt: skip
    texts = ["a dull\nfilm", "", "word " * 900, *FOREIGN[:2], "x" * 3000, "雨が降る " * 30, "a b"]
    yield (
        "misread texts",
        lambda: plots.misread_texts(texts, FOREIGN[:2] * 4, FOREIGN[1:3] * 4, chances),
    )
    yield "misread texts, nothing", lambda: plots.misread_texts(["a"], [1], [1], [[0.5, 0.5]])
    words = [*FOREIGN[:4], "to", "that", "a" * 60, ""]
    yield "mistagged", lambda: plots.mistagged(words * 9, [*FOREIGN[:4]] * 18, ["X", ""] * 36)
    yield "surprise", lambda: plots.surprise(list("to be\nor") * 9, np.linspace(0, 15, 72))
    yield "surprise, words", lambda: plots.surprise([*FOREIGN, "word " * 9] * 60, np.ones(360))
    yield "surprise, one", lambda: plots.surprise(["\n"], [0.0])
    yield "mistagged, once", lambda: plots.mistagged(["to", "be"], ["P", "V"], ["P", "N"])
    yield "mistagged, nothing", lambda: plots.mistagged(["to"], ["P"], ["P"])
    huge = np.array([[1_519_600, 13_000_000], [2, 12_345_678]])
    yield "confusion, millions", lambda: plots.confusion(huge, ["", "x"], counted="steps")
    true = (draws.random((80, 5)) < [0.5, 0.3, 0.1, 0.02, 0.6]).astype(int)
    said = np.where(draws.random((80, 5)) < 0.8, true, 1 - true)
    yield "rates", lambda: plots.rates(true, said, [*FOREIGN[:4], ""])
    yield "rates, one label never", lambda: plots.rates([[0], [0]], [[0], [0]], ["rare"])
    yield "rates, very many", lambda: plots.rates(np.eye(90), np.eye(90), list(range(90)))
    yield "misread, nothing", lambda: plots.misread(images, [1] * 8, [1] * 8, chances)
    belief = np.linspace([0.5, 0.3, 0.2], [0.1, 0.3, 0.6], 9)
    yield "reading, an image", lambda: plots.reading(images[0], belief, ["a", "b", "c"], "c")
    yield (
        "reading, an image of words",
        lambda: plots.reading(images[0], belief, FOREIGN[:3], FOREIGN[2]),
    )
    steps = np.linspace([0.5, 0.3, 0.2], [0.1, 0.3, 0.6], 30)
    yield "reading, a series", lambda: plots.reading(
        waves[0], steps, FOREIGN[:3], FOREIGN[1], feature_names=FOREIGN[3:]
    )  # fmt: skip
    yield "reading, one step", lambda: plots.reading(np.ones(1), steps[:1], ["a", "b", "c"], "c")
    yield "reading, many sensors", lambda: plots.reading(
        draws.random((30, 12)), steps, ["a", "b", "c"], "c",
        feature_names=[f"sensor {k}" for k in range(12)],
    )  # fmt: skip
    truth = draws.normal(size=(40, 3)) * [1, 1000, 1e-6]
    yield (
        "regression, 1 number",
        lambda: plots.regression(truth[:, 0], truth[:, 0] + 0.1, ["load (kW)"]),
    )
    yield "regression, 3 numbers", lambda: plots.regression(truth, 0.9 * truth, FOREIGN[:3])
    long = [f"a very long name of a target that never ends {k} [kWh/m²]" for k in range(3)]
    far = truth + np.array([1e9, 1e9, 0])
    yield "regression, long names, far values", lambda: plots.regression(far, far + truth, long)
    yield "regression, a constant", lambda: plots.regression(np.ones(4), np.arange(4.0))


def _forecasts() -> Iterator[tuple[str, Callable[[], Any]]]:
    one, three, words = past_of(["Berlin"]), past_of(["a", "b", "c"]), past_of(FOREIGN[:3])
    yield "forecast", lambda: plots.forecast(forecast_of(one, 14), one)
    yield "forecast, several", lambda: plots.forecast(forecast_of(words, 14), words)
    numbers = past_of(["a"], times=STEPS)
    yield (
        "forecast, one step",
        lambda: plots.forecast(forecast_of(numbers, 1, times=STEPS), numbers),
    )
    whole = past_of(["Berlin"], 134)
    yield "forecast, and what came", lambda: plots.forecast(forecast_of(one, 14), one, whole)
    yield "backtest", lambda: plots.backtest(backtest_of(one, 7, 40), one)
    yield "backtest, several", lambda: plots.backtest(backtest_of(words, 7, 5), words)
    yield "horizon", lambda: plots.horizon(backtest_of(one, 14, 40).report)
    yield "horizon, one step", lambda: plots.horizon(backtest_of(one, 1, 40).report)
    yield "horizon, 60 steps", lambda: plots.horizon(backtest_of(three, 60, 10).report)
    yield "honesty", lambda: plots.honesty(backtest_of(one, 7, 40).report)
    yield "honesty, several", lambda: plots.honesty(backtest_of(words, 7, 40, error=30).report)
    many = past_of([f"s{k}" for k in range(30)])
    yield "honesty, many", lambda: plots.honesty(backtest_of(many, 7, 5, error=2).report)


def _inside() -> Iterator[tuple[str, Callable[[], Any]]]:
    lstm, gru, rnn = (CellConfig(kind, 9) for kind in ("lstm", "gru", "rnn"))
    small = recorded(CellConfig("rnn", 3), steps=5, features=3)
    deep = recorded(lstm, gru, steps=12, features=8, outputs=9, bidirectional=True)
    sensors = [f"sensor {k}" for k in range(8)]
    for name, draw in (("unrolled", plots.unrolled), ("states", plots.states)):
        yield name, lambda draw=draw: draw(small, FOREIGN[:3], feature_names=FOREIGN[2:])
        yield f"{name}, deep", lambda draw=draw: draw(deep, [*"abcdefghi"], feature_names=sensors)
        yield (
            f"{name}, numbers",
            lambda draw=draw: draw(
                recorded(rnn, steps=40, features=1), feature_names=["load (kW)"],
                target_names=["wear", "life (h)", FOREIGN[0]],
            ),
        )  # fmt: skip
    yield "gates", lambda: plots.gates(small, feature_names=FOREIGN[2:])
    yield "gates, deep", lambda: plots.gates(deep, feature_names=sensors)
    yield "gates, a short one", lambda: plots.gates(recorded(gru, steps=1))


def _layer(factor: float, name: str, gates: str, steps: int = 30) -> dict[str, Any]:
    curve = factor ** np.arange(steps)
    faded = np.flatnonzero(curve < 0.01)
    circle = 0.9 * np.exp(1j * np.linspace(0, 6, 20))
    values = [[v.real, v.imag] for v in circle]
    return {
        "name": name,
        "what": "LSTM 3 -> 20",
        "hidden_by_lag": (curve * 0.7).tolist(),
        "state_by_lag": curve.tolist(),
        "memory": int(faded[0]) if len(faded) else None,
        "explodes": bool(curve.max() > 10),
        "pace": "halves every step" if factor < 1 else "doubles every 7.3 steps",
        "matrices": {g: {"radius": 0.9, "norm": 1.0, "eigenvalues": values} for g in gates},
        "gates": {
            g: {"low": 0.55, "high": 0.3, "mean": 0.5, "ends": "under 0.05 or above 0.95"}
            for g in gates
        },
        "units": 20,
        "dead": [1, 2],
    }


def _paths() -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "paths", lambda: plots.paths(futures_of(), unit="m")
    odd = futures_of(agents=5, samples=9, scene=FOREIGN[0], names=FOREIGN)
    met = [Encounter(FOREIGN[0], FOREIGN[1], one, 0.5, 3.25, 0.1) for one in FOREIGN[2:]]
    yield "paths, encounters", lambda: plots.paths(odd, met=met, distance=0.5, unit=FOREIGN[3])


def _learning() -> Iterator[tuple[str, Callable[[], Any]]]:
    def diagnosed(*layers: dict[str, Any]) -> dict[str, Any]:
        advice = [{"layer": each["name"], "text": "the gradient halves. " * 9} for each in layers]
        return {"cost": "a loss", "layers": layers, "advice": advice, "unseen": []}

    yield "gradients", lambda: plots.gradients(diagnosed(_layer(0.5, "layer 1", "ifgo")))
    lasting = _layer(0.99, FOREIGN[0], "rzn"), _layer(0.8, "layer 2", "h")
    yield "gradients, two layers", lambda: plots.gradients(diagnosed(*lasting))
    yield "gradients, exploding", lambda: plots.gradients(diagnosed(_layer(1.2, "layer 1", "h")))
    updates = [100 * (k + 1) for k in range(20)]
    entries = [
        {
            "name": name,
            "learning_rate": 0.003,
            "gradient_before": (0.7 ** np.arange(60)).tolist(),
            "gradient_after": (fall ** np.arange(60)).tolist(),
            "updates": updates,
            "error": np.geomspace(0.2, end, 20).tolist(),
            "stopped": None,
        }
        for name, fall, end in (("tanh", 0.7, 0.15), ("LSTM", 0.99, 0.001), ("GRU", 0.9, 0.02))
    ]
    measured = {"remedies": entries, "steps": 60, "updates": 2000, "units": 64, "batch": 100}
    measured |= {"optimizer": "Adam", "seed": 3, "baseline": 1 / 6, "solved": 0.01}
    yield "remedies", lambda: plots.remedies(measured)


def _sounds() -> Iterator[tuple[str, Callable[[], Any]]]:
    draws = np.random.default_rng(0)
    steps, chances = draws.normal(size=(60, 12)), draws.dirichlet(np.full(9, 0.1), 60)
    names, times = (
        ["blank", *FOREIGN, " ", "a", "long-label-of-all"],
        np.array([[0.1, 0.2], [0.9, 1]]),
    )
    heard = [FOREIGN[0], " "]
    yield (
        "alignment",
        lambda: plots.alignment(steps, chances, names, heard, times, 0.02, true=" ".join(FOREIGN)),
    )
    bands: Any = {
        "spectrogram": draws.normal(-5, 6, size=(240, 40)),
        "hertz": np.geomspace(50, 4e3, 40),
    }
    yield (
        "alignment over a spectrogram",
        lambda: plots.alignment(steps, chances, names, heard, times, 0.02, **bands),
    )
    one = steps[:1], np.array([[1.0, 0.0]]), ["blank", "a"], [], np.zeros((0, 2))
    yield "alignment, silence", lambda: plots.alignment(*one)


def _music() -> Iterator[tuple[str, Callable[[], Any]]]:
    draws = np.random.default_rng(0)
    pitches, starts = 60 + draws.integers(0, 15, 90), np.arange(90) * 0.5
    lengths, bars, bits = np.full(90, 0.5), np.arange(0, 46, 3.0), draws.exponential(2, 90)
    notes = pitches, starts, lengths
    yield (
        "piano roll",
        lambda: plots.piano_roll(*notes, bars=bars, bits=bits, finding="A tune, in G, 6/8"),
    )
    told = {"finding": FOREIGN[0], "more": FOREIGN[3]}
    yield "piano roll, given", lambda: plots.piano_roll(*notes, given=4.0, **told)
    yield "piano roll, one note", lambda: plots.piano_roll([60], [0], [1])
    long = np.tile(pitches, 12), np.arange(90 * 12) * 0.5, np.full(90 * 12, 0.5)
    yield "piano roll, long", lambda: plots.piano_roll(*long)


GALLERY: dict[str, Callable[[], Any]] = {
    name: draw
    for group in (
        *(_curves, _translations, _sounds, _music, _answers, _forecasts, _paths, _inside),
        _learning,
    )
    for name, draw in group()
}
