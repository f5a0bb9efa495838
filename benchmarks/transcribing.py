"""How well strings of digits are heard, whole and while they are spoken, over several seeds.

    python -m benchmarks.transcribing                 # three seeds: train, whole files, streams
    python -m benchmarks.transcribing --seeds 0
    python -m benchmarks.transcribing --hours 10      # memory and work of a long stream
    python -m benchmarks.transcribing --speed         # beside the same model in plain PyTorch

Strings of 3 to 7 digits of one speaker each, joined from recordings of `free_spoken_digits` with
pauses and noise: those to learn from of the training recordings only, those of the test of the
official test recordings only. The epoch is chosen on further strings of training recordings, so
that choice knows nothing of new ones; the recipe was chosen on the same strings, so their score is
too good, and that of the test strings, which are read once, is what counts. Streams are given 0.1 s
at a time, one thread. Delays are measured on further strings of test recordings whose ends are
known: from the end of a digit to what must be heard before its label is shown, where all labels are
right.
A seed that was measured already is not run again. Results: benchmarks/results/transcribing.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import elman
from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman.data.recordings import Recordings
from elman.data.sets.sounds import digit_strings, load_recordings
from elman.metrics.edits import edits_of_all

SOUND: dict[str, Any] = {"bands": 40, "stack": 3, "stride": 3}
RECIPE: dict[str, Any] = {
    "cell": "gru",
    "units": 128,
    "dropout": 0.3,
    "learning_rate": 0.004,
    "schedule": "cosine",
    "clip_norm": 1.0,
    "batch_size": 32,
    "epochs": 20,
    "codec": "words",
    "sound": SOUND,
}
SIZES = {"train": 2500, "validation": 300, "test": 400}
CHOSEN_ON = (
    "Epoch and recipe were chosen on the same validation strings, of training recordings: "
    "validation_score is too good. The test strings had no part in either."
)
_CHUNK = 0.1  # seconds
_NAME = "transcribing"
_WAYS: dict[str, dict[str, Any]] = {"greedy": {}, "beam of 8": {"beam_size": 8}}


def strings(part: str) -> Recordings:
    """The strings of a part: never two of one seed."""
    seeds = {"train": (0, "train"), "validation": (1, "train"), "test": (2, "test")}
    return digit_strings(SIZES[part], *seeds[part])


def trained(seed: int, path: Path) -> dict[str, Any]:
    """Train, keep the model, and say how that went."""
    from elman.training import EpochEnd  # torch: only where something is trained

    def tell(event: Any) -> None:
        if isinstance(event, EpochEnd):
            one = event.record
            said = f"epoch {one.epoch}: {one.validation_score:.4f}, loss {one.train_loss:.4f}"
            print(f"  {said}, {one.seconds:.0f} s", flush=True)

    model = elman.Transcriber(
        **RECIPE, seed=seed, threads=1, validation=(strings("validation"), None), callbacks=(tell,)
    )
    model.fit(strings("train"))
    model.save(path)
    about = ("parameters", "best_epoch", "epochs", "seconds", "validation_score", "notes")
    return {name: model.result_[name] for name in about if name in model.result_}


def streamed(model: Any, signal: np.ndarray, **given: Any) -> tuple[str, list[Any], Any]:
    """A signal said chunk by chunk: the text, all that was shown, and the stream."""
    listening, size, shown = model.listen(**given), int(_CHUNK * model.sound.rate), []
    for start in range(0, len(signal), size):
        shown += listening.push(signal[start : start + size])
    shown += listening.finish()
    text = " ".join(one.transcript.text for one in shown if one.final)
    return text, shown, listening


def error_rate(true: Any, said: Any) -> float:
    """Edits for each digit."""
    rate = edits_of_all((a.split(), b.split()) for a, b in zip(true, said, strict=True)).rate
    assert rate is not None
    return rate


def judged(model: Any, test: Recordings) -> dict[str, Any]:
    """Whole files and streams of the test strings, by each way of searching."""
    found: dict[str, Any] = {}
    for name, way in _WAYS.items():
        whole = error_rate(test.texts, model.predict(test, **way))
        begun, work = time.process_time(), 0.0
        streams = [streamed(model, signal, **way) for signal in test.signals]
        work = time.process_time() - begun
        said, _, heard = zip(*streams, strict=True)
        found[name] = {
            "digit_error_rate": whole,
            "streaming_digit_error_rate": error_rate(test.texts, said),
            "labels_shown": sum(one.shown for one in heard),
            "labels_taken_back": sum(one.taken_back for one in heard),
            "work_per_second": work / float(test.seconds.sum()),
            **delays(model, **way),
        }
        print(f"  {name}: {found[name]}", flush=True)
    return found


def delays(model: Any, count: int = 100, **way: Any) -> dict[str, Any]:
    """Seconds from the end of a digit to the first time that its label is shown to stay."""
    waited = list[float]()
    for signal, text, ends in strings_with_ends(count):
        said, shown, _ = streamed(model, signal, **way)
        if said != text:
            continue
        known, before = list[float](), 0  # of segments that have ended
        for one in shown:
            labels = one.transcript.labels
            known = known[: len(known) - one.taken_back]
            known += [one.seconds] * (before + len(labels) - len(known))
            before += len(labels) if one.final else 0
        waited += [then - end for then, end in zip(known, ends, strict=True)]
    low, high = np.quantile(waited, [0.05, 0.95]).tolist()
    return {
        "median_delay": statistics.median(waited),
        "delay_5_to_95_percent": [low, high],
        "delays_of": len(waited),
    }


def strings_with_ends(count: int) -> Any:
    """Strings of five digits of one speaker, a fifth of a second apart, under noise of 30 dB."""
    source = load_recordings("free_spoken_digits", "test")
    assert source.groups is not None
    assert source.texts is not None
    draws, pause = np.random.default_rng(7), np.zeros(source.rate // 5, np.float32)
    for _ in range(count):
        rows = np.flatnonzero(source.groups == draws.choice(np.unique(source.groups)))
        rows = draws.choice(rows, 5, replace=False)
        parts, ends, size = [pause], [], len(pause)
        for row in rows:
            size += len(source.signals[row])
            ends.append(size / source.rate)
            parts += [source.signals[row], pause]
            size += len(pause)
        whole = np.concatenate(parts)
        noise = draws.normal(size=len(whole)) * np.sqrt(np.mean(whole**2)) * 10**-1.5
        yield (whole + noise).astype(np.float32), " ".join(source.texts[k] for k in rows), ends


def long_stream(path: Path, hours: float) -> dict[str, Any]:
    """Memory and work of a stream of so many hours: some test strings over and over.

    Another process listens, so that no recordings count as its memory.
    """
    test = strings("test").select(slice(50))
    parts = [(signal.clip(-1, 1) * 32767).astype("<i2") for signal in test.signals]
    marks = [f"{mark:g}" for mark in (60, 600, 3600, hours * 3600)]
    command = [sys.executable, "-m", "benchmarks.listener", str(path), *marks]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        given, row = 0, 0
        while given < hours * 3600 * test.rate:
            process.stdin.write(parts[row % len(parts)].tobytes())
            given, row = given + len(parts[row % len(parts)]), row + 1
        process.stdin.close()
        found = json.loads(process.stdout.read())
    print(f"  {found}", flush=True)
    return found


def speed(steps: int = 8) -> dict[str, Any]:
    """Steps a second of training beside the same model in plain PyTorch, same batches."""
    import torch
    from torch.nn import functional as F

    from elman.blueprint import sequence_to_sequence
    from elman.models import build
    from elman.targets import Target
    from elman.tasks.network import cell_configs
    from elman.training import Ctc, Examples

    torch.set_num_threads(1)
    draws = torch.Generator().manual_seed(0)
    B, T, features, classes = 32, 110, 120, 14
    inputs = torch.randn(B, T, features, generator=draws)
    lengths = torch.randint(70, T + 1, (B,), generator=draws)
    targets = torch.randint(4, classes, (B, 7), generator=draws)
    cells = cell_configs(RECIPE["cell"], RECIPE["units"], 1, "tanh", False, 0.0)
    ours: Any = build(
        sequence_to_sequence(cells=cells, outputs=classes, input_size=features), seed=0
    )
    batch, loss = Examples(inputs, targets, lengths, kind=Target.TOKENS), Ctc()

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.read = torch.nn.GRU(features, RECIPE["units"], batch_first=True)
            self.say = torch.nn.Linear(RECIPE["units"], classes)

        def forward(self) -> torch.Tensor:
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                inputs, lengths, batch_first=True, enforce_sorted=False
            )
            read, _ = torch.nn.utils.rnn.pad_packed_sequence(self.read(packed)[0], True, 0.0, T)
            counts = torch.full((B,), 7)
            logs = self.say(read).log_softmax(2).transpose(0, 1)
            return F.ctc_loss(logs, targets, lengths, counts)

    plain = Plain()
    asked = {"elman": lambda: loss(ours(inputs, lengths), batch).mean(), "torch": lambda: plain()}
    trainers = {
        name: torch.optim.Adam((ours if name == "elman" else plain).parameters()) for name in asked
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(steps + 2):
        for name, ask in asked.items():  # in turns, so that other work slows both alike
            start = time.process_time()
            trainers[name].zero_grad()
            ask().backward()
            trainers[name].step()
            times[name].append(time.process_time() - start)
    medians = {name: statistics.median(each[2:]) for name, each in times.items()}
    return {"seconds_a_step": medians, "times_as_fast": medians["torch"] / medians["elman"]}


def main() -> None:
    """Run what is asked for, and keep it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--models", type=Path, default=Path("build/transcribing"))
    parser.add_argument("--hours", type=float)
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    asked.models.mkdir(parents=True, exist_ok=True)
    result = load(RESULTS, _NAME) or {"recipe": RECIPE, "strings": SIZES, "seeds": {}}
    result["chosen_on"] = CHOSEN_ON
    if asked.hours is not None:
        result["long_stream"] = long_stream(asked.models / "0.elman", asked.hours)
    elif asked.speed:
        result["training"] = speed()
    else:
        for seed in asked.seeds:
            if str(seed) in result["seeds"]:
                continue
            print(f"seed {seed}", flush=True)
            model = asked.models / f"{seed}.elman"
            about = trained(seed, model)
            result["seeds"][str(seed)] = {**about, **judged(elman.load(model), strings("test"))}
            result["environment"] = environment()
            keep(RESULTS, _NAME, result)
    result["environment"] = environment()
    keep(RESULTS, _NAME, result)


if __name__ == "__main__":
    main()
