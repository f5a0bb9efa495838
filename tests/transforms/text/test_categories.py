"""Unicode's categories."""

import re
import unicodedata

import pytest

from elman.errors import ArgumentError
from elman.transforms.text.categories import character_class

ALL = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
MAJOR = ("L", "M", "N", "P", "S", "Z")


@pytest.mark.parametrize("name", [*MAJOR, "Lu", "Ll", "Nd", "Cf", "Cc"])
def test_the_table_is_pythons_where_python_knows_the_character(name):
    # A newer Unicode has more characters, and now and then another category for one.
    members = set(re.findall(f"[{character_class(name)}]", "".join(ALL)))
    known = {one for one in ALL if unicodedata.category(one) != "Cn"}
    python = {one for one in known if unicodedata.category(one).startswith(name)}
    assert len(members & known ^ python) <= 10


def test_each_character_has_one_category():
    whole = "".join(ALL)
    found = [
        one
        for name in (*MAJOR, "Cc", "Cf")
        for one in re.findall(f"[{character_class(name)}]", whole)
    ]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", ["L", "N", "M"])
def test_the_table_is_that_of_tokenizers(name):
    tokenizers = pytest.importorskip("tokenizers")
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(rf"\p{{{name}}}+"), "removed")
    ours = re.sub(f"[{character_class(name)}]", "", "".join(ALL))
    assert "".join(piece for piece, _ in split.pre_tokenize_str("".join(ALL))) == ours


@pytest.mark.parametrize("name", ["", "C", "Cn", "Cs", "X", "Han"])
def test_other_names_are_refused(name):
    with pytest.raises(ArgumentError, match="category"):
        character_class(name)
