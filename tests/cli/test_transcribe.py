"""`elman train transcriber`, `transcribe`, `listen`, `evaluate`, `predict`, and their pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from elman.cli.verbs import app
from tests.tasks.tones import RATE, learnt, spoken, tones, write_wav

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty recordings with a table of texts, one broken; and a model that knows them."""
    folder, data = tmp_path_factory.mktemp("tones"), tones(40, seed=20)
    (folder / "sounds").mkdir()
    lines = ["path,text"]
    for n, (signal, text) in enumerate(zip(data.signals, data.texts or (), strict=True)):
        write_wav(folder / "sounds" / f"{n}.wav", signal)
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
    whole = cli("transcribe", model, folder / "sounds", code=1)
    assert len(whole.stdout.splitlines()) == 40
    assert f"{names[0]}\t{wanted[0]}" in whole.stdout
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
    write_wav(path, signal)
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
    cut = cli("listen", model, "-", "--silence", 0.4, given=raw + b"\0", code=1)
    assert cut.stdout == done.stdout  # what was heard before
    assert "5 labels shown" in cut.stderr
    assert "ends with 1 of the 2 bytes of a sample" in cut.stderr
    assert "Nothing was heard" in cli("listen", model, "-", given=b"").stderr
    wrong = cli("listen", model, "-", "--rate", 16000, given=raw, code=2)
    assert "4000 Hz, as the model has learnt" in wrong.stderr


def test_a_pipe_of_a_file_is_no_sound_and_damage_within_one_is_placed(cli, folder):
    model, path = folder / "model.elman", folder / "one.wav"
    signal = np.concatenate([spoken("ab"), np.zeros(RATE, np.float32)])
    write_wav(path, signal)
    done = cli("listen", model, "-", given=path.read_bytes(), code=1)
    assert not done.stdout
    assert "standard input: begins with b'RIFF', as a file does" in " ".join(done.stderr.split())
    broken = np.append(signal, [np.nan, 0]).astype("<f4").tobytes()
    done = cli("listen", model, "-", "--format", "f32", given=broken, code=1)
    assert done.stdout.split() == ["ab"]
    assert f"standard input, samples[{len(signal)}]: found nan" in " ".join(done.stderr.split())
    few = cli("listen", model, "-", given=b"\1\0")
    assert "0 labels shown" in few.stderr


def test_what_is_too_short_for_a_step_has_no_picture_and_stops_nothing(cli, folder):
    model, short, picture = folder / "model.elman", folder / "short.wav", folder / "first.png"
    write_wav(short, spoken("a")[:20])
    files = (short, folder / "sounds" / "0.wav")
    assert len(cli("transcribe", model, *files, "--picture", picture).stdout.splitlines()) == 2
    assert picture.stat().st_size > 5000
    done = cli("transcribe", model, short, "--picture", folder / "none.png")
    assert "No picture: no file has a step" in done.stderr
    assert not (folder / "none.png").exists()


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
