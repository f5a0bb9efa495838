"""The four configurations of the lesson, each trained, saved, and answered without torch."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy, mse_loss

from elman import bundle
from elman.blueprint import (
    CellConfig,
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.bundle import Bundle
from elman.models import build

EOS, GO, FIRST = 0, 1, 2

# Runs in a process in which importing torch fails.
ANSWER = """
import sys
sys.modules["torch"] = None
import numpy as np
from elman import bundle
from elman.decoding import greedy
from elman.runtime import Network

model, given, taken = sys.argv[1:]
found = bundle.load(model)
network = Network(found.blueprint, found.weights)
with np.load(given) as arrays:
    source, lengths = arrays["source"], arrays["lengths"] if "lengths" in arrays else None
if not network.blueprint.generates:
    np.savez(taken, answers=network.run(source, lengths))
else:
    decoder = network.decoder(source, lengths)
    decoded = greedy(decoder, decoder.state, network.blueprint.go, network.blueprint.eos, 12)
    lines = [" ".join(map(str, tokens)) for tokens in decoded.tokens]
    np.savez(taken, answers=np.array(lines), finished=decoded.finished)
"""


def train(model, loss, steps: int, learning_rate: float) -> None:
    """`loss(step)` is minimised by Adam, gradients clipped."""
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)
    for step in range(steps):
        optimizer.zero_grad()
        loss(step).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def answered(model, task: str, folder, **given) -> dict[str, np.ndarray]:
    """What the runtime answers to the arrays `given`, from the saved model, without torch."""
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    bundle.save(folder / "model.elman", Bundle(task, model.blueprint, weights))
    np.savez(folder / "given.npz", **given)
    files = [str(folder / name) for name in ("model.elman", "given.npz", "taken.npz")]
    done = subprocess.run([sys.executable, "-c", ANSWER, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(files[2]) as taken:
        return dict(taken)


def batches(rows: int, size: int, seed: int = 0):
    """Endless random batches of row numbers."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(rows, generator=generator).split(size)


def test_sequence_to_vector_reads_digits_row_by_row(tmp_path):
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    rows = torch.tensor(digits.images[order] / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target[order])
    test = slice(1400, None)
    blueprint = sequence_to_vector(input_size=8, cells=CellConfig("rnn", 64), outputs=10)
    model = build(blueprint, seed=0)
    draw = batches(1400, 100)

    def loss(step):
        picked = next(draw)
        return cross_entropy(model(rows[picked]), labels[picked])

    train(model, loss, steps=200, learning_rate=5e-3)
    taken = answered(model, "digits", tmp_path, source=rows[test].numpy())
    accuracy = (taken["answers"].argmax(axis=1) == labels[test].numpy()).mean()
    assert accuracy > 0.9
    with torch.no_grad():
        np.testing.assert_allclose(taken["answers"], model(rows[test]).numpy(), atol=1e-4)


def test_synced_sequence_to_sequence_adds_up(tmp_path):
    random = np.random.default_rng(0)
    series = random.uniform(-1, 1, (600, 20, 1)).astype(np.float32)
    lengths = random.integers(5, 21, 600)
    sums = np.cumsum(series, axis=1)
    sums[np.arange(20) >= lengths[:, None]] = 0
    blueprint = sequence_to_sequence(input_size=1, cells=CellConfig("gru", 24), outputs=1)
    model = build(blueprint, seed=0)
    inputs, targets = torch.from_numpy(series), torch.from_numpy(sums)
    draw = batches(500, 50)

    def loss(step):
        picked = next(draw)
        return mse_loss(model(inputs[picked], lengths[picked]), targets[picked])

    train(model, loss, steps=120, learning_rate=1e-2)
    taken = answered(model, "adder", tmp_path, source=series[500:], lengths=lengths[500:])
    real = np.arange(20) < lengths[500:, None]
    error = np.square(taken["answers"] - sums[500:])[real].mean()
    baseline = sums[500:][real].var()  # always answering the mean
    assert error < 0.02 * baseline
    assert not taken["answers"][~real].any()


WORDS = ["elman", "jordan", "lstm", "gru", "recurrence", "a"]


def tokens_of(text: str) -> list[int]:
    return [ord(letter) - ord("a") + FIRST for letter in text]


def padded(rows: list[list[int]]) -> tuple[torch.Tensor, np.ndarray]:
    """Token ids `[B, T]` with 0 past each length, and the lengths."""
    lengths = np.array([len(row) for row in rows])
    ids = torch.zeros(len(rows), int(lengths.max()), dtype=torch.int64)
    for row, given in enumerate(rows):
        ids[row, : len(given)] = torch.tensor(given)
    return ids, lengths


def teacher_forcing(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """What a decoder is fed, what it should say (-100 past each length), and the lengths."""
    fed, lengths = padded([[GO, *tokens_of(text)] for text in texts])
    said, _ = padded([[*tokens_of(text), EOS] for text in texts])
    said[torch.arange(said.shape[1]) >= torch.from_numpy(lengths)[:, None]] = -100
    return fed, said, lengths


def read(line: str) -> str:
    return "".join(chr(int(token) - FIRST + ord("a")) for token in line.split())


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_vector_to_sequence_writes_the_string_of_a_class(tmp_path, kind):
    blueprint = vector_to_sequence(
        input_size=len(WORDS),
        vocabulary=FIRST + 26,
        embedding=8,
        cells=CellConfig(kind, 32),
        go=GO,
        eos=EOS,
    )
    model = build(blueprint, seed=0)
    classes = torch.eye(len(WORDS))
    fed, said, lengths = teacher_forcing(WORDS)

    def loss(step):
        return cross_entropy(model(classes, fed, target_lengths=lengths).mT, said)

    train(model, loss, steps=100, learning_rate=2e-2)
    taken = answered(model, "writer", tmp_path, source=classes.numpy())
    assert [read(line) for line in taken["answers"]] == WORDS
    assert taken["finished"].all()


def test_encoder_decoder_reverses_a_string(tmp_path):
    texts = [
        "".join(letters) for n in (1, 2, 3, 4) for letters in itertools.product("abcd", repeat=n)
    ]
    order = np.random.default_rng(0).permutation(len(texts))
    texts = [texts[row] for row in order]
    test = slice(280, None)
    blueprint = encoder_decoder(
        source_vocabulary=FIRST + 4,
        target_vocabulary=FIRST + 4,
        embedding=12,
        cells=CellConfig("gru", 64),
        go=GO,
        eos=EOS,
    )
    model = build(blueprint, seed=0)
    sources, lengths = padded([tokens_of(text) for text in texts])
    fed, said, said_lengths = teacher_forcing([text[::-1] for text in texts])
    draw = batches(280, 140)

    def loss(step):
        picked = next(draw)
        logits = model(sources[picked], fed[picked], lengths[picked], said_lengths[picked])
        return cross_entropy(logits.mT, said[picked])

    train(model, loss, steps=100, learning_rate=1e-2)
    taken = answered(model, "turner", tmp_path, source=sources[test].numpy(), lengths=lengths[test])
    right = [
        read(line) == text[::-1] for line, text in zip(taken["answers"], texts[test], strict=True)
    ]
    assert np.mean(right) > 0.9
    assert taken["finished"].all()
