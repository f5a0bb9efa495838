"""Folders of sound on the command line: trained on, answered, and what is broken is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from elman.data.readers.sound import names_sounds
from elman.data.readers.sound_sequences import sounds_asked
from tests.data.readers.test_sound import _wav as wav
from tests.tasks.test_sounds import RATE


@pytest.fixture
def folder(tmp_path):
    draws = np.random.default_rng(0)
    for n in range(20):
        label, pitch = ("high", 2000) if n % 2 else ("low", 500)
        time = np.arange(draws.integers(800, 1600)) / RATE
        (tmp_path / "sounds" / label).mkdir(parents=True, exist_ok=True)
        signal = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.01 * draws.normal(size=len(time))
        (tmp_path / "sounds" / label / f"{n}.wav").write_bytes(wav(signal))
    return tmp_path / "sounds"


def answered(command, words):
    """The exit code of a command, and all that it says."""
    done = command(*words.split())
    return done.exit_code, done.output


def test_a_folder_is_trained_on_and_answered_with_a_broken_file_told(folder, tmp_path, command):
    told = "--units 4 --cell gru --epochs 4 --learning-rate 0.05 --sound log-mel,bands=15"
    out = tmp_path / "run"
    code, said = answered(command, f"train classifier --data {folder} {told} --out {out}")
    assert code == 0, said
    result = json.loads((out / "result.json").read_text())
    assert result["data"]["milliseconds"][0] >= 100
    assert result["test"]["sequences"] == 4
    (folder / "low" / "broken.wav").write_bytes(wav(np.zeros(100))[:-7])
    code, said = answered(command, f"predict {out} --data {folder}")
    assert code == 1
    assert said.count("high/") == 10
    assert said.count("low/") >= 10
    assert "1 file could not be read" in said
    code, said = answered(command, f"evaluate {out} --data {folder} --part all")
    assert code == 0, said
    code, said = answered(command, f"data doctor {folder}")
    assert code == 0, said
    assert "damage, left out" in " ".join(said.split())


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_table_that_names_sounds_is_known_by_what_stands_in_it(form, folder, command):
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wav"))
    rows = [(name, "high low" if name[0] == "h" else "low" * 99) for name in names]
    table = folder.parent / f"sounds.{form}"
    if form == "csv":
        lines = ["audio,text", *(f"sounds/{name},{text}" for name, text in rows)]
    else:
        lines = [json.dumps({"audio": f"sounds/{name}", "text": text}) for name, text in rows]
    table.write_text("\n".join([*lines, lines[-1]]) + "\n")
    code, said = answered(command, f"data doctor {table}")
    said = " ".join(said.split())
    assert code == 0, said
    assert "11 recordings with a text of more characters than steps" in said
    assert "1 recording with a name that stood there before" in said
    code, said = answered(command, f"data doctor {table} --text text")
    assert "characters in one" in said
    code, said = answered(command, f"data show {table}")
    said = " ".join(said.split())
    assert code == 0, said
    assert "21 recordings of 1" in said
    assert "milliseconds" in said
    assert "elman train transcriber --data" in said


def test_a_table_of_other_things_beside_names_of_sounds_is_none(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("file,second,value\na.wav,0,1\nnotes.txt,1,2\n")
    assert not names_sounds(table)
    table.write_text("comment,value\na.wav,1\n")
    assert not names_sounds(table)
    table.write_text("FILE,value\na.WAV,1\n")
    assert names_sounds(table)
    assert sounds_asked(table)
    assert not sounds_asked(table, {"series"})
