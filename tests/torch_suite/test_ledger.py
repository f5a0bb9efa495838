"""Outcomes beside the list of differences."""

from __future__ import annotations

from tests.torch_suite import ledger
from tests.torch_suite.ledger import Difference, judge

LISTED = [Difference("twin RNN error [0-9]", "messages"), Difference("twin gone", "nobody knows")]


def test_what_is_not_listed_and_what_does_not_differ():
    failures = {"twin RNN error 1": "text", "twin RNN errors": "another"}
    verdict = judge(failures, {"twin LSTM"}, LISTED, whole=True)
    assert verdict.unlisted == {"twin RNN errors": "another"}
    assert verdict.stale == [LISTED[1]]
    assert judge(failures, {"twin LSTM"}, LISTED, whole=False).stale == []
    assert judge({}, {"twin gone"}, LISTED, whole=False).stale == [LISTED[1]]


def test_every_difference_has_a_reason():
    for part in ("shipped", "checkout"):
        listed = ledger.read(part)
        assert listed
        assert all(len(each.reason.split()) > 3 for each in listed)
