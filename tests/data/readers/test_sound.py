"""Files of sound: every kind of WAV, other formats by a library, and what is broken is told."""

from __future__ import annotations

import io
import struct
import sys
import wave

import numpy as np
import pytest

from elman.data.readers.sound import read_recordings, read_sound
from elman.data.readers.wav import decode_wav
from elman.data.recordings import Recordings
from elman.errors import ArgumentError, DataError, FormatError, MissingExtraError, ShapeError

RATE = 8000


def _signal(seconds: float = 0.1, pitch: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)


def _wav(samples: np.ndarray, rate: int = RATE, bits: int = 16, channels: int = 1) -> bytes:
    """A WAV file by the standard library, which knows whole numbers only."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(bits // 8)
        out.setframerate(rate)
        if bits == 8:
            out.writeframes((np.round(samples * 127) + 128).astype(np.uint8).tobytes())
        else:
            whole = np.round(samples * (2 ** (bits - 1) - 1)).astype("<i4")
            out.writeframes(whole.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes())
    return file.getvalue()


def _floats(samples: np.ndarray, kind: str = "<f4", extensible: bool = False) -> bytes:
    raw, wide = samples.astype(kind).tobytes(), np.dtype(kind).itemsize
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else 3, 1, RATE, RATE * wide, wide, 8 * wide)
    if extensible:
        head += struct.pack("<HHIH", 22, 8 * wide, 0, 3) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00"
        head += b"\xaa\x008\x9bq"
    chunks = b"fmt " + struct.pack("<I", len(head)) + head
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd chunk and its padding
    chunks += b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_whole_numbers_of_every_width(bits):
    found = decode_wav(_wav(_signal(), bits=bits), "a.wav")
    assert found.rate == RATE
    assert found.samples.dtype == np.float32
    assert found.samples.shape == (800, 1)
    np.testing.assert_allclose(found.samples[:, 0], _signal(), atol=1.1 / 2 ** (bits - 1) + 1e-7)


@pytest.mark.parametrize("told", [("<f4", False), ("<f8", False), ("<f4", True)])
def test_floats_and_the_extended_header(told):
    found = decode_wav(_floats(_signal(), *told), "a.wav")
    np.testing.assert_array_equal(found.samples[:, 0], _signal().astype(np.float32))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"OggS" + bytes(40), "begins with b'OggS'"),
        (_wav(_signal())[:-100], "truncated: 1,500 of 1,600 bytes"),
        (_wav(_signal())[:30], "truncated"),
        (_wav(_signal())[:20], "its format has 0 bytes"),
        (b"RIFX" + _wav(_signal())[4:], "other byte order"),
        (_floats(np.array([0.0, np.nan])), "sample 1: found no finite"),
        (_floats(np.array([0.0, 0.5, -2e6])), r"sample 2: found 2e\+06"),
    ],
)
def test_what_is_no_whole_file_is_told(content, said):
    with pytest.raises(FormatError, match=said):
        decode_wav(content, "a.wav")


def test_samples_that_are_no_numbers_are_refused():
    content = bytearray(_wav(_signal()))
    content[20:22] = struct.pack("<H", 6)  # A-law
    with pytest.raises(FormatError, match="kind 6 with 16 bits"):
        decode_wav(bytes(content), "a.wav")


def test_a_header_from_a_pipe_is_read_to_the_end_of_the_file_and_said():
    content = bytearray(_wav(_signal()))
    for size in (0xFFFFFFFF, 0xFFFFFFDB, 0x7FFFFFFF, 0x7FFFFF00, 0x7FFFF000, 0x80000000):
        content[40:44] = struct.pack("<I", size)
        found = decode_wav(bytes(content), "a.wav")
        assert len(found.samples) == 800
        assert "does not say how long" in found.notes[0]
    content[40:44] = struct.pack("<I", 0x7FFE0000)  # no such mark: nearly all is missing
    with pytest.raises(FormatError, match=r"truncated: 1,600 of 2,147,352,576 bytes"):
        decode_wav(bytes(content), "a.wav")
    content[40:44] = bytes(4)
    for told in (0, 36):  # as it was before any sample was written
        content[4:8] = struct.pack("<I", told)
        found = decode_wav(bytes(content), "a.wav")
        assert len(found.samples) == 800
        assert "says no samples" in found.notes[0]


def test_what_stands_behind_no_samples_is_not_heard():
    empty = _wav(_signal()[:0])
    more = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + bytes(14)
    whole = empty[:4] + struct.pack("<I", len(empty) + len(more) - 8) + empty[8:] + more
    assert not len(decode_wav(whole, "a.wav").samples)


@pytest.mark.parametrize("coding", ["ALAW", "ULAW"])
def test_what_telephones_write_is_what_a_library_reads(coding):
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, _signal() * np.linspace(0, 2, 800), RATE, format="WAV", subtype=coding)
    by_library, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    found = decode_wav(file.getvalue(), "a.wav")
    np.testing.assert_array_equal(found.samples[:, 0], by_library)
    assert np.abs(by_library).max() > 0.8


def test_a_header_of_a_few_samples_a_second_is_damage():
    content = bytearray(_wav(_signal()))
    content[24:28] = struct.pack("<I", 1)
    with pytest.raises(FormatError, match=r"says 1 channel at 1 Hz"):
        decode_wav(bytes(content), "a.wav")


def test_stereo_is_mixed_and_said_or_refused(tmp_path):
    both = np.stack([_signal(), -0.5 * _signal()], axis=1)
    path = tmp_path / "a.wav"
    path.write_bytes(_wav(both, channels=2))
    found = read_sound(path)
    np.testing.assert_allclose(found.signals[0], 0.25 * _signal(), atol=1e-4)
    assert "several channels mixed" in found.notes[0]
    with pytest.raises(DataError, match="has 2 channels"):
        read_sound(path, channels="refuse")


def test_flac_and_other_rates_by_the_extra(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("soxr")
    slow = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    soundfile.write(tmp_path / "a.flac", 0.5 * slow, 16000)
    own = read_sound(tmp_path / "a.flac")
    assert own.rate == 16000
    assert not own.notes
    found = read_sound(tmp_path / "a.flac", rate=RATE)
    assert found.rates.tolist() == [16000]
    assert "resampled to 8000 Hz: 1 of 16000 Hz" in found.notes[0]
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / RATE)
    np.testing.assert_allclose(found.signals[0][100:-100], wanted[100:-100], atol=1e-3)
    cut = (tmp_path / "a.flac").read_bytes()[:3000]
    (tmp_path / "cut.flac").write_bytes(cut)
    with pytest.raises(FormatError, match=r"truncated|cannot be read"):
        read_sound(tmp_path / "cut.flac")


@pytest.mark.parametrize(("package", "name"), [("soundfile", "a.flac"), ("soxr", "a.wav")])
def test_a_missing_extra_is_named(package, name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(_wav(_signal()) if name == "a.wav" else b"fLaC" + bytes(50))
    with pytest.raises(MissingExtraError, match=package):
        read_sound(tmp_path / name, rate=16000)


def _folder(tmp_path):
    for label in ("high", "low"):
        (tmp_path / label).mkdir()
        for n in range(3):
            signal = _signal(0.05 + 0.01 * n, 800 if label == "high" else 200)
            (tmp_path / label / f"{n}.wav").write_bytes(_wav(signal))
    return tmp_path


def test_a_folder_for_each_class_and_a_broken_file_among_them(tmp_path):
    folder = _folder(tmp_path)
    (folder / "low" / "broken.wav").write_bytes(_wav(_signal())[:-10])
    (folder / "low" / ".hidden.wav").write_bytes(b"")
    (folder / "low" / "loud.wav").write_bytes(_floats(1e7 * _signal()))
    found = read_recordings(folder)
    assert found.labels.tolist() == ["high"] * 3 + ["low"] * 3
    assert found.ids[0] == "high/0.wav"
    np.testing.assert_allclose(found.seconds[:3], [0.05, 0.06, 0.07])
    assert len(found.failed) == 2
    assert "broken.wav: is truncated" in found.failed[0]
    assert "loud.wav, sample 1: found 1.69e+06" in found.failed[1]
    assert any("2 of 8 files could not be read" in note for note in found.notes)
    assert found.select([4]).where(0).endswith("low/1.wav")
    with pytest.raises(FormatError, match="truncated"):
        read_recordings(folder, strict=True)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_table_of_texts_names_the_files(form, tmp_path):
    folder = _folder(tmp_path)
    rows = [("high/0.wav", "nine one", "ann"), ("low/2.wav", "two", "bob")]
    if form == "csv":
        lines = ["file,transcript,speaker", *(",".join(row) for row in rows)]
    else:
        lines = [f'{{"file": "{a}", "transcript": "{b}", "speaker": "{c}"}}' for a, b, c in rows]
    (folder / f"texts.{form}").write_text("\n".join(lines) + "\n")
    found = read_recordings(folder)
    assert found.texts == ("nine one", "two")
    assert found.groups.tolist() == ["ann", "bob"]
    assert found.labels is None
    assert any("4 files of sound that" in note for note in found.notes)
    same = read_recordings(folder / f"texts.{form}", said="transcript")
    assert same.ids == found.ids == ("high/0.wav", "low/2.wav")
    with pytest.raises(ArgumentError, match="no column 'words'"):
        read_recordings(folder / f"texts.{form}", said="words")


def test_rates_that_differ_are_brought_to_what_most_have(tmp_path):
    pytest.importorskip("soxr")
    folder = _folder(tmp_path)
    (folder / "low" / "odd.wav").write_bytes(_wav(_signal(), rate=11025))
    found = read_recordings(folder)
    assert found.rate == RATE
    assert found.rates.tolist().count(11025) == 1
    assert any("1 of 11025 Hz" in note for note in found.notes)


def test_a_folder_without_sound_and_an_empty_recording_are_told(tmp_path):
    with pytest.raises(DataError, match="no files of sound"):
        read_recordings(tmp_path)
    (tmp_path / "a.wav").write_bytes(_wav(_signal()[:0]))
    with pytest.raises(FormatError, match="no samples"):
        read_recordings(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_sound(tmp_path / "b.wav")


def test_recordings_check_what_they_are_given():
    with pytest.raises(ShapeError, match=r"signals\[1\]"):
        Recordings((np.zeros(3), np.zeros(3, np.int16)), RATE)
    with pytest.raises(ShapeError, match="labels"):
        Recordings((np.zeros(3),), RATE, labels=np.array([1, 2]))
    for wrong in (np.nan, np.inf, -2e6):
        with pytest.raises(DataError, match=r"signals\[1\], sample 2: found "):
            Recordings((np.zeros(3), np.array([0.0, 1.0, wrong])), RATE)
    found = Recordings((np.zeros(16),), RATE)
    assert found.ids == ("0",)
    assert found.resampled(RATE) is found


def test_any_bytes_give_samples_or_an_error_of_ours():
    draws = np.random.default_rng(0)
    both = np.stack([_signal(0.01)] * 2, axis=1)
    whole = [_wav(both, channels=2), _floats(_signal(0.01), "<f8"), _wav(_signal(0.01), bits=24)]
    read = refused = 0
    for n in range(600):
        content = bytearray(whole[n % 3])
        for _ in range(draws.integers(1, 5)):
            content[draws.integers(0, 90)] = draws.integers(0, 256)
        content = content[: draws.integers(0, len(content))] if n % 4 == 0 else content
        try:
            assert np.isfinite(decode_wav(bytes(content), "a.wav").samples).all()
            read += 1
        except FormatError:
            refused += 1
    assert min(read, refused) > 50
