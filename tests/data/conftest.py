"""What the tests of the data room share: an empty cache, and the real data where it is here."""

from __future__ import annotations

import os
import sys
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


@pytest.fixture(params=["arrow", "csv module", "at once"])
def reader(request, monkeypatch) -> str:
    """How tables are read: by Arrow, as if it were not installed, or with what was judged."""
    if request.param != "at once":
        monkeypatch.setattr("elman.data.tables.reader._SMALL", 0)
    if request.param == "csv module":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
        pytest.importorskip("narwhals", reason="the extra 'train' is not installed")
    return request.param
