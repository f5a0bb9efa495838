from __future__ import annotations

import pytest
import torch

from elman.errors import CheckpointError
from elman.training.config import TrainingConfig
from elman.training.loop.optimizers import build_optimizer
from elman.training.run.checkpoint import (
    Checkpoint,
    load_checkpoint,
    newest_checkpoint,
    restore_optimizer,
    save_checkpoint,
)
from tests.training.networks import reader, same_bits, weights


def stepped(name: str):
    """A module and its optimiser after two steps."""
    module = reader()
    optimizer = build_optimizer(module, TrainingConfig(optimizer=name, learning_rate=0.1))
    for _ in range(2):
        step(module, optimizer)
    return module, optimizer


def step(module, optimizer) -> None:
    optimizer.zero_grad()
    module.eval()(torch.ones(2, 3, 2), None).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", ["adam", "sgd", "momentum", "rmsprop", "adagrad"])
def test_round_trip_to_the_bit(tmp_path, name):
    module, optimizer = stepped(name)
    path = tmp_path / "last.safetensors"
    place = {"epoch": 3, "total": 0.1 + 0.2, "records": [{"epoch": 1}]}
    memory = optimizer.state_dict()["state"]
    best, more = {"a": torch.ones(2)}, {"a": torch.zeros(0), "b": torch.tensor(True)}
    save_checkpoint(path, Checkpoint(module.state_dict(), memory, place, best, more))
    found = load_checkpoint(path)
    assert found.place == place
    assert torch.equal(found.best["a"], best["a"])
    assert found.more["a"].shape == (0,)
    assert found.more["b"].item() is True
    other = reader(seed=9)
    other.load_state_dict(dict(found.weights))
    resumed = build_optimizer(other, TrainingConfig(optimizer=name, learning_rate=0.1))
    restore_optimizer(resumed, found.optimizer)
    for m, o in ((module, optimizer), (other, resumed)):
        step(m, o)
    assert same_bits(weights(module), weights(other))


def test_cut_at_any_byte_is_an_error(tmp_path):
    path = tmp_path / "last.safetensors"
    save_checkpoint(path, Checkpoint({"w": torch.ones(3)}, {}, {"epoch": 1}))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            load_checkpoint(path)


def test_any_bit_that_flips_is_an_error(tmp_path):
    path = tmp_path / "last.safetensors"
    memory = {0: {"step": torch.tensor(2.0), "exp_avg": torch.ones(2), "momentum": 0.5}}
    save_checkpoint(path, Checkpoint({"w": torch.ones(3)}, memory, {"epoch": 1}))
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
            load_checkpoint(path)


def test_the_one_before_is_kept_and_the_newest_whole_one_is_taken(tmp_path):
    last, previous = tmp_path / "last.safetensors", tmp_path / "previous.safetensors"
    for epoch in (1, 2, 3):
        save_checkpoint(last, Checkpoint({}, {}, {"epoch": epoch}), previous)
    found, faults = newest_checkpoint((last, previous))
    assert (found.place, faults) == ({"epoch": 3}, [])
    last.write_bytes(last.read_bytes()[:-1])
    found, (fault,) = newest_checkpoint((last, previous))
    assert found.place == {"epoch": 2}
    assert fault.where == str(last)
    previous.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"last\.safetensors and .*previous\.safetensors"):
        newest_checkpoint((last, previous))


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x80\x04\x95pickle", b"\xff" * 64])
def test_foreign_files_are_errors(tmp_path, content):
    path = tmp_path / "last.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        load_checkpoint(path)


def test_another_safetensors_file_is_an_error(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, str(tmp_path / "a.safetensors"))
    with pytest.raises(CheckpointError, match="its header does not say"):
        load_checkpoint(tmp_path / "a.safetensors")


def test_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_a_refusing_folder_is_a_checkpoint_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="could not be written"):
        save_checkpoint(tmp_path / "file" / "last.safetensors", Checkpoint({}, {}, {}))
