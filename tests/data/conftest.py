"""What the tests of the data room share: the ways of reading a table."""

from __future__ import annotations

import sys

import pytest


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
