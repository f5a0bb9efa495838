from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman import bundle
from elman.blueprint import (
    Blueprint,
    CellConfig,
    CellKind,
    Dense,
    Flatten,
    Parallel,
    register_cell,
    sequence_to_vector,
)
from elman.blueprint import cells as registry
from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError
from tests.bundle.made import make, refused


def test_a_bundle_comes_back_as_it_was(path):
    saved, found = make(), bundle.load(str(path))
    assert found.task == saved.task
    assert found.blueprint == saved.blueprint
    assert found.settings == saved.settings
    for part in ("weights", "tensors"):
        before, after = getattr(saved, part), getattr(found, part)
        assert set(before) == set(after)
        for name, array in before.items():
            assert after[name].dtype == array.dtype
            assert after[name].shape == array.shape
            np.testing.assert_array_equal(after[name], array)


def test_the_same_bundle_is_the_same_file(path, tmp_path):
    for _ in range(3):
        bundle.save(tmp_path / "again", make())
        assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_views_and_transposed_arrays_are_saved_as_they_look(tmp_path):
    tensors = {"turned": np.arange(6.0).reshape(2, 3).T, "thinned": np.arange(9)[::2]}
    bundle.save(tmp_path / "model", make(tensors=tensors))
    found = bundle.load(tmp_path / "model").tensors
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "Classifier!"}, "the task is 'Classifier!'"),
        ({"weights": {}}, "the weight is missing"),
        (
            {"weights": make().weights | {"body.2.bias": np.full(2, np.nan, np.float32)}},
            "NaN or infinite",
        ),
        ({"weights": make().weights | {"body.2.bias": np.full(2, np.inf, np.float32)}}, "2 values"),
        ({"weights": make().weights | {"body.2.bias": np.zeros(2)}}, "convert it to float32"),
        ({"weights": make().weights | {"extra": np.zeros(2)}}, "no such weight"),
        ({"tensors": {"x": np.zeros(2, complex)}}, "complex128"),
        ({"tensors": {"x": np.array(["a"])}}, "use one of float32"),
        ({"tensors": {"x": np.array([{}])}}, "object"),
        ({"tensors": {"x": np.zeros((1,) * 9)}}, "rank 9"),
        ({"settings": {"x": np.zeros(2)}}, "JSON"),
        ({"settings": {"x": float("nan")}}, "JSON"),
        ({"settings": {"x": "y" * 2**20}}, "at most 1 MiB"),
    ],
)
def test_an_inconsistent_bundle_is_not_saved(path, changes, words):
    before = path.read_bytes()
    with pytest.raises(BundleError, match=words):
        bundle.save(path, make(**changes))
    assert path.read_bytes() == before


@pytest.mark.parametrize("function", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_the_old_file_whole(path, monkeypatch, function, existing):
    before = path.read_bytes()
    if not existing:
        path.unlink()

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, function, full)
    with pytest.raises(BundleError, match="No space left on device"):
        bundle.save(path, make(task="regressor"))
    monkeypatch.undo()
    assert os.listdir(path.parent) == (["model.elman"] if existing else [])
    if existing:
        assert path.read_bytes() == before


def test_a_really_full_device_leaves_the_old_file_whole(path, monkeypatch):
    before = path.read_bytes()
    opened = os.fdopen

    def onto_a_full_device(descriptor, mode):
        os.close(descriptor)
        return opened(os.open("/dev/full", os.O_WRONLY), mode)

    monkeypatch.setattr(os, "fdopen", onto_a_full_device)
    with pytest.raises(BundleError, match="No space left on device"):
        bundle.save(path, make(task="regressor"))
    monkeypatch.undo()
    assert os.listdir(path.parent) == ["model.elman"]
    assert path.read_bytes() == before


def test_saving_into_a_new_folder_makes_it(tmp_path):
    bundle.save(tmp_path / "a" / "b" / "model", make())
    assert bundle.load(tmp_path / "a" / "b" / "model").task == "classifier"


def test_saving_where_a_folder_stands(tmp_path):
    with pytest.raises(BundleError, match="could not be written"):
        bundle.save(tmp_path, make())
    shutil.rmtree(tmp_path)


def test_a_cell_without_a_numpy_step_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))
    kind = {"weights": lambda *_: {}, "state": lambda config: {"hidden": config.units}}
    register_cell(CellKind("mute", **kind))
    register_cell(CellKind("able", **kind, numpy_cell=lambda *_: None))
    for name in ("mute", "able"):
        blueprint = sequence_to_vector(input_size=2, cells=CellConfig(name, 2), outputs=2)
        shapes = blueprint.shapes().items()
        weights = {weight: np.zeros(shape, np.float32) for weight, shape in shapes}
        saved = make(blueprint=blueprint, weights=weights)
        if name == "able":
            bundle.save(tmp_path / name, saved)
            assert bundle.load(tmp_path / name).blueprint == blueprint
            continue
        with pytest.raises(BundleError, match="'mute' has no NumPy step"):
            bundle.save(tmp_path / name, saved)
        assert not (tmp_path / name).exists()
    body = (Parallel(CellConfig("mute", 2), 3), Flatten(3), Dense(2))
    blueprint = Blueprint("sequence_to_vector", 2, {"body": body})
    weights = {weight: np.zeros(shape, np.float32) for weight, shape in blueprint.shapes().items()}
    with pytest.raises(BundleError, match="'mute' has no NumPy step"):
        bundle.save(tmp_path / "parallel", make(blueprint=blueprint, weights=weights))
    monkeypatch.undo()
    refused(tmp_path / "able", "'able'", "import the module that registers it")


# Strings


@given(st.lists(st.text()))
def test_strings_there_and_back(strings):
    packed = pack_strings(strings)
    assert packed["bytes"].dtype == np.uint8
    assert packed["offsets"].shape == (len(strings) + 1,)
    assert unpack_strings(packed) == strings


@pytest.mark.parametrize(
    "changes",
    [
        {"bytes": None},
        {"offsets": None},
        {"bytes": np.zeros(3, np.int64)},
        {"bytes": np.zeros((3, 1), np.uint8)},
        {"bytes": np.array([0xFF, 0xFF, 0xFF], np.uint8)},
        {"offsets": np.zeros(0, np.int64)},
        {"offsets": np.array([0.0, 3.0])},
        {"offsets": np.array([1, 3])},
        {"offsets": np.array([0, 4])},
        {"offsets": np.array([0, 2])},
        {"offsets": np.array([0, 5, 3])},
        {"offsets": np.array([0, -1, 3])},
        {"offsets": np.array([[0, 3]])},
    ],
    ids=str,
)
def test_arrays_that_hold_no_strings(changes):
    packed = {k: v for k, v in (pack_strings(["abc"]) | changes).items() if v is not None}
    with pytest.raises(BundleError, match="labels"):
        unpack_strings(packed, "labels")


def test_bundles_load_no_torch():
    code = "import sys, elman.bundle; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
