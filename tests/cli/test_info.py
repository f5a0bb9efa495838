"""What `elman info` tells of a model."""

from __future__ import annotations

import json

import pytest


def test_a_runs_model(command, run):
    told = json.loads(command("info", run, "--json").stdout)
    assert told["classes"] == ["high", "low"]
    assert told["reads"] == "a, b at each step"
    assert told["columns"] == {"label": "class"}
    assert told["file"].endswith(" KiB")
    assert told["trained"].startswith("3 epochs in ")
    assert set(told["validated"]) == {"accuracy", "loss"}
    result = json.loads((run / "result.json").read_text("utf-8"))
    assert told["validated"]["accuracy"] == result["validation_score"]
    assert told["tested"] == {"accuracy": result["test"]["score"], **result["test"]["baselines"]}


def test_as_a_table(command, run):
    shown = command("info", run / "model.elman").output
    assert "high, low" in shown
    assert "label class" in shown
    assert "accuracy " in shown
    assert "{" not in shown


def test_a_model_away_from_its_run(command, run, tmp_path):
    alone = tmp_path / "alone.elman"
    alone.write_bytes((run / "model.elman").read_bytes())
    told = json.loads(command("info", alone, "--json").stdout)
    assert "tested" not in told
    assert "validated" in told


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"test": 3}', '{"test": {"metric": 1}}'])
def test_a_strange_result_beside_a_model(command, own_run, text):
    (own_run / "result.json").write_text(text, "utf-8")
    told = json.loads(command("info", own_run, "--json").stdout)
    assert "tested" not in told
