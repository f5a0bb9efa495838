"""The report: figures from points, tables, targets, pictures."""

from __future__ import annotations

import doctest

import pytest

from benchmarks import harness, problem
from benchmarks.report import charts, points, tables, targets
from benchmarks.suites import overhead
from tests.benchmarks.fakes import point

GRID = {"Elman": 0.010, "PyTorch": 0.040, "TensorFlow": 0.030, "JAX": 0.008, "SGEMM": 0.1}


@pytest.mark.parametrize("module", [harness, problem, tables, targets])
def test_examples_in_docstrings(module):
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_ratios_and_rates_follow_from_the_medians():
    there = point(GRID)
    assert points.speedup(there, "PyTorch") == pytest.approx(4)
    assert points.fastest_peer(there) == "JAX"
    assert points.rate(there, "Elman") == pytest.approx(1e11)
    assert points.share(there) == pytest.approx(1e11 / (2 * 2048**3 / 0.1))


def test_a_table_of_the_grid_shows_losses_and_gaps():
    without = {name: taken for name, taken in GRID.items() if name != "SGEMM"}
    with_onnx = {**without, "ONNX Runtime": 0.02}
    head, _, first, second = tables.grid_table([point(with_onnx), point(GRID, cell="RNN")])
    assert head.startswith("| cell | B T I H | Elman, ms | PyTorch, ms | TensorFlow, ms | JAX, ms")
    assert (
        "| 40 (4.0×) | 30 (3.0×) | 8 (**0.80×**) | 20 (2.0×) | **0.80×** | 100 |  | 10 % |" in first
    )
    assert "|  | **0.80×** | 100 | 58 % |" in second
    assert len({row.count(" |") for row in (head, first, second)}) == 1


def test_targets_are_means_and_worst_points_by_threads():
    grid = [
        point({**GRID, "PyTorch": 0.02}, threads=threads, size=size) | {"training": training}
        for threads in (1, 2)
        for size in ("64x128x128x256", "32x512x64x128")
        for training in (False, True)
    ]
    grid.append(point({**GRID, "PyTorch": 0.32}, threads=2, cell="LSTM"))
    found = {target.text: target for target in targets.all_targets({"grid": grid})}
    mean = found["geometric mean against PyTorch, forward + backward"]
    assert mean.found[1].value == pytest.approx(2)
    assert mean.found[2].value == pytest.approx((2 * 2 * 32) ** (1 / 3))
    assert mean.verdict(1) == "**2.00×: missed by 50 %**"
    assert mean.verdict(2) == "5.04×: met"
    every = found["every point against its fastest peer"]
    assert every.verdict(1).startswith("**0.80×: missed by 20 %** at GRU 64x128x128x256")
    assert "every RNN point against PyTorch" not in found


def test_an_upper_bound_is_met_from_below_and_names_the_worst():
    step = {"Elman": 3e-6, "ONNX Runtime": 3e-5, "PyTorch, LSTM": 9e-5, "PyTorch, LSTMCell": 8e-5}
    found = targets.all_targets({"step": [point(step)]})
    assert [target.verdict(1) for target in found] == [
        "3.0 µs: met",
        "10.00×: met",
        "**30.00×: missed by 25 %**",
        "**26.67×: missed by 33 %**",
    ]
    lines = targets.table(found)
    assert lines[2] == "| 6 | one step of an LSTM 64→64 at batch 1 | ≤ 4.0 µs | 3.0 µs: met |  |"


def test_overhead_is_what_the_trainer_takes_beyond_a_loop_by_hand():
    epoch = {"Elman": 1.05, overhead.WHOLE: 1.2, overhead.BARE: 1.0}
    found = targets.all_targets({"overhead": [point(epoch)]})
    assert [target.verdict(1) for target in found] == [
        "5.0 %: met",
        "**20.0 %: missed by 100 %**",
    ]


def test_pictures_hold_every_point_and_are_the_same_each_time(tmp_path):
    grid = [
        point(GRID, cell=cell, threads=threads, training=training)
        for cell in ("RNN", "LSTM", "GRU")
        for threads in (1, 2)
        for training in (False, True)
    ]
    for draw in (charts.draw_ratios, charts.draw_shares):
        for name in ("once.svg", "again.svg"):
            draw(grid, "A finding", tmp_path / name)
        once = (tmp_path / "once.svg").read_bytes()
        assert once == (tmp_path / "again.svg").read_bytes()
        fewer = [each for each in grid if each["cell"] != "GRU"]
        draw(fewer, "A finding", tmp_path / "fewer.svg")
        assert once.count(b"<use ") > (tmp_path / "fewer.svg").read_bytes().count(b"<use ")
