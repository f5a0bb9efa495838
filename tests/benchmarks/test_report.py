"""The report: figures from points, tables, targets, pictures."""

from __future__ import annotations

import doctest

import pytest

from benchmarks import environment, harness, problem, results
from benchmarks.report import charts, points, speed, tables, targets, verdicts
from benchmarks.report.verdicts import Column
from benchmarks.suites import overhead
from tests.benchmarks.fakes import point

GRID = {"Elman": 0.010, "PyTorch": 0.040, "TensorFlow": 0.030, "JAX": 0.008, "SGEMM": 0.1}


@pytest.mark.parametrize("module", [environment, harness, problem, results, tables, verdicts])
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
    found = {target.text: target for target in targets.all_targets({"grid": grid}, "avx512")}
    mean = found["geometric mean against PyTorch, forward + backward"]
    assert mean.found[1].value == pytest.approx(2)
    assert mean.found[2].value == pytest.approx((2 * 2 * 32) ** (1 / 3))
    assert mean.verdict(1) == "**2.00×: missed by 50 %**"
    assert mean.verdict(2) == "5.04×: met"
    every = found["every point against its fastest peer (the goal is 1.00×)"]
    assert every.verdict(1).startswith("**0.80×: missed by 11 %** at GRU 64x128x128x256")
    assert "every RNN point against PyTorch" not in found


def test_an_upper_bound_is_met_from_below_and_names_the_worst():
    step = {"Elman": 3e-6, "ONNX Runtime": 3e-5, "PyTorch, LSTM": 9e-5, "PyTorch, LSTMCell": 8e-5}
    found = targets.all_targets({"step": [point(step)]}, "avx2")
    assert [target.verdict(1) for target in found] == [
        "3.0 µs: met",
        "10.00×: met",
        "**30.00×: missed by 25 %**",
        "**26.67×: missed by 33 %**",
    ]
    lines = verdicts.table([Column("1 thread", 1, found), Column("2 threads", 2, found)])
    assert lines[0] == "| | measured | target | 1 thread |"  # nothing on two threads: no column
    assert lines[2] == "| 6 | one step of an LSTM 64→64 at batch 1 | ≤ 4.0 µs | 3.0 µs: met |"


def test_overhead_is_what_the_trainer_takes_beyond_a_loop_by_hand():
    epoch = {"Elman": 1.05, overhead.WHOLE: 1.2, overhead.BARE: 1.0}
    found = targets.all_targets({"overhead": [point(epoch)]}, "avx2")
    assert [target.verdict(1) for target in found] == [
        "5.0 %: met",
        "**20.0 %: missed by 100 %**",
    ]


def test_bounds_differ_by_class_of_processor():
    grid = [point({**GRID, "PyTorch": 0.037})]
    met = {
        level: targets.all_targets({"grid": grid}, level)[0].verdict(1)
        for level in ("avx2", "avx512", "neon")
    }
    assert met == {
        "avx2": "3.70×: met",
        "avx512": "**3.70×: missed by 8 %**",
        "neon": "3.70×: met",
    }


def test_processor_time_stands_beside_time_where_it_was_taken():
    timed = point({"Elman": 0.010, "PyTorch": 0.040})
    worked = point({"Elman": 0.010, "PyTorch": 0.040})
    for each, seconds in zip(worked["measurements"], (0.010, 0.020), strict=True):
        each["processor"] = seconds
    (again,) = points.by_processor_time([timed, worked])
    assert points.speedup(again, "PyTorch") == pytest.approx(2)
    assert points.speedup(worked, "PyTorch") == pytest.approx(4)  # not changed
    lines = verdicts.table(
        Column(title, 1, targets.all_targets({"grid": kept}, "avx2"))
        for title, kept in (("time", [worked]), ("processor time", [again]))
    )
    assert lines[0] == "| | measured | target | time | processor time |"
    assert "| 4.00×: met | **2.00×: missed by 43 %** |" in lines[2]


def test_a_cell_s_step_is_held_against_torch_s_and_a_call_against_its_time():
    about = {"threads": 1, "training": False}
    stepping = point({"Elman": 0.010, "PyTorch": 0.019}, about="stepping", **about)
    call = point({"Elman": 21e-6, "PyTorch": 90e-6}, about="frozen call", **about)
    step = point({"Elman": 4e-6, "PyTorch": 90e-6}, about="classifier step", **about)
    found = targets.all_targets({"cells": [stepping, call, step]}, "avx2")
    assert [target.verdict(1) for target in found] == [
        "**1.90×: missed by 5 %**",
        "**21.0 µs: missed by 5 %**",
        "4.0 µs: met",
    ]


def test_a_client_that_did_not_run_says_why_and_counts_nowhere():
    about = {"client": "theirs", "threads": 1}
    ran = point({"PyTorch": 0.030, "Elman": 0.020}, **about)
    for each in ran["measurements"]:
        each["processor"] = each["seconds"]
    absent = {**ran, "client": "another", "measurements": [], "not run": "not installed: flair"}
    found = targets.all_targets({"clients": [ran, absent]}, "avx2")
    assert [target.verdict(1) for target in found] == ["1.50×: met", "1.50×: met"]
    _, _, first, second = tables.client_table([ran, absent])
    assert first == ("| theirs | GRU | 64 128 128 256 | training | 1 | 30 | 20 | 1.5× | 1.5× |")
    assert (
        "| another | GRU | 64 128 128 256 | training | 1 | not run: not installed: flair |"
        in second
    )
    assert first.count("|") == second.count("|")


def test_each_class_of_processor_has_a_chapter_with_its_own_pictures(tmp_path):
    place = {"processor": "P", "cores": 2, "date": "2026-01-31", "python": "3.11"}
    for level in ("avx2", "avx512"):
        report = {
            "environment": {**place, "instruction set": level},
            "complete": True,
            "points": [point(GRID), point(GRID, training=False)],
        }
        results.keep(tmp_path, results.classed("grid", level), report)
    chapter = "\n".join(speed.speed_chapter(tmp_path, tmp_path))
    for title, level in (("AVX2", "avx2"), ("AVX-512", "avx512")):
        assert f"## Speed with {title}" in chapter
        assert f"grid: P, 2 cores, {level} kernels, 2026-01-31. python 3.11." in chapter
        for picture in ("inference", "training", "shares"):
            assert f"docs/pictures/speed-{picture}-{level}.svg" in chapter
            assert (tmp_path / f"speed-{picture}-{level}.svg").exists()
    assert "AVX2 alone" not in chapter
    results.keep(tmp_path, "grid_bounded_avx2_on_avx512", report)
    chapter = "\n".join(speed.speed_chapter(tmp_path, tmp_path))
    bounded = chapter[chapter.index("## Speed with AVX2 alone") :]
    assert "geometric mean against PyTorch, forward + backward | ≥ 3.50×" in bounded
    assert "speed-training-avx2-on-avx512.svg" in bounded


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
