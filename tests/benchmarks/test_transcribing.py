"""What is kept of the strings of digits says on what it was chosen."""

from __future__ import annotations

from benchmarks.results import RESULTS, load
from benchmarks.transcribing import CHOSEN_ON


def test_the_result_says_on_what_epoch_and_recipe_were_chosen():
    assert load(RESULTS, "transcribing")["chosen_on"] == CHOSEN_ON
    assert "same validation strings" in CHOSEN_ON
