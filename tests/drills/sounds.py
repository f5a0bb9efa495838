"""Files of sound: how they are read, and how they are changed."""

from __future__ import annotations

import random
import struct
from pathlib import Path

SIZES = (0, 1, 2, 3, 7, 8, 15, 16, 17, 18, 40, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
_NAMES = (b"fmt ", b"data", b"LIST", b"fact", b"RIFF", b"bext", b"\0\0\0\0", b"DATA")
_FIELDS = ("<H", "<H", "<I", "<I", "<H", "<H")  # kind, channels, rate, bytes a second, block, bits
_VALUES = (0, 1, 2, 3, 6, 7, 8, 16, 24, 32, 64, 255, 8000, 44_100, 0xFFFE, 0xFFFF)


def read_sounds(path: Path) -> None:
    """As a signal, as a doctor looks at it, and as steps of features."""
    from elman.data.doctor import examined, part_of_recordings
    from elman.data.readers.sound import read_sound
    from elman.transforms import SoundFeatures

    data = read_sound(path)
    examined(part_of_recordings(data))
    SoundFeatures(kind="log-mel", rate=data.rate).of(data.signals[0])


def wav_of(chunks: list[tuple[bytes, bytes]], whole: int | None = None) -> bytes:
    """A WAV file of chunks; `whole`: the size that its head tells, where that is another."""
    body = b"".join(
        name + struct.pack("<I", len(held)) + held + b"\0" * (len(held) % 2)
        for name, held in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4 if whole is None else whole) + b"WAVE" + body


def form_of(kind: int, bits: int, channels: int = 1, rate: int = 8000) -> bytes:
    """What a format chunk holds."""
    block = bits // 8 * channels
    plain = struct.pack(
        "<HHIIHH", 0xFFFE if kind < 0 else kind, channels, rate, rate * block, block, bits
    )
    return plain + struct.pack("<HHIH14s", 22, bits, 0, -kind, b"") if kind < 0 else plain


def chunks_of(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a WAV file, as they are told."""
    found, at = [], 12
    while at + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        found.append((content[at : at + 4], content[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def chunk_sizes_changed(draws: random.Random, content: bytes) -> bytes:
    """Chunks that tell other sizes than they have, or end too soon; and a head that does."""
    made = bytearray(content)
    places, at = [4], 12
    for _, held in chunks_of(content):
        places.append(at + 4)
        at += 8 + len(held) + len(held) % 2
    for place in draws.sample(places, draws.randint(1, min(2, len(places)))):
        near = struct.unpack_from("<I", content, place)[0] + draws.choice((-2, -1, 1, 2, 3))
        struct.pack_into("<I", made, place, max(draws.choice((*SIZES, near, near)), 0) % 2**32)
    cut = draws.randrange(len(made)) if draws.random() < 0.4 else len(made)
    return bytes(made[:cut])


def chunks_changed(draws: random.Random, content: bytes) -> bytes:
    """Chunks in another order, twice, left out, of other names, or strange ones between."""
    chunks = chunks_of(content)
    for _ in range(draws.randint(1, 3)):
        place = draws.randrange(len(chunks))
        choice = draws.randrange(4)
        if choice == 0:
            draws.shuffle(chunks)
        elif choice == 1:
            chunks.insert(place, (draws.choice(_NAMES), draws.randbytes(draws.choice(SIZES[:11]))))
        elif choice == 2:
            chunks.insert(place, chunks[place])
        elif len(chunks) > 1:
            del chunks[place]
    return wav_of(chunks, draws.choice((None, None, 0, 2**32 - 1)))


def form_changed(draws: random.Random, content: bytes) -> bytes:
    """A format of other numbers, shorter or longer than it should be."""
    chunks = chunks_of(content)
    place = next(k for k, (name, _) in enumerate(chunks) if name == b"fmt ")
    form = bytearray(chunks[place][1])
    for _ in range(draws.randint(1, 2)):
        field = draws.randrange(len(_FIELDS))
        at = struct.calcsize("<" + "".join(one[1] for one in _FIELDS[:field]))
        values = (*_VALUES, *SIZES) if _FIELDS[field] == "<I" else _VALUES
        struct.pack_into(_FIELDS[field], form, at, draws.choice(values))
    if draws.random() < 0.3:
        form = form[: draws.choice((0, 2, 14, 15, 16, 18, 25, 26))] + draws.randbytes(
            draws.choice((0, 0, 1, 8, 300))
        )
    chunks[place] = (b"fmt ", bytes(form))
    return wav_of(chunks)
