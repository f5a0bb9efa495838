"""`python -m tests.drills.kills FOLDER KILLS SEED`: a training that is killed again and again.

A process of its own, with a single thread, so that it may fork: each child has torch loaded
already, and a kill falls into training and saving rather than into imports.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import torch

from elman.training import CheckpointSaved, RunFolder
from elman.training.run.checkpoint import newest_checkpoint
from tests.training.networks import CONFIG, same_bits, weights
from tests.training.runs import trained

RUN = replace(CONFIG, epochs=30, checkpoint_every=2)
LONGEST = 0.25  # from a start to its kill, as a share of an undisturbed run


def train(folder: RunFolder, pipe: int) -> None:
    """Train to the end, and say of each checkpoint that it is saved."""

    def acknowledge(event) -> None:
        if isinstance(event, CheckpointSaved):
            os.write(pipe, f"{event.epoch} {event.step}\n".encode())

    trained(RUN, folder=folder, resume=folder.config.exists(), listeners=[acknowledge], workers=2)


def killed(folder: RunFolder, after: float) -> tuple[bool, list[tuple[int, int]]]:
    """Train in a child and kill it; whether it was still at work, and what it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        torch.set_num_threads(1)  # after a fork torch mends its pool in the first thread that asks
        try:
            train(folder, writing)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = [tuple(map(int, line.split())) for line in pipe.read().splitlines()]
    assert status in (0, signal.SIGKILL), f"training failed with status {status}"
    return status != 0, said


def check(folder: RunFolder, acknowledged: tuple[int, int]) -> None:
    """What was acknowledged is there, whole."""
    found, faults = newest_checkpoint((folder.last, folder.previous))
    assert all(fault.found == "does not exist" for fault in faults), faults
    assert (found.place["epoch"], found.place["step"]) >= acknowledged


def main(path: str, kills: str, seed: str) -> None:
    """Kill as often as asked, run after run; each ends with the bits of an undisturbed one."""
    torch.set_num_threads(1)
    draws = random.Random(int(seed))
    trained(replace(RUN, epochs=1))  # what torch imports when it is first used
    started = time.perf_counter()
    whole, _ = trained(RUN, folder=RunFolder(Path(path) / "undisturbed"))
    seconds = time.perf_counter() - started
    done, saved = 0, 0
    folders: list[RunFolder] = []
    while done < int(kills):
        folder = RunFolder(Path(path) / f"run{len(folders)}")
        folders.append(folder)
        alive, acknowledged = True, (0, 0)
        while alive and done < int(kills):
            alive, said = killed(folder, draws.uniform(0.0, LONGEST * seconds))
            done += alive
            saved += len(said)
            acknowledged = max([acknowledged, *said])
            if acknowledged > (0, 0):
                check(folder, acknowledged)
    for folder in folders:  # the last was left in its middle
        module, _ = trained(RUN, folder=folder, resume=folder.config.exists())
        assert same_bits(weights(module), weights(whole)), f"other bits in {folder}"
        left = [path for path in folder.path.rglob(".*") if path.name != ".lock"]
        assert not left, f"left behind: {left}"
    print(json.dumps({"kills": done, "runs": len(folders), "checkpoints": saved}))


if __name__ == "__main__":
    main(*sys.argv[1:])
