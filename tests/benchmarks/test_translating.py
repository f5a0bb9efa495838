"""The benchmark of translators: what it trains is what the command line trains."""

from __future__ import annotations

from benchmarks import translating
from elman.cli.settings import gather


def test_the_recipe_is_what_is_measured():
    settings = gather(None, "tatoeba", {}, {})
    assert (settings.kind, settings.about["data"]) == ("translator", "tatoeba_fra_eng")
    assert settings.parameters == translating.TATOEBA
