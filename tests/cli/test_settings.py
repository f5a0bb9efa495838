"""What the command line says over what a configuration does."""

from __future__ import annotations

import pytest

from elman.cli.settings import gather

CONFIG = """\
kind = "forecaster"
[training]
batch_tokens = "None"
epochs = 3
[about]
data = "a.csv"
horizon = 3
series = "shop"
test_steps = 5
"""


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({}, {"data": "a.csv", "horizon": 3, "series": "shop", "test_steps": 5}),
        ({"test": "b.csv"}, {"data": "a.csv", "horizon": 3, "series": "shop", "test": "b.csv"}),
        ({"test_steps": 0}, {"data": "a.csv", "horizon": 3, "series": "shop", "test_steps": 0}),
        ({"data": "b.csv"}, {"data": "b.csv", "horizon": 3}),
    ],
)
def test_what_stays_of_a_configurations_data(tmp_path, given, about):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    settings = gather(None, str(path), {"data": None, **given}, {})
    assert settings.about == about
    assert settings.parameters == {"epochs": 3}
