"""The advice about a missing extra is a command that works in this very installation."""

from __future__ import annotations

import json
import sys

import pytest

from elman import installation
from elman.errors import MissingExtraError
from elman.installation import install_command

REQUIRES = [
    "numpy>=2",
    'torch>=2.4; extra == "train"',
    "matplotlib>=3.8 ; extra == 'train'",
    'elman[train]; extra == "tensorboard"',
    'tensorboard>=2.15; extra == "tensorboard"',
]


class Told:
    """Stands for an installed distribution."""

    requires = REQUIRES

    def __init__(self, source):
        self._source = source

    def read_text(self, name):
        assert name == "direct_url.json"
        return None if self._source is None else json.dumps(self._source)


@pytest.fixture
def advice(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "_installer", lambda: "pip install")
    monkeypatch.chdir(tmp_path)

    def told(source, extra="train"):
        monkeypatch.setattr(installation.metadata, "distribution", lambda _name: Told(source))
        return install_command(extra)

    return told


def test_from_an_index(advice):
    assert advice(None) == "pip install 'elman[train]'"


def test_from_a_clone(advice, tmp_path):
    clone = tmp_path / "my clone"
    clone.mkdir()
    source = {"url": clone.as_uri(), "dir_info": {"editable": True}}
    assert advice(source) == f"pip install -e '{clone}[train]'"
    source["dir_info"] = {}
    assert advice(source, "parquet") == f"pip install '{clone}[parquet]'"


def test_in_the_clone_itself(advice, tmp_path):
    assert advice({"url": tmp_path.as_uri(), "dir_info": {}}) == "pip install '.[train]'"


def test_from_a_wheel(advice, tmp_path):
    wheel = tmp_path / "elman-0.1.0-cp312-abi3-linux_x86_64.whl"
    wheel.write_bytes(b"")
    source = {"url": wheel.as_uri(), "archive_info": {}}
    assert advice(source) == f"pip install '{wheel}[train]'"
    wheel.unlink()
    assert advice(source) == "pip install 'torch>=2.4' 'matplotlib>=3.8'"


def test_an_extra_that_is_made_of_others(advice, tmp_path):
    gone = {"url": (tmp_path / "gone").as_uri(), "dir_info": {}}
    expected = "pip install 'torch>=2.4' 'matplotlib>=3.8' 'tensorboard>=2.15'"
    assert advice(gone, "tensorboard") == expected


def test_from_a_repository(advice):
    source = {"url": "https://example.org/elman.git", "vcs_info": {"vcs": "git"}}
    assert advice(source) == "pip install 'elman[train] @ git+https://example.org/elman.git'"


def test_not_installed_at_all(monkeypatch):
    def absent(name):
        raise installation.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installation.metadata, "distribution", absent)
    assert install_command("train").endswith(" 'elman[train]'")


def test_the_installer_is_this_environments(monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert installation._installer() == "pip install"
    monkeypatch.setenv("VIRTUAL_ENV", "/another")
    assert installation._installer() == f"{sys.executable} -m pip install"
    monkeypatch.setattr(installation.metadata, "distributions", lambda **_sought: [])
    assert installation._installer() == f"uv pip install --python {sys.executable}"


def test_the_error_gives_the_command():
    assert install_command("train") in str(MissingExtraError.of("torch", "train", "training"))


def test_no_module_is_looked_for(monkeypatch):
    """Setuptools, where it was imported, warns of each search for pip."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: pytest.fail(name))
    assert "install" in install_command("train")
