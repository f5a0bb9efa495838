"""`python -m tests.drills.reading FORMAT FIRST COUNT FOLDER`: changed files are read.

The law: any bytes give a result or an `ElmanError`, within a time and a memory. A process of its
own, whose memory is limited; the files that break the law are left in FOLDER.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

from elman.errors import ElmanError
from elman.printable import printable
from tests.drills.formats import FORMATS, Format, seeds_of

SECONDS = 20
MEMORY = 3 << 29  # bytes beside what the process has at its beginning
LONGEST = 10_000  # characters of a message


class TooSlowError(Exception):
    """The time is over."""


def broken_by(path: Path, form: Format) -> str | None:
    """How reading a file breaks the law; None if it does not."""

    def ring(*_: object) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    begun = time.monotonic()
    try:
        form.read(path)
    except ElmanError as error:
        message = str(error)
        if len(message) > LONGEST or message != printable(message):
            return f"a message of {len(message)} characters: {message[:200]!r}"
    except BaseException:
        return traceback.format_exc()
    finally:
        signal.alarm(0)
    seconds = time.monotonic() - begun
    return f"{seconds:.1f} s" if seconds > SECONDS else None


def limit_memory() -> None:
    """Let this process have no more than `MEMORY` beside what it has."""
    text = Path("/proc/self/statm").read_text(encoding="ascii")
    used = int(text.split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))


def main(name: str, first: str, count: str, folder: str) -> None:
    """Read the corpus as it is, then files changed by so many draws."""
    form, seeds = FORMATS[name], seeds_of(name)
    warnings.simplefilter("error")
    path = Path(folder) / f"it.{name}"
    for content in seeds:  # which imports all that is needed
        path.write_bytes(content)
        with contextlib.suppress(ElmanError):
            form.read(path)
    limit_memory()
    broken: list[dict[str, object]] = []
    read = 0
    for number in range(int(first), int(first) + int(count)):
        draws = random.Random(f"{name} {number}")
        content = form.changed(draws, seeds) if number >= len(seeds) else seeds[number]
        path.write_bytes(content)
        found = broken_by(path, form)
        read += 1
        if found is not None:
            kept = path.with_name(f"{name}-{number}.{name}")
            kept.write_bytes(content)
            broken.append({"file": str(kept), "found": found[-3000:]})
    print(json.dumps({"read": read, "broken": broken}))


if __name__ == "__main__":
    main(*sys.argv[1:])
