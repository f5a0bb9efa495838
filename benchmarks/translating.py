"""How well networks translate, beside simple baselines and beside a system of others.

    python -m benchmarks.translating                     # all parts; hours
    python -m benchmarks.translating dates tatoeba       # some of them

dates: dates as people write them to ISO 8601, with the defaults; days of the test part are never
learnt from. tatoeba: English to French (two threads, at most two hours): first every French
sentence is learnt, then the first one of each English sentence. 2,000 English sentences are the
test part, drawn by seed 0, and no other spelling of them is learnt from; the epoch is chosen by
BLEU on a hundredth of the training part, the test part is read once, at the end.
lesson: the same by the network of the classic introduction to recurrent networks (TensorFlow 1):
the source reversed, no attention, greedy. ablation: shorter trainings on one thread that differ in
one thing each, judged on a hundredth of the training part. joeynmt: JoeyNMT's recurrent model (its
own code) and ours, the same subwords and sizes, for the same time on one thread each.

Results: benchmarks/results/translating.json.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman.data.pairs import Pairs, held_out_pairs
from elman.data.sets.pairs import load_pairs
from elman.metrics.translation import bleu, chrf, exact
from elman.tasks import Translator
from elman.training import EpochEnd
from elman.transforms.text import TextCodec

TATOEBA: dict[str, Any] = {
    "codec": "subwords",
    "vocabulary": 5000,
    "embedding": 192,
    "units": 256,
    "bidirectional": True,
    "dropout": 0.3,
    "input_dropout": 0.2,
    "label_smoothing": 0.1,
    "learning_rate": 3e-3,
    "warmup_steps": 300,
    "batch_tokens": 1500,
    "validation": 0.01,
    "max_length": 50,
    "epochs": 7,
}
LAST: dict[str, Any] = {
    "dropout": 0.2,
    "input_dropout": 0.1,
    "learning_rate": 1.5e-3,
    "warmup_steps": 100,
    "average": 0.999,
    "epochs": 6,
}
"""What a training goes on with, of each English sentence by its first French one alone."""
LESSON: dict[str, Any] = {**TATOEBA, "bidirectional": False, "attention": None}
ABLATION: dict[str, dict[str, Any]] = {
    "as it is": {},
    "one direction": {"bidirectional": False, "reverse_source": False},
    "one direction, reversed": {"bidirectional": False, "reverse_source": True},
    "no attention, one direction": {
        "bidirectional": False, "reverse_source": False, "attention": None,
    },
    "no attention, one direction, reversed": {
        "bidirectional": False, "reverse_source": True, "attention": None,
    },
    "input feeding": {"feeding": True},
    "words": {"codec": "words", "vocabulary": 10_000},
}  # fmt: skip
ABLATION_EPOCHS = 2
BESIDE_EPOCHS = 2


def tell(event: Any) -> None:
    """A line for each epoch."""
    if isinstance(event, EpochEnd):
        one = event.record
        said = f"{one.validation_loss:.4f}, score {one.validation_score}, {one.seconds:.0f} s"
        print(f"  epoch {one.epoch}: {said}", flush=True)


def trained(train: Pairs, recipe: dict[str, Any], threads: int, run: str = "") -> Translator:
    """A model of pairs by a recipe; with a run's name it goes on where that was interrupted."""
    given = {**recipe, **_run(run)} if run else recipe
    return Translator(**given, threads=threads, callbacks=[tell]).fit(train)


def gone_on(model: Translator, train: Pairs, run: str) -> Translator:
    """The same by `LAST`, likewise."""
    model.set_params(**LAST, **_run(run), warm_start=True)
    return model.fit(firsts(train))


def firsts(pairs: Pairs) -> Pairs:
    """Of each source its first target."""
    found: dict[str, str] = {}
    for source, target in zip(pairs.source, pairs.target, strict=True):
        found.setdefault(source, target)
    return Pairs([*found], [*found.values()], name=f"{pairs.name}, first targets")


def _run(name: str) -> dict[str, Any]:
    folder = RESULTS.parent.parent / "build" / "benchmarks" / name
    return {"run": folder, "resume": (folder / "checkpoints").exists()}


def course(model: Translator) -> dict[str, Any]:
    """How a training went."""
    assert model.history_ is not None
    return {
        "train_seconds": round(model.history_.seconds, 1),
        "validation_by_epoch": [one.validation_score for one in model.history_.records],
        "best_epoch": model.history_.best_epoch,
        "parameters": model.result_["parameters"],
        "train_pairs": model.result_["train_pairs"],
        "train_tokens": model.result_["train_tokens"],
    }


def scored(answers: Sequence[str], test: Pairs) -> dict[str, Any]:
    """What answers are worth, against each source's first reference and against all."""
    found = [bleu(answers, test.target), bleu(answers, test.references), chrf(answers, test.target)]
    return {
        "bleu": found[0].value,
        "bleu_of_all": found[1].value,
        "chrf": found[2].value,
        "exact": exact(answers, test.target),
        "signatures": [one.signature for one in found],
    }


def answered(model: Translator, test: Pairs, **given: Any) -> tuple[list[str], float]:
    """The answers to the test part, and how many sentences a second of processor time."""
    start = time.process_time()
    found = [one.text for one in model.translate(test.source, **given)]
    return found, len(test) / (time.process_time() - start)


def figures(model: Translator, train: Pairs, test: Pairs) -> dict[str, Any]:
    """Greedy and by a beam; the latter also without targets that stand in the training part."""
    found: dict[str, Any] = {}
    for name, beam in (("greedy", 1), ("beam", 5)):
        answers, rate = answered(model, test, beam_size=beam)
        found[name] = {**scored(answers, test), "sentences_a_second": round(rate, 1)}
        print(" ", name, found[name], flush=True)
        if name == "beam":
            known = set(train.target)
            new = [k for k, target in enumerate(test.target) if target not in known]
            part = [answers[k] for k in new]
            found["beam, new targets"] = {**scored(part, test.select(new)), "pairs": len(new)}
            shown = range(0, len(test), len(test) // 12)
            found["examples"] = [[test.source[k], answers[k], test.target[k]] for k in shown]
    return found


def dates() -> dict[str, Any]:
    """Dates with the defaults, on two threads."""
    start = time.perf_counter()
    model = trained(load_pairs("dates", "train"), {}, 2)
    seconds = time.perf_counter() - start
    told = model.evaluate(load_pairs("dates", "test"))
    kept = {name: told[name] for name in ("pairs", "exact", "nats_per_token", "baselines")}
    return {**kept, **course(model), "seconds": round(seconds, 1)}


def tatoeba() -> dict[str, Any]:
    """English to French."""
    train, test = (load_pairs("tatoeba_fra_eng", part) for part in ("train", "test"))
    model = trained(train, TATOEBA, 2, "tatoeba")
    first = course(model)
    model = gone_on(model, train, "tatoeba-last")
    told = model.evaluate(test)
    baselines = {"baselines": told["baseline_scores"], "verdict": told["verdict"]}
    asked = {"asked": [TATOEBA, LAST], "first": first}
    return {**asked, **course(model), **baselines, **figures(model, train, test)}


def lesson() -> dict[str, Any]:
    """The same by the network of the classic introduction."""
    train, test = (load_pairs("tatoeba_fra_eng", part) for part in ("train", "test"))
    model = trained(train, LESSON, 2, "tatoeba-lesson")
    return {"asked": LESSON, **course(model), **figures(model, train, test)}


def ablation() -> dict[str, Any]:
    """What each choice is worth, after as many epochs; judged on the validation part."""
    train, held = _parts()
    found = {}
    for name, change in ABLATION.items():
        print(f" {name}", flush=True)
        recipe = {**TATOEBA, **change, "epochs": ABLATION_EPOCHS, "validation": None}
        recipe["choose_by"] = "loss"
        model = trained(train, recipe, 1)
        scores = {
            str(beam): scored(answered(model, held, beam_size=beam)[0], held) for beam in (1, 5)
        }
        print("  ", {beam: round(one["bleu"], 2) for beam, one in scores.items()}, flush=True)
        found[name] = {"changed": change, "beams": scores, **course(model)}
    return found


def _parts() -> tuple[Pairs, Pairs]:
    """What is learnt and a hundredth of the training part, to judge choices by."""
    parts = held_out_pairs(load_pairs("tatoeba_fra_eng", "train"), share=0.01, seed=0)
    return parts.train, parts.held_out.grouped()


# ---- beside JoeyNMT ---------------------------------------------------------------------------

JOEY = """
name: "tatoeba"
joeynmt_version: "2.3.0"
model_dir: "{folder}/model"
use_cuda: False
fp16: False
random_seed: 42
data:
  train: "{folder}/train"
  dev: "{folder}/dev"
  test: "{folder}/test"
  dataset_type: "plain"
  src: &side
    lang: "en"
    max_length: 60
    level: "word"
    voc_min_freq: 1
    lowercase: False
    normalize: False
  trg:
    <<: *side
    lang: "fr"
testing:
  n_best: 1
  beam_size: 5
  beam_alpha: 1.0
  batch_size: 1024
  batch_type: "token"
  max_output_length: 60
  eval_metrics: ["bleu"]
training:
  optimizer: "adamw"
  learning_rate: 0.001
  learning_rate_min: 0.00001
  scheduling: "plateau"
  patience: 4
  decrease_factor: 0.7
  clip_grad_norm: 1.0
  label_smoothing: 0.1
  loss: "crossentropy"
  batch_size: 1500
  batch_type: "token"
  normalization: "tokens"
  early_stopping_metric: "loss"
  epochs: 1000
  validation_freq: 500
  logging_freq: 50
  overwrite: True
  shuffle: True
  print_valid_sents: [0]
  keep_best_ckpts: 1
model:
  initializer: "xavier_uniform"
  embed_initializer: "normal"
  embed_init_weight: 0.1
  bias_initializer: "zeros"
  init_rnn_orthogonal: False
  lstm_forget_gate: 1.0
  encoder:
    type: "recurrent"
    rnn_type: "lstm"
    embeddings: {{embedding_dim: 192, scale: False, dropout: 0.2}}
    hidden_size: 256
    bidirectional: True
    dropout: 0.2
    num_layers: 1
  decoder:
    type: "recurrent"
    rnn_type: "lstm"
    embeddings: {{embedding_dim: 192, scale: False, dropout: 0.2}}
    hidden_size: 256
    dropout: 0.2
    hidden_dropout: 0.3
    num_layers: 1
    input_feeding: {feeding}
    init_hidden: "bridge"
    attention: "luong"
"""
"""Its own example's settings for recurrent models, with the sizes of ours."""


def joeynmt() -> dict[str, Any]:
    """Both systems for as long on one thread; the same subwords, and the same test part."""
    train, held = _parts()
    test = load_pairs("tatoeba_fra_eng", "test")
    found: dict[str, Any] = {}
    for feeding in (False, True):
        recipe = {**TATOEBA, "feeding": feeding, "epochs": BESIDE_EPOCHS}
        own = trained(train, {**recipe, "validation": (held.source, held.references)}, 1)
        answers, rate = answered(own, test, beam_size=5)
        ours = {**scored(answers, test), "sentences_a_second": round(rate, 1), **course(own)}
        ours["tokens_a_second"] = round(
            ours["train_tokens"] * BESIDE_EPOCHS / ours["train_seconds"], 1
        )
        suffix = ", input feeding" if feeding else ""
        found[f"Elman{suffix}"] = ours
        print(f"  Elman{suffix}", ours["bleu"], flush=True)
        theirs = beside(own, feeding, (train, held, test), ours["train_seconds"])
        found[f"JoeyNMT{suffix}"] = theirs
        print(f"  JoeyNMT{suffix}", theirs, flush=True)
    return found


def beside(
    own: Translator, feeding: bool, parts: tuple[Pairs, Pairs, Pairs], seconds: float
) -> dict[str, Any]:
    """JoeyNMT's model, stopped after so many seconds of training, by its best checkpoint."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, pairs in zip(("train", "dev", "test"), parts, strict=True):
            _write_ids(folder / f"{part}.en", own.source_codec_, pairs.source)
            _write_ids(folder / f"{part}.fr", own.codec_, pairs.target)
        config = folder / "config.yaml"
        config.write_text(JOEY.format(folder=folder, feeding=feeding), encoding="utf-8")
        log = _joey_log(config, seconds)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "joeynmt", "test", config, "-o", folder / "answers"],
            check=True, capture_output=True, env=_environment(),
        )  # fmt: skip
        tested = time.perf_counter() - start
        lines = (folder / "answers.test").read_text(encoding="utf-8").splitlines()
    answers = [own.codec_.decode([int(one[1:]) for one in line.split()]) for line in lines]
    rates = [float(one) for one in re.findall(r"Tokens per Sec:\s+([0-9.]+)", log)]
    return {
        **scored(answers, parts[2]),
        "train_seconds": round(seconds, 1),
        "tokens_a_second": statistics.median(rates),
        "test_seconds": round(tested, 1),
    }


def _write_ids(path: Path, codec: TextCodec, texts: Sequence[str]) -> None:
    """Texts as the ids of a codec, so that both systems have the same tokens."""
    lines = (" ".join(f"t{one}" for one in codec.encode(text)) for text in texts)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _joey_log(config: Path, seconds: float) -> str:
    """What its training says until it is stopped; the clock runs from its first batch."""
    told, deadline = [], float("inf")
    with subprocess.Popen(
        [sys.executable, "-m", "joeynmt", "train", config, "-t"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if deadline == float("inf") and "EPOCH 1" in line:
                deadline = time.monotonic() + seconds
            if time.monotonic() > deadline:
                process.terminate()
                break
    return "".join(told)


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "dates": dates,
    "tatoeba": tatoeba,
    "lesson": lesson,
    "ablation": ablation,
    "joeynmt": joeynmt,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    for name in parser.parse_args().parts or PARTS:
        print(name, flush=True)
        found = PARTS[name]()
        report = load(RESULTS, "translating") or {"parts": {}}
        report["parts"][name] = {**found, "environment": environment()}
        keep(RESULTS, "translating", report)


if __name__ == "__main__":
    main()
