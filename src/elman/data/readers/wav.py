"""WAV files as samples: what RIFF says of them, without a library."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from elman.errors import FormatError
from elman.printable import many
from elman.transforms.sound.features import LOUDEST

__all__ = ["Decoded", "check_samples", "decode_wav"]

_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_KNOWN = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _A_LAW: (8,), _MU_LAW: (8,)}
_OF_PIPES = (range(2**31 - 2**16, 2**31 + 1), range(2**32 - 2**16, 2**32))
"""Sizes that writers leave in the header of a stream whose length they did not know: the most that
32 bits hold, with a sign or without, perhaps less a header or rounded (arecord: 0x7FFFFF00; SoX:
0x7FFFF000; ffmpeg: 0xFFFFFFFF)."""
_RATES = (100, 10_000_000)  # Hz; from less, a header's damage would make hours of seconds


class Decoded(NamedTuple):
    """What a file of sound holds.

    Attributes:
        samples: float32 `[S, C]` of C channels, of full scale 1.
        rate: Samples a second, in Hz.
        notes: What was inferred, in sentences.
    """

    samples: Float32[np.ndarray, "S C"]
    rate: int
    notes: tuple[str, ...] = ()


class _Format(NamedTuple):
    kind: int
    channels: int
    rate: int
    bits: int


def decode_wav(content: bytes, where: str) -> Decoded:
    """The samples of a WAV file.

    These are whole numbers of 8, 16, 24 or 32 bits, floats of 32 or 64, or 8 bits of a telephone's
    A-law or mu-law (ITU-T G.711). A data chunk whose size was never filled in, as a program writes
    it into a pipe, goes to the end of the file, and a note says so.

    Args:
        content: The whole file.
        where: What messages call it.

    Raises:
        FormatError: It is no such file, or truncated.
    """
    if len(content) < 12 or content[:4] not in (b"RIFF", b"RIFX") or content[8:12] != b"WAVE":
        found = "is empty" if not content else f"begins with {content[:4]!r}, not as WAV does"
        raise FormatError(where, found, "a WAV file")
    if content[:4] == b"RIFX":
        raise FormatError(where, "is a WAV file of the other byte order (RIFX)", "a RIFF file")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(content):
        name, (size,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        at += 8
        if name == b"fmt ":
            form = _format(content[at : at + size], where)
        elif name == b"data":
            if form is None:
                raise FormatError(where, "its data stand before their format", "a WAV file")
            (told,) = struct.unpack_from("<I", content, 4)
            rest = content[at:]
            if size == 0 and told + 8 == len(content):  # a header that knows its length
                rest = b""
            return _decoded(rest, size, form, where)
        at += size + size % 2
    what = "samples" if form is not None else "format"
    raise FormatError(where, f"is truncated: it ends before its {what}", "a whole file")


def _format(content: bytes, where: str) -> _Format:
    if len(content) < 16:
        found = f"is truncated: its format has {many(len(content), 'byte')} of 16"
        raise FormatError(where, found, "a whole file")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content)
    if kind == _EXTENSIBLE and len(content) >= 26:
        (kind,) = struct.unpack_from("<H", content, 24)
    if bits not in _KNOWN.get(kind, ()):
        found = f"holds samples of kind {kind} with {bits} bits"
        expected = "whole numbers of 8, 16, 24 or 32 bits, floats of 32 or 64, A-law or mu-law"
        raise FormatError(where, found, expected)
    if not channels or not _RATES[0] <= rate <= _RATES[1]:
        found = f"says {many(channels, 'channel')} at {rate} Hz"
        raise FormatError(where, found, "a channel or more at 100 to 10,000,000 Hz")
    return _Format(kind, channels, rate, bits)


def _decoded(rest: bytes, size: int, form: _Format, where: str) -> Decoded:
    """Of what follows the data chunk's header the samples."""
    wide = form.bits // 8 * form.channels
    notes: tuple[str, ...] = ()
    if size > len(rest):
        if not any(size in sizes for sizes in _OF_PIPES):
            found = f"is truncated: {len(rest):,} of {size:,} bytes of samples are there"
            raise FormatError(where, found, "a whole file: get it again")
        size = len(rest)
        notes = (f"{where}: its header does not say how long it is: read to its end",)
    elif size == 0 and len(rest) >= wide:
        size = len(rest)
        notes = (f"{where}: its header says no samples, and some follow: read to its end",)
    if size % wide:
        if not notes:
            found = f"its {size:,} bytes of samples are no multiple of {wide}"
            raise FormatError(where, found, "a whole file: get it again")
        size -= size % wide
    raw = rest[:size]
    samples = _samples(raw, form).reshape(-1, form.channels)
    check_samples(samples, where)
    return Decoded(samples, form.rate, notes)


def check_samples(samples: Float32[np.ndarray, "S C"], where: str) -> None:
    """`FormatError` where a sample is no finite number, or a million times full scale."""
    wrong = ~(np.abs(samples) <= LOUDEST).all(axis=1)
    if wrong.any():
        first = int(np.argmax(wrong))
        finite = bool(np.isfinite(samples[first]).all())
        found = f"found {np.abs(samples[first]).max():.3g}" if finite else "found no finite number"
        expected = f"finite samples, of full scale 1 (at most {LOUDEST:,.0f})"
        raise FormatError(f"{where}, sample {first}", found, expected)


def _samples(raw: bytes, form: _Format) -> np.ndarray:
    if form.kind in (_A_LAW, _MU_LAW):
        return (_A_TABLE if form.kind == _A_LAW else _MU_TABLE)[np.frombuffer(raw, np.uint8)]
    return _of_floats(raw, form.bits) if form.kind == _FLOAT else _of_numbers(raw, form.bits)


def _of_floats(raw: bytes, bits: int) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float32)


def _of_numbers(raw: bytes, bits: int) -> np.ndarray:
    """Whole numbers by full scale; those of 8 bits are unsigned, 128 being zero."""
    if bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0) / 128.0
    if bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return (wide.reshape(-1).view("<i4") / 2.0**31).astype(np.float32)
    return (np.frombuffer(raw, f"<i{bits // 8}") / 2.0 ** (bits - 1)).astype(np.float32)


def _telephone_tables() -> tuple[np.ndarray, np.ndarray]:
    """What each of 256 bytes stands for in A-law and in mu-law: float32 `[256]` by full scale.

    Three bits are a power of two and four the place within it; A-law's lowest power is linear.
    """
    a = np.arange(256) ^ 0x55
    power, place = a >> 4 & 7, a & 15
    size = np.where(power == 0, 2 * place + 1, (2 * place + 33) << np.maximum(power - 1, 0)) * 8
    a_law = np.where(a & 128, size, -size)
    mu = np.arange(256) ^ 0xFF
    size = ((2 * (mu & 15) + 33 << (mu >> 4 & 7)) - 33) * 4
    mu_law = np.where(mu & 128, -size, size)
    return (a_law / 2.0**15).astype(np.float32), (mu_law / 2.0**15).astype(np.float32)


_A_TABLE, _MU_TABLE = _telephone_tables()
