"""`elman listen`: what is said, while it is said."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer

from elman.cli.console import note, print_json
from elman.cli.options import ModelPath, takes
from elman.cli.transcribe import transcriber_at
from elman.cli.works.sounds import SEARCH, asked_of
from elman.data.readers.sound import read_sound
from elman.errors import ArgumentError, DataError
from elman.parameters import told
from elman.printable import many, printable
from elman.runtime.transcribing.listening import Endpoints, Listening, Spoken

__all__ = ["listen"]

_CHUNK = 0.1  # seconds of sound that are taken at once
_FILES, _MARK = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS"), 4  # how files of sound begin
_FORMATS = {"s16": ("<i2", 32768.0), "f32": ("<f4", 1.0)}
_ENDPOINTS = {
    name: (one.kind.option, one.text) for name, one in told(Endpoints).items() if one.kind
}


def listen(
    model: ModelPath,
    source: Annotated[str, typer.Argument(help="A file of sound; or - for samples from a pipe.")],
    rate: Annotated[
        int | None, typer.Option(help="Of a pipe: its samples a second; else the model's.")
    ] = None,
    samples: Annotated[
        str, typer.Option("--format", help="Of a pipe: s16 or f32, little-endian, one channel.")
    ] = "s16",
    live: Annotated[
        bool, typer.Option("--live", help="Of a file: as slowly as it was spoken.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print an object a line for each change.")
    ] = False,
    **given: Any,
) -> None:
    """Print what is said while the sound comes: labels appear as they form. Needs no torch.

    A segment is a line, once a silence has ended it; on a terminal it is seen to grow, and what is
    taken back disappears. What is held of the sound is bounded, however long it is.

    Example: `arecord -r 8000 -f S16_LE -t raw | elman listen runs/digits -`
    """
    hearing = transcriber_at(model)
    if samples not in _FORMATS:
        raise ArgumentError("--format", f"found {samples!r}", "s16 or f32")
    ends = {name: given[name] for name in _ENDPOINTS if given.get(name) is not None}
    listening = hearing.listen(**ends, **asked_of(given))
    assert hearing.sound is not None  # or it would not listen
    if source == "-":
        if rate not in (None, hearing.sound.rate):
            expected = f"{hearing.sound.rate} Hz, as the model has learnt: resample before the pipe"
            raise ArgumentError("--rate", f"found {rate} Hz", expected)
        chunks = _from_pipe(sys.stdin.buffer, samples, hearing.sound.rate)
    else:
        chunks = _of_file(source, hearing.sound.rate, live)
    _hear(listening, chunks, _Shown(json, sys.stdout.isatty() and not json))


def _hear(listening: Listening, chunks: Iterator[np.ndarray], shown: _Shown) -> None:
    """Show what is said; of a stream that breaks off, too, all that was heard of it."""
    begun, busy = time.perf_counter(), 0.0
    try:
        for chunk in chunks:
            start = time.perf_counter()
            found = listening.push(chunk)
            busy += time.perf_counter() - start
            shown.hear(found)
    except DataError as error:  # of a pipe: a file was checked when it was read
        where = error.where.replace("samples[", "standard input, samples[")
        raise DataError(where, error.found, error.expected) from error
    finally:
        shown.hear(listening.finish())
        _count(listening, busy, time.perf_counter() - begun)


class _Shown:
    """What is seen of the segments."""

    def __init__(self, json: bool, grows: bool) -> None:
        self._json, self._grows, self._width = json, grows, 0

    def hear(self, found: list[Spoken]) -> None:
        """Show what became known."""
        for one in found:
            if self._json:
                told = {"final": one.final, "known_at": one.seconds, "taken_back": one.taken_back}
                print_json({**told, **one.transcript.to_dict()}, line=True)
            elif self._grows or one.final:
                self._write(printable(" ".join(one.transcript.text.split())), one.final)

    def _write(self, text: str, final: bool) -> None:
        begin = "\r" if self._grows else ""
        blank = " " * (self._width - len(text)) if self._grows else ""
        sys.stdout.write(f"{begin}{text}{blank}" + ("\n" if final else ""))
        sys.stdout.flush()
        self._width = 0 if final else len(text)


def _of_file(source: str, rate: int, live: bool) -> Iterator[np.ndarray]:
    """The samples of a file, some at a time."""
    data = read_sound(source, rate=rate)
    for sentence in data.notes:
        note(f"Note: {sentence}")
    (signal,) = data.signals
    size = max(1, int(_CHUNK * rate))
    for start in range(0, len(signal), size):
        if live:
            time.sleep(_CHUNK)
        yield signal[start : start + size]


def _from_pipe(stream: BinaryIO, samples: str, rate: int) -> Iterator[np.ndarray]:
    """Samples as they come; `DataError` where the last one is cut, or a file comes."""
    kind, full = _FORMATS[samples]
    width = np.dtype(kind).itemsize
    size, left, count = max(1, int(_CHUNK * rate)) * width, b"", 0
    read = getattr(stream, "read1", stream.read)
    content = stream.read(_MARK)
    if content in _FILES:  # whose header would be heard as sound, at whatever rate
        found = f"begins with {content!r}, as a file does"
        expected = "samples alone (arecord -t raw, sox -t raw), or the file's path in place of -"
        raise DataError("standard input", found, expected)
    while content:
        content = left + content
        whole = len(content) // width * width
        left = content[whole:]
        count += whole // width
        yield np.frombuffer(content[:whole], kind).astype(np.float32) / np.float32(full)
        content = read(size)
    if left:
        found = f"ends with {len(left)} of the {width} bytes of a sample"
        raise DataError(f"standard input, sample {count:,}", found, f"--format {samples}, whole")


def _count(listening: Listening, busy: float, whole: float) -> None:
    """How long it heard and worked, and how steady what was shown is."""
    if not listening.seconds:
        note("Nothing was heard: there was no sample")
        return
    said = f"{listening.seconds:.1f} s heard in {whole:.1f} s"
    said += f", {busy / listening.seconds:.4f} s of work a second"
    labels = many(listening.shown, "label")
    note(f"{said}; {labels} shown, {listening.taken_back:,} of them taken back")


takes(listen, ("Segments", _ENDPOINTS), ("Search", SEARCH))
