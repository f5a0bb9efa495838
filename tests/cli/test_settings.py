"""What the command line says over what a configuration does."""

from __future__ import annotations

import pytest

from elman.cli.settings import gather, recipes
from elman.errors import ArgumentError, FormatError

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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[trainig]\nepochs = 3", r"config\.toml, trainig: is unknown; did you mean 'training'\?"),
        ("training = 3", r"config\.toml, training: found 3; a table"),
        ("about = []", r"config\.toml, about: found \[\]; a table"),
        ("kind = []", r"config\.toml, kind: found \[\]; a text"),
        ("[about]\ndata = 3", r"config\.toml, about\.data: found 3; a text"),
        ("[about]\nhorizon = true", r"config\.toml, about\.horizon: found True; a whole number"),
        ("x = " + "[" * 100_000, "config.toml: not readable TOML"),
        ("x = " + "[" * 50 + "]" * 50, "more than 8 tables and lists inside each other"),
        ("a." * 2000 + "a = 1", "more than 8 tables and lists"),
        ("[training]\nseed = 0x" + "f" * 5000, "training.seed: found a number of 20000 bits"),
        ("[training]\nseed = " + "9" * 5000, "not readable TOML"),
        ("[training]\nseed = 1979-05-27", "training.seed: found 1979-05-27, which is neither"),
        ("x" * 2**21, "longer than 1048576 bytes"),
        ("\0", "not readable TOML"),
    ],
)
def test_what_a_configuration_may_not_say(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        gather("classifier", str(path), {"data": "a.csv"}, {})


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('kind = "classifier"\n[training]\nepoch = 3\n[about]\ndata = "a.csv"')
    with pytest.raises(ArgumentError, match=r"config\.toml, epoch: .* did you mean 'epochs'\?"):
        gather(None, str(path), {}, {})


@pytest.mark.parametrize("config", ["nothing", "nothing.toml", "../cli/settings", "a\0b.toml"])
def test_a_configuration_that_is_not_there(config):
    with pytest.raises(ArgumentError, match="--config: there is no"):
        gather(None, config, {}, {})


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_makes_an_estimator(name):
    settings = gather(None, name, {}, {})
    assert settings.estimator()._options().told["kind"] == settings.kind
