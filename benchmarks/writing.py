"""How well language models say texts that they have not read, and how fast they write.

    python -m benchmarks.writing                       # all parts; an hour and more
    python -m benchmarks.writing shakespeare speed     # some of them

shakespeare: Tiny Shakespeare by characters. The first 90 % is learnt from (on two threads), a slice
of it chooses the epoch and how the model learns while it reads; the last 10 % is read once, at the
end, the state carried, every character counted. encyclopedia: enwiki_mini, 10,000 words, the last
10 %, beside the interpolated n-gram; and what its vectors say of the likeness of words. wikitext2:
its valid file is learnt from, its test file is the test, in bits a byte by characters, subwords and
words. speed: characters a second at batch 1 on one thread, beside the same network in PyTorch, and
in ONNX Runtime where it is installed.

Results: benchmarks/results/writing.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import elman
from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Generator
from elman.data.sets.documents import load_documents
from elman.data.text_parts import spread_texts
from elman.tasks.learning_session import Dynamic, dynamic_scores
from elman.training import EpochEnd

SHAKESPEARE: dict[str, Any] = {
    "units": 512,
    "embedding": 128,
    "dropout": 0.4,
    "batch_size": 32,
    "truncation": 128,
    "learning_rate": 3e-3,
    "schedule": "cosine",
    "epochs": 5,
}
PREFIX = "ROMEO:\n"
DYNAMIC = [  # every, rate, decay; tried on the slice
    (40, 3e-4, 1e-3),
    (40, 6e-4, 1e-3),
    (80, 3e-4, 1e-3),
    (160, 3e-4, 1e-3),
    (160, 6e-4, 2e-3),
]
ENCYCLOPEDIA: dict[str, Any] = {
    "codec": "words",
    "vocabulary": 10_000,
    "units": 256,
    "embedding": 150,
    "dropout": 0.5,
    "input_dropout": 0.3,
    "batch_size": 20,
    "truncation": 35,
    "learning_rate": 3e-3,
    "schedule": "cosine",
    "epochs": 8,
}
WIKITEXT: dict[str, dict[str, Any]] = {
    "characters": {"units": 512, "dropout": 0.3, "truncation": 128, "epochs": 6},
    "subwords": {"vocabulary": 2_000, "units": 256, "embedding": 128, "dropout": 0.5, "epochs": 10},
    "words": {"vocabulary": 10_000, "units": 256, "embedding": 150, "dropout": 0.5, "epochs": 10},
}


def tell(event: Any) -> None:
    """A line for each epoch."""
    if isinstance(event, EpochEnd):
        one = event.record
        print(f"  epoch {one.epoch}: {one.validation_loss:.4f}, {one.seconds:.0f} s", flush=True)


def trained(text: str | list[str], recipe: dict[str, Any], threads: int, **more: Any) -> Generator:
    """A model of a text by a recipe."""
    return Generator(**recipe, threads=threads, callbacks=[tell], **more).fit(text)


def figures(model: Generator, test: str) -> dict[str, Any]:
    """What a model is worth on a text, how it came about, and how long the score took."""
    start = time.perf_counter()
    found = model.evaluate(test)
    seconds = time.perf_counter() - start
    assert model.history_ is not None
    kept = ("tokens", "characters", "bytes", "nats_per_token", "perplexity", "bits_per_character")
    return {
        **{name: found[name] for name in (*kept, "bits_per_byte", "unknown", "baselines")},
        "baseline_scores": found["baseline_scores"],
        "verdict": found["verdict"],
        "notes": found["notes"],
        "score_seconds": round(seconds, 2),
        "train_seconds": round(model.history_.seconds, 1),
        "validation_by_epoch": [one.validation_loss for one in model.history_.records],
        "best_epoch": model.history_.best_epoch,
        "parameters": model.result_["parameters"],
    }


def parted(text: str) -> tuple[str, str]:
    """The first nine tenths of a text, and the last one."""
    cut = len(text) - len(text) // 10
    return text[:cut], text[cut:]


def shakespeare() -> dict[str, Any]:
    """Tiny Shakespeare by characters, also learning while it is read."""
    train, test = parted(load_documents("tiny_shakespeare").texts[0])
    start = time.perf_counter()
    model = trained(train, SHAKESPEARE, 2)
    minutes = (time.perf_counter() - start) / 60
    slice_ = "".join(spread_texts((train,), 0.05, 0).held_out)  # what chose the epoch
    own = _seconds(lambda: model.score_tokens(slice_))[1]
    tried = []
    for every, rate, decay in DYNAMIC:
        how = Dynamic(every=every, rate=rate, decay=decay)
        said, seconds = _seconds(partial(dynamic_scores, model.model_, slice_, how))
        one = {"every": every, "rate": rate, "decay": decay, "over_score": seconds / own}
        tried.append({**one, "nats_per_token": said["nats_per_token"]})
        print("  dynamic", tried[-1], flush=True)
    best = min(tried, key=lambda one: one["nats_per_token"])
    how = Dynamic(**{name: best[name] for name in ("every", "rate", "decay")})
    found = figures(model, test)
    dynamic, seconds = _seconds(lambda: dynamic_scores(model.model_, test, how))
    own = _seconds(lambda: model.score_tokens(test))[1]
    sample = model.generate(PREFIX, max_length=400, temperature=0.7, seed=1)[0].text
    return {
        **found,
        "asked": SHAKESPEARE,
        "minutes": round(minutes, 2),
        "dynamic": {**dynamic, "chosen": best, "tried": tried, "seconds": round(seconds, 2)},
        "dynamic_over_score": round(seconds / own, 2),
        "sample": sample,
    }


def _seconds(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and how long it took."""
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


def encyclopedia() -> dict[str, Any]:
    """A small encyclopedia by words, and the likeness of words that its vectors tell."""
    train, test = parted(load_documents("enwiki_mini").texts[0])
    model = trained(train, ENCYCLOPEDIA, 1)
    found = figures(model, test)
    return {**found, "asked": ENCYCLOPEDIA, "likeness": likeness(model)}


def likeness(model: Generator) -> dict[str, Any]:
    """Spearman's correlation with what people say of pairs of words, and the share covered."""
    vectors, found = elman.embeddings(model.model_), {}
    archive = Path(os.environ["ELMAN_DATA"]) / "word_similarity" / "word_similarity.zip"
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as packed:
        for name in ("wordsim353.tsv", "simlex999.txt"):
            found[name] = vectors.agreement(packed.extract(name, folder))._asdict()
    return found


def wikitext2() -> dict[str, Any]:
    """WikiText-2's validation file to learn from and its test file to test, by three codecs."""
    folder = Path(os.environ["ELMAN_DATA"]) / "wikitext2_valid_test"
    with zipfile.ZipFile(folder / "wikitext2_valid_test.zip") as archive:
        names = {
            part: next(n for n in archive.namelist() if part in n) for part in ("valid", "test")
        }
        train, test = (archive.read(names[part]).decode("utf-8") for part in ("valid", "test"))
    found = {}
    for codec, recipe in WIKITEXT.items():
        print(f" {codec}", flush=True)
        model = trained(train, {"codec": codec, **recipe}, 1)
        found[codec] = {**figures(model, test), "asked": recipe}
    return found


def speed() -> dict[str, Any]:
    """Characters a second at batch 1, one thread: ours, and the same network stepped in PyTorch."""
    torch.set_num_threads(1)
    text = load_documents("tiny_shakespeare").texts[0][:20_000]
    found = {}
    for units in (128, 512):
        model = Generator(
            units=units, epochs=1, validation=None, threads=1, baselines=False, batch_size=16
        ).fit(text)
        peers = {"elman": _ours(model), "pytorch": _Peer(model).write, **_onnx_peers(model)}
        runs: dict[str, list[float]] = {name: [] for name in peers}
        count = 1000
        for repeat in range(9):
            for name, write in peers.items():
                start = time.perf_counter()
                write(count, repeat)
                runs[name].append(count / (time.perf_counter() - start))
        rates = {name: statistics.median(each[2:]) for name, each in runs.items()}
        others = {name: rates["elman"] / rate for name, rate in rates.items() if name != "elman"}
        weights = 4 * sum(one.size for one in model.model_.bundle.weights.values())
        found[str(units)] = {
            "characters_a_second": rates,
            "ratios": others,
            "megabytes_of_weights": weights / 1e6,
            "gigabytes_a_second": weights * rates["elman"] / 1e9,
        }
        print(" ", units, found[str(units)], flush=True)
    return found


def _ours(model: Generator) -> Callable[[int, int], Any]:
    return lambda count, seed: model.generate("\n", max_length=count, seed=seed)


class _Peer:
    """A generator's network in plain PyTorch, stepped as tutorials do."""

    def __init__(self, model: Generator) -> None:
        weights = {k: torch.from_numpy(v) for k, v in model.model_.bundle.weights.items()}
        size = weights["body.0.weight"].shape
        units = weights["body.1.cells.0.weight_hh"].shape[1]
        self.embedding = nn.Embedding.from_pretrained(weights["body.0.weight"])
        self.lstm = nn.LSTM(size[1], units, batch_first=True)
        bias = weights["body.1.cells.0.bias"].clone()
        bias[units : 2 * units] += 1.0  # of the forget gate, which ours adds as it runs
        cell = {f"weight_{one}_l0": weights[f"body.1.cells.0.weight_{one}"] for one in ("ih", "hh")}
        cell |= {"bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}
        self.lstm.load_state_dict(cell)
        self.dense = nn.Linear(units, size[0])
        self.dense.load_state_dict(
            {"weight": weights["body.2.weight"], "bias": weights["body.2.bias"]}
        )

    def write(self, count: int, seed: int) -> list[int]:
        """So many drawn tokens."""
        torch.manual_seed(seed)
        token, state, found = torch.tensor([[1]]), None, []
        with torch.inference_mode():
            for _ in range(count):
                hidden, state = self.lstm(self.embedding(token), state)
                chances = torch.softmax(self.dense(hidden[:, -1]), dim=-1)
                token = torch.multinomial(chances, 1)
                found.append(int(token))
        return found


def _onnx_peers(model: Generator) -> dict[str, Callable[[int, int], Any]]:
    """The ways of ONNX Runtime to write, none where it is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        print("  ONNX Runtime is not installed, and not measured", flush=True)
        return {}
    from benchmarks.peers.onnx_writing import OnnxWriter

    writer = OnnxWriter(model.model_.bundle.weights)
    text = "to be or not to be"
    wanted = model.score_tokens(text).log_probabilities
    np.testing.assert_allclose(writer.said(model.model_.framed([text])[0]), wanted, atol=1e-4)
    return {"onnx runtime, arrays": writer.write, "onnx runtime, its values": writer.write_bound}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "shakespeare": shakespeare,
    "encyclopedia": encyclopedia,
    "wikitext2": wikitext2,
    "speed": speed,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    given = parser.parse_args()
    for name in given.parts or PARTS:
        print(name, flush=True)
        found = PARTS[name]()
        report = load(RESULTS, "writing") or {"parts": {}}
        report["parts"][name] = {**found, "environment": environment()}
        keep(RESULTS, "writing", report)
        shown = {k: v for k, v in found.items() if isinstance(v, int | float | str)}
        print(shown or found, flush=True)


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
