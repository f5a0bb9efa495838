"""A process that does nothing but listen: its memory is that of a stream, and of nothing beside.

    python -m benchmarks.listener MODEL 60 600 < SAMPLES

Samples of 16 bits at the model's rate come on standard input. Once so many seconds of them were
heard a line says the most memory that the process ever held; the last line, what it heard.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

import elman


def peak() -> float:
    """The most memory that this process held at once, in MiB.

    As Linux has it of this program alone: what `getrusage` says begins with the parent's.
    """
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1024


def main() -> None:
    """Hear all that comes."""
    model = elman.load(sys.argv[1])
    listening = model.listen()
    marks, sizes, finals = [float(mark) for mark in sys.argv[2:]], dict[str, float](), 0
    size = 2 * int(0.1 * model.sound.rate)
    begun = time.process_time()
    while content := sys.stdin.buffer.read(size):
        samples = np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32768)
        finals += sum(one.final for one in listening.push(samples))
        for mark in marks:
            if listening.seconds >= mark and f"{mark:g}" not in sizes:
                sizes[f"{mark:g}"] = peak()
    finals += sum(one.final for one in listening.finish())
    told = {
        "hours": listening.seconds / 3600,
        "work_per_second": (time.process_time() - begun) / listening.seconds,
        "peak_mebibytes_by_seconds": sizes,
        "segments": finals,
        "labels_taken_back": listening.taken_back,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
