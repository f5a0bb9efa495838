from __future__ import annotations

import pytest

from elman import bundle
from tests.bundle.made import make


@pytest.fixture
def path(tmp_path):
    bundle.save(tmp_path / "model.elman", make())
    return tmp_path / "model.elman"
