"""What is computed from all rows of a panel is the same, however few series are taken at once."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import as_panel
from elman.data.series.panel import Panel
from elman.runtime.forecasting import evaluation, past


def a_panel() -> Panel:
    draws = np.random.default_rng(3)
    sizes = [40, 7, 55, 1, 33]
    start = np.datetime64("2024-01-01")
    return as_panel(
        {
            "item": np.repeat([f"s{n}" for n in range(len(sizes))], sizes),
            "day": np.concatenate([start + np.arange(size) for size in sizes]),
            "a": draws.normal(size=sum(sizes)),
            "b": draws.normal(size=sum(sizes)),
        },
        series="item",
        time="day",
        target=["a", "b"],
    )


@pytest.mark.parametrize("squared", [False, True])
def test_in_parts_as_in_one(monkeypatch, squared):
    panel = a_panel()
    first = np.maximum(panel.lengths - 4, 1)

    def found():
        scales = evaluation._scales(panel, first, 7, squared)
        return scales, past.past_errors(panel, first, 3, 7, np.where(scales > 0, scales, 1.0))

    whole = found()
    parts = Panel.parts
    monkeypatch.setattr(Panel, "parts", lambda self: parts(self, 50))
    assert len(list(panel.parts())) > 1
    for one, other in zip(found(), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(whole[0][2]).all()
    assert np.isfinite(whole[1]).any()
    target = panel.target[panel.offsets[2] : panel.offsets[2] + first[2]].astype(np.float64)
    error = np.abs(target[7:] - target[:-7])
    wanted = np.sqrt((error**2).mean(axis=0)) if squared else error.mean(axis=0)
    np.testing.assert_allclose(whole[0][2], wanted, rtol=1e-6)
