from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.run_files import read_toml, toml_text
from elman.training import Augmentation, TrainingConfig

configs = st.builds(
    TrainingConfig,
    optimizer=st.sampled_from(["adam", "adamw", "sgd", "momentum", "rmsprop"]),
    learning_rate=st.floats(1e-12, 1e6),
    schedule=st.sampled_from(["constant", "cosine", "linear"]),
    warmup_steps=st.integers(0, 10**6),
    clip_value=st.none() | st.floats(1e-6, 1e6),
    clip_norm=st.none() | st.floats(1e-6, 1e6),
    weight_decay=st.floats(0, 10),
    batch_size=st.integers(1, 10**6),
    batch_tokens=st.none() | st.integers(1, 10**9),
    accumulate=st.integers(1, 10**6),
    average=st.none() | st.floats(1e-6, 0.999999),
    epochs=st.integers(1, 10**6),
    early_stopping=st.none() | st.integers(1, 100),
    checkpoint_every=st.none() | st.integers(1, 10**6),
    max_skipped=st.integers(0, 100),
    seed=st.integers(0, 2**62),
    augment=st.none() | st.builds(Augmentation, shift=st.floats(0, 9), scale=st.floats(0, 0.9)),
)


@given(configs)
def test_toml_and_back_is_the_same(config):
    assert TrainingConfig.from_dict(read_toml(toml_text(config.to_dict()))) == config


texts = st.text(max_size=9).filter(lambda text: text != "None")
plain = st.none() | st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=6), plain | st.dictionaries(st.text(max_size=6), plain)))
def test_toml_text_is_read_back(settings):
    assert read_toml(toml_text(settings)) == settings


def test_toml_refuses_what_it_cannot_say():
    with pytest.raises(ArgumentError, match=r"data\.rows: found a set"):
        toml_text({"data": {"rows": {1, 2}}})
    with pytest.raises(ArgumentError, match=r"data\.label: the text 'None'; another"):
        toml_text({"data": {"label": "None"}})


def test_none_stands_in_tables_only():
    settings = {"seed": None, "weights": [["None", 2.0]], "augment": {"shift": None}}
    assert read_toml(toml_text(settings)) == settings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("optimizer", "adam2"),
        ("schedule", "step"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("clip_norm", -1.0),
        ("clip_value", 0.0),
        ("weight_decay", -0.1),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("batch_tokens", 0),
        ("accumulate", 0),
        ("average", 0.0),
        ("average", 1.0),
        ("epochs", 0),
        ("epochs", True),
        ("early_stopping", 0),
        ("checkpoint_every", 0),
        ("max_skipped", -1),
        ("warmup_steps", -1),
        ("seed", -1),
        ("augment", "much"),
    ],
)
def test_values_outside_their_range_are_refused(field, value):
    with pytest.raises(ArgumentError, match=f"^{field}: found"):
        TrainingConfig(**{field: value})


@pytest.mark.parametrize("bounds", [{"rotate": 4.0}, {"scale": 1.0}, {"shift": -1}, {"zoom": 1}])
def test_augmentation_outside_its_range_is_refused(bounds):
    with pytest.raises(ArgumentError, match=r"^augment"):
        TrainingConfig(augment=bounds)


def test_unknown_field_is_refused():
    with pytest.raises(ArgumentError, match="unknown field 'lr'"):
        TrainingConfig.from_dict({"lr": 1})


def test_numpy_numbers_become_plain():
    config = TrainingConfig(learning_rate=np.float32(0.5), batch_size=np.int64(4))
    assert type(config.learning_rate) is float
    assert type(config.batch_size) is int
