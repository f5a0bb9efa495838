"""What the tests of the data room share: an empty cache, and the real data where it is here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder, and no ELMAN_DATA."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ELMAN_CACHE", str(folder))
    monkeypatch.delenv("ELMAN_DATA", raising=False)
    return folder


@pytest.fixture
def real_data(tmp_path, monkeypatch) -> Path:
    """The folder that ELMAN_DATA names, with an empty cache beside it."""
    given = os.environ.get("ELMAN_DATA")
    if not given:
        pytest.skip("ELMAN_DATA is not set: the public data sets are not on this machine")
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "cache"))
    return Path(given)
