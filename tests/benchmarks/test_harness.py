"""Contenders are checked against the first, the fastest way counts, and medians are of rounds."""

from __future__ import annotations

import pytest

from benchmarks.harness import Case, Effort, Pool, check, fastest_ways, measure, measure_memory
from benchmarks.work import Contender
from benchmarks.worker import BenchmarkError
from tests.benchmarks.fakes import MODULE, contender


def test_the_fastest_way_of_each_name_stays_in_the_order_of_the_names():
    a, slow, quick = contender("A"), contender("B", way="slow"), contender("B", way="quick")
    assert fastest_ways({a: 9.0, slow: 2.0, quick: 1.0}) == [a, quick]


def test_rounds_fill_the_time_within_their_bounds():
    effort = Effort(seconds=2.0, least=3, most=9)
    assert [effort.rounds(once) for once in (0.01, 0.4, 10.0)] == [9, 5, 3]


def test_everybody_is_timed_as_often_each_by_the_fastest_way():
    everybody = (
        contender("A", 0.002),
        contender("B", 0.02, way="slow"),
        contender("B", 0.001, way="quick"),
    )
    with Pool(threads=1) as pool:
        a, b = measure(Case({}, everybody), pool, Effort(0.1, 3, 3))
    assert (a["name"], a["rounds"]) == ("A", 3)
    assert (b["name"], b["way"], b["rounds"]) == ("B", "quick", 3)
    assert a["seconds"] >= 0.002
    assert b["seconds"] >= 0.001
    for each in (a, b):
        low, high = each["quartiles"]
        assert low <= each["seconds"] <= high
        assert each["processor"] < each["seconds"]  # asleep, it worked not at all


def test_another_result_than_the_first_one_s_is_an_error():
    case = Case({"cell": "GRU"}, (contender("A"), contender("B", value=1.001)))
    with Pool(threads=1) as pool:
        results = pool.prepare(case.contenders)
    with pytest.raises(BenchmarkError, match=r"B.*computes other outputs than A"):
        check(case, results)
    check(Case({}, case.contenders, unchecked=frozenset({"B"})), results)


def test_nan_is_no_result():
    case = Case({}, (contender("A"), contender("B", value=float("nan"))))
    with Pool(threads=1) as pool, pytest.raises(BenchmarkError):
        check(case, pool.prepare(case.contenders))


def test_memory_is_what_a_call_adds_at_its_highest():
    size = 64 * 2**20

    def hungry(bytes_):
        return Contender("A", MODULE, "hungry", (bytes_,))

    (found,) = measure_memory(Case({}, (hungry(size),), warm_up=(hungry(1),)), threads=1)
    uncounted = 2**20  # the kernel adds up each thread's pages some at a time
    assert size - uncounted <= found["bytes"] < 1.1 * size
