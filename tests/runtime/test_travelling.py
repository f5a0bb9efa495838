"""What travels with a network, as a file may claim it."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman import bundle
from elman.bundle import pack_strings
from elman.errors import BundleError
from elman.metrics.forecasts.naive import seasonal_naive
from elman.runtime.targets import class_tensors
from tests.bundle.made import make

CLASSES = class_tensors(np.array(["a", "b"]))
ANY = [None, 3, "x", [], ["x"], {"a": 1}, True]


@pytest.mark.parametrize("value", [each for each in ANY if not isinstance(each, dict)])
def test_metadata_of_another_kind(tmp_path, value):
    bundle.save(tmp_path / "m", make(tensors=CLASSES, settings={"metadata": value}))
    with pytest.raises(BundleError, match=r"m: setting metadata: found .* kind dict"):
        elman.load(tmp_path / "m")


@pytest.mark.parametrize("name", ["elman", "frequency", "notes"])
@pytest.mark.parametrize("value", ANY)
def test_what_is_shown_of_metadata(tmp_path, name, value):
    fits = isinstance(value, list) if name == "notes" else isinstance(value, str)
    bundle.save(tmp_path / "m", make(tensors=CLASSES, settings={"metadata": {name: value}}))
    if fits:
        assert elman.load(tmp_path / "m").metadata == {name: value}
        return
    with pytest.raises(BundleError, match=f"metadata, {name}: found"):
        elman.load(tmp_path / "m")


@pytest.mark.parametrize("value", [each for each in ANY if not isinstance(each, bool)])
def test_a_switch_that_is_none(tmp_path, value):
    bundle.save(tmp_path / "m", make(tensors=CLASSES, settings={"multilabel": value}))
    with pytest.raises(BundleError, match="setting multilabel"):
        elman.load(tmp_path / "m")


def test_class_labels_that_would_fill_the_memory(tmp_path):
    packed = pack_strings(["", "x" * 2**26])
    tensors = {f"classes.{name}": array for name, array in packed.items()}
    bundle.save(tmp_path / "m", make(tensors=tensors))
    with pytest.raises(BundleError, match="class labels: found 2, the longest of 67108864"):
        elman.load(tmp_path / "m")


def test_a_season_longer_than_anything_seen_costs_nothing():
    rows = np.arange(5.0)
    for season in (5, 8, 9, 10**12):
        wanted = [4.0, 4.0, 4.0] if season > 5 else [0.0, 1.0, 2.0]
        assert seasonal_naive(rows, 3, season).tolist() == wanted
