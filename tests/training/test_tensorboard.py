from __future__ import annotations

import sys
from types import ModuleType

import pytest

from elman.errors import MissingExtraError
from elman.training.events import EpochEnd, EpochStart, RunStart, StepEnd
from elman.training.events.history import EpochRecord
from elman.training.events.tensorboard import TensorBoard


class Writer:
    """Stands in for torch's SummaryWriter, which needs the package tensorboard."""

    made: list[Writer]

    def __init__(self, folder: str, purge_step: int) -> None:
        self.folder, self.purge_step = folder, purge_step
        self.scalars: list[tuple[str, float, int]] = []
        self.closed = False
        self.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        assert not self.closed
        self.scalars.append((name, value, step))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def writers(monkeypatch):
    Writer.made = []
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # pyright: ignore
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return Writer.made


def epoch(board, number, first=0, validated=True):
    board(EpochStart(number, first))
    for step in range(first + 1, 3):
        board(StepEnd(number, step, 8, 0.5, 1e-3, 2.0, 0.1))
    scores = (0.25, 0.75) if validated else (None, None)
    board(EpochEnd(EpochRecord(number, 0.5, 1e-3, 1.0, *scores), best=True))


def test_it_writes_over_the_steps_that_are_done(writers, tmp_path):
    with TensorBoard(tmp_path) as board:
        board(RunStart(2, 2, ()))
        epoch(board, 1)
        epoch(board, 2, validated=False)
    (writer,) = writers
    assert (writer.folder, writer.purge_step, writer.closed) == (str(tmp_path), 1, True)
    assert writer.scalars[:3] == [
        ("train/loss", 0.5, 1),
        ("train/learning_rate", 1e-3, 1),
        ("train/gradient_norm", 2.0, 1),
    ]
    assert [step for name, _, step in writer.scalars if name == "train/loss"] == [1, 2, 3, 4]
    found = [each for each in writer.scalars if each[0].startswith("validation")]
    assert found == [("validation/loss", 0.25, 2), ("validation/score", 0.75, 2)]


def test_a_resumed_run_drops_what_was_written_beyond_its_checkpoint(writers, tmp_path):
    with TensorBoard(tmp_path) as board:
        board(RunStart(3, 2, (EpochRecord(1, 0.5, 1e-3, 1.0),)))
        epoch(board, 2, first=1)
    (writer,) = writers
    assert writer.purge_step == 4
    assert writer.scalars[0] == ("train/loss", 0.5, 4)


def test_it_closes_when_the_training_fails(writers, tmp_path):
    def train():
        with TensorBoard(tmp_path) as board:
            board(RunStart(1, 2, ()))
            board(EpochStart(1, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert writers[0].closed


def test_a_run_that_was_complete_writes_nothing(writers, tmp_path):
    with TensorBoard(tmp_path) as board:
        board(RunStart(1, 2, (EpochRecord(1, 0.5, 1e-3, 1.0),)))
    assert writers == []


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*tensorboard"):
        TensorBoard(tmp_path)
