"""Patterns of `tokenizers` for Python's `re`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import FormatError
from elman.transforms.text.byte_pairs.patterns import GPT2, translated

ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
PATTERNS = {
    "gpt2": GPT2,
    "llama": ENDINGS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "possessive": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "cases": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[\p{P}\p{S}]+|\x{4e00}|[\u3040-\u30ff]+|\d|\P{L}|^a",
}
TEXT = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("abS LlTtſK'12½²\n\r\t\x1c\x85\u00a0\u0301\u0345é中あ/."),
    max_size=20,
)


@pytest.mark.parametrize("name", PATTERNS)
@given(text=TEXT)
def test_a_pattern_cuts_as_tokenizers_does(name, text):
    tokenizers = pytest.importorskip("tokenizers")
    split = tokenizers.pre_tokenizers.Split(
        tokenizers.Regex(PATTERNS[name]), "removed", invert=True
    )
    expected = [piece for piece, _ in split.pre_tokenize_str(text)]
    assert [found[0] for found in translated(PATTERNS[name]).finditer(text)] == expected


@pytest.mark.parametrize(
    "pattern",
    [r"\p{Han}", r"\pL", r"\h", r"\Ga", r"[a&&b]", r"[[:alpha:]]", r"a{2,3}+", r"[\S]", r"[]a]",
     r"[^]a]", r"\k<x>", "(", "[a", "\\", r"\p{C}", "a" * 20_000,
     "(a+)+", "(?:a|b)*", "(a){2}", "(" * 5_000 + ")" * 4_000, "a{99999999999}", "(?i:a)(?x)"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(pattern):
    with pytest.raises(FormatError, match="file, pattern"):
        translated(pattern, "file, pattern")


def test_white_space_is_unicodes():
    assert re.sub(translated(r"\s"), "", "a\x1c\x1d\x1e\x1f \x85\u3000") == "a\x1c\x1d\x1e\x1f"
