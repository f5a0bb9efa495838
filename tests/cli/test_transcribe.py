"""`elman train transcriber`, `transcribe`, `listen`, `evaluate`, `predict`, and their pictures."""

from __future__ import annotations

import json
import wave

import numpy as np
import pytest
from typer.testing import CliRunner

from elman.cli.verbs import app
from tests.tasks.tones import RATE, learnt, spoken, tones

QUICK = ["--units", 8, "--epochs", 1, "--threads", 1, "--batch-size", 16]
QUICK += ["--sound", "log-mel,bands=8,window_ms=20,stack=2,stride=2"]


@pytest.fixture(scope="module")
def cli():
    """Run a command that ends as it should, with what stands on standard input."""
    runner = CliRunner()

    def run(*words, code=0, given=b""):
        done = runner.invoke(app, [str(word) for word in words], input=given)
        assert done.exit_code == code, done.output
        return done

    return run


def write(path, signal):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty recordings with a table of texts, one broken; and a model that knows them."""
    folder, data = tmp_path_factory.mktemp("tones"), tones(40, seed=20)
    (folder / "sounds").mkdir()
    lines = ["path,text"]
    for n, (signal, text) in enumerate(zip(data.signals, data.texts or (), strict=True)):
        write(folder / "sounds" / f"{n}.wav", signal)
        lines.append(f"{n}.wav,{text}")
    (folder / "sounds" / "broken.wav").write_bytes(b"RIFF....WAVE")
    (folder / "sounds" / "texts.csv").write_text("\n".join([*lines, "broken.wav,ab"]) + "\n")
    learnt().save(folder / "model.elman")
    return folder


def test_a_folder_with_a_table_is_trained_on_scored_and_reported(cli, folder):
    source = folder / "sounds"
    done = cli("train", "transcriber", "--data", source, *QUICK, "--out", folder / "run")
    assert "1 of 41 files could not be read and are left out" in done.stderr
    assert "Test part: 4 of 40 recordings" in done.stderr
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["recordings"] == 4
    assert result["data"]["failed"]
    assert (folder / "run" / "report.md").read_text().startswith("# Transcriber")
    for name in ("curves", "alignment"):
        assert (folder / "run" / "pictures" / f"{name}.png").stat().st_size > 5000
    told = json.loads(cli("evaluate", folder / "run", "--data", source, "--json").stdout)
    assert (told["part"], told["recordings"]) == ("test", 4)
    assert told["score"] == result["test"]["score"]
    every = cli("evaluate", folder / "run", "--data", source, "--part", "all", "--json")
    assert json.loads(every.stdout)["recordings"] == 40
    cli("plot", "alignment", folder / "run", "--data", source, "--out", folder / "heard.png")
    assert (folder / "heard.png").stat().st_size > 5000
    assert "listens to streams" in cli("info", folder / "run").stdout


def test_files_are_transcribed_and_a_broken_one_does_not_stop_the_others(cli, folder):
    model, data = folder / "model.elman", tones(40, seed=20)
    wanted = learnt().model_.predict(data)
    names = [folder / "sounds" / f"{n}.wav" for n in range(3)]
    assert cli("transcribe", model, names[0]).stdout.strip() == wanted[0]
    broken = folder / "sounds" / "broken.wav"
    done = cli("transcribe", model, names[0], broken, *names[1:], code=1)
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == wanted[:3]
    assert "broken.wav: not transcribed" in done.stderr
    assert "1 of 4 files could not be transcribed" in done.stderr
    told = json.loads(cli("transcribe", model, names[0], "--json").stdout)
    assert [one["label"] for one in told["labels"]] == [*wanted[0]]
    starts = [one["start"] for one in told["labels"]]
    assert starts == sorted(starts)
    several = cli("transcribe", model, names[0], "--beam-size", 4, "--n-best", 2).stdout
    assert len(several.splitlines()) == 2
    found = cli("predict", model, "--data", folder / "sounds", "--json", code=1)
    assert wanted[0] in found.stdout
    assert "1 file could not be read and have no answer" in found.stderr


def test_a_file_and_a_pipe_are_listened_to(cli, folder):
    model, path = folder / "model.elman", folder / "long.wav"
    signal = np.concatenate([spoken("abc"), np.zeros(RATE, np.float32), spoken("ca")])
    write(path, signal)
    done = cli("listen", model, path, "--silence", 0.4)
    assert done.stdout.split() == ["abc", "ca"]
    assert "5 labels shown, 0 of them taken back" in done.stderr
    raw = (np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes()
    piped = cli("listen", model, "-", "--silence", 0.4, given=raw)
    assert piped.stdout == done.stdout
    floats = cli("listen", model, "-", "--silence", 0.4, "--format", "f32",
                 given=signal.astype("<f4").tobytes())  # fmt: skip
    assert floats.stdout == done.stdout
    changes = [
        json.loads(line) for line in cli("listen", model, path, "--json").stdout.splitlines()
    ]
    known = [one["known_at"] for one in changes]
    assert known == sorted(known)
    assert changes[-1]["final"]
    cut = cli("listen", model, "-", given=raw + b"\0", code=1)
    assert "ends with 1 of the 2 bytes of a sample" in cut.stderr
    assert "Nothing was heard" in cli("listen", model, "-", given=b"").stderr
    wrong = cli("listen", model, "-", "--rate", 16000, given=raw, code=2)
    assert "4000 Hz, as the model has learnt" in wrong.stderr


def test_a_picture_of_other_tasks_names_those_that_have_it(cli, folder):
    for kind in ("gradients", "learning-rates", "gates", "unrolled"):
        done = cli("plot", kind, folder / "model.elman", "--data", folder / "sounds", code=2)
        said = " ".join(done.stderr.split())
        assert f"a transcriber has no picture '{kind}'" in said
        assert "give a classifier's, a regressor's or a tagger's model" in said


def test_what_cannot_be_listened_to_is_refused(cli, folder):
    model = folder / "model.elman"
    assert "s16 or f32" in cli("listen", model, "-", "--format", "u8", code=2).stderr
    done = cli("transcribe", model, folder / "sounds" / "0.wav", "--hotwords", "ab,zz", code=2)
    assert "'zz' has what no label stands for" in done.stderr
