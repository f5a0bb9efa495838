"""Generators of pieces of several voices: learnt, saved, judged, written."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman.data.melodies import Chorales
from elman.errors import ArgumentError, BundleError, DataError
from elman.runtime.chorales import ChoraleModel
from elman.tasks import Generator
from elman.tasks.generating.chorales import ChordPieces

SMALL = {"units": 16, "chord_units": 8, "epochs": 3, "threads": 1}


def chords(count=24, steps=16, seed=0, **more):
    """Triads that go up and down by steps: their three notes always sound together."""
    draws, found = np.random.default_rng(seed), []
    for _ in range(count):
        at, piece = int(draws.integers(50, 60)), []
        for _ in range(steps + int(draws.integers(4))):
            at = int(np.clip(at + draws.choice([-2, 0, 2]), 45, 65))
            piece.append([at, at + 4, at + 7])
        found.append(piece)
    return Chorales.of(found, **more)


DATA = chords()


@pytest.fixture(scope="module", params=["joint", "independent"])
def fitted(request):
    return Generator.of("chorales", **SMALL, chord=request.param).fit(DATA)


def test_it_learns_and_its_model_answers_without_torch(fitted, tmp_path):
    losses = [one.validation_loss for one in fitted.history_.records]
    assert losses[-1] < losses[0]
    assert fitted.model_.block.joint is (fitted.chord == "joint")
    fitted.save(tmp_path / "c.elman")
    model = elman.load(tmp_path / "c.elman")
    assert isinstance(model, ChoraleModel)
    assert model.evaluate(DATA)["score"] == fitted.evaluate(DATA)["score"]
    one, other = (each.generate(length=6, seed=2)[0] for each in (model, fitted))
    np.testing.assert_array_equal(one.roll, other.roll)


def test_the_validation_loss_is_what_the_runtime_says(fitted):
    """The first step is counted, and every step alike."""
    held = Generator.of("chorales", **SMALL, validation=chords(6, seed=1)).fit(DATA)
    found = held.model_.evaluate(chords(6, seed=1))
    best = held.history_.records[held.history_.best_epoch - 1]
    assert found["score"] == pytest.approx(best.validation_loss, rel=1e-4)
    assert found["steps"] == chords(6, seed=1).steps


def test_it_stands_beside_baselines(fitted):
    found = fitted.evaluate(DATA)
    assert [*found["baselines"]] == ["note frequencies", "logistic regression on the last chord"]
    assert found["nats_per_note"] * found["notes_sounding"] == pytest.approx(
        found["nats_per_step"] * found["steps"]
    )
    assert "validated_baselines" in fitted.result_
    assert fitted.score(DATA) == -found["score"]


def test_a_piece_is_written_from_a_primer_or_from_nothing(fitted):
    primer = [[50, 54, 57], [52, 56, 59]]
    (one,) = fitted.generate(primer, length=5, seed=1)
    assert len(one.roll) == 5
    assert one.given == 2
    assert np.flatnonzero(one.roll[1]).tolist() == [52, 56, 59]
    said = fitted.model_.score_steps(one.roll)[2:].sum()
    assert one.log_probability == pytest.approx(said, rel=1e-4)
    assert one.nats_per_step == pytest.approx(-said / 3, rel=1e-4)
    (free,) = fitted.generate(length=3)
    assert len(free.roll) == 3
    assert free.to_dict()["given"] == 0
    assert free.to_bytes("wav")[:4] == b"RIFF"


def test_draws_do_not_depend_on_what_is_beside(fitted):
    several = fitted.generate(n=3, length=6, seed=5)
    alone = fitted.generate(n=1, length=6, seed=5)[0]
    np.testing.assert_array_equal(several[0].roll, alone.roll)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"length": 0}, "length"),
        ({"primer": [[60]] * 9, "length": 9}, "the primer has 9"),
        ({"n": 0}, "n: found 0"),
        ({"tempo": 0}, "tempo"),
        ({"stop": ("a",)}, "stop: given"),
        ({"temperatur": 1}, "temperatur"),
    ],
)
def test_what_cannot_be_asked_is_refused(fitted, given, found):
    with pytest.raises(ArgumentError, match=found):
        fitted.generate(**given)
    with pytest.raises(DataError, match="step 0"):
        fitted.generate([[200]])


def test_parts_of_a_set_are_kept_apart():
    data = chords(12, parts=("train",) * 8 + ("valid",) * 2 + ("test",) * 2)
    model = Generator.of("chorales", **SMALL).fit(data)
    assert model.result_["train_pieces"] == 8
    assert model.result_["validation"] == "the part valid: 2 pieces"
    assert Generator.of("chorales", **SMALL, validation=0.25).fit(data).result_["train_pieces"] == 6


def test_transposition_moves_whole_pieces():
    pieces = ChordPieces([*DATA.pieces], shift=5)
    batch = pieces.select(np.arange(8))
    moved = batch.drawn_anew(np.random.default_rng(3))
    assert not torch.equal(batch.targets, moved.targets)
    for before, after in zip(batch.targets, moved.targets, strict=True):
        by = int(after[0].nonzero()[0] - before[0].nonzero()[0])
        assert abs(by) <= 5
        assert torch.equal(before.roll(by, dims=1), after)
    for length, read, wanted in zip(moved.lengths, moved.inputs, moved.targets, strict=True):
        assert torch.equal(read[1:length, :128], wanted[: length - 1])
    assert torch.equal(moved.inputs[..., 128], batch.inputs[..., 128])
    same = ChordPieces([*DATA.pieces]).select(np.arange(2))
    assert same.drawn_anew(np.random.default_rng(3)) is same


def test_a_model_goes_on_and_keeps_its_network(fitted):
    warm = Generator.of("chorales", **SMALL, warm_start=True).fit(DATA)
    before = warm.history_.records[-1].validation_loss
    warm.set_params(epochs=1).fit(DATA)
    assert warm.history_.records[0].validation_loss < before + 0.2
    warm.set_params(units=20)
    with pytest.raises(ArgumentError):
        warm.fit(DATA)


def test_what_is_not_for_chorales_is_refused():
    with pytest.raises(ArgumentError, match="pitch: 'absolute' of chorales"):
        Generator.of("chorales", **SMALL, pitch="absolute").fit(DATA)
    with pytest.raises(ArgumentError, match="chord: 'independent' of texts"):
        Generator(chord="independent").fit("to be or not to be, " * 20)
    with pytest.raises(DataError, match="holds no step"):
        Generator.of("chorales", **SMALL).fit(Chorales(()))
    text = Generator(units=8, embedding=4, epochs=1, batch_size=2, validation=None)
    found = text.fit("to be or not to be, " * 20).model_.bundle
    with pytest.raises(BundleError, match="no network that writes chords"):
        ChoraleModel(found)
