r"""The vocabulary: ids, special tokens, limits, its text file, and the model file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, BundleError, FormatError
from elman.transforms.text import Vocabulary, write_tokens
from elman.transforms.text.codec import EOS, UNKNOWN
from elman.transforms.text.vocabulary import most_frequent

HEAD = ("<unk>", "<go>", "<eos>")
any_text = st.text(st.characters(), max_size=6)  # surrogates among them
tokens = st.lists(any_text.filter(bool) | st.sampled_from(["<eos>", "[NUM]", "\\n"]), unique=True)


def test_frequent_tokens_come_first_and_limits_hold():
    counts = {"c": 3, "b": 2, "a": 2, "d": 1}
    assert Vocabulary.from_counts(counts).tokens == (*HEAD, "c", "a", "b", "d")
    assert Vocabulary.from_counts(counts, size=5).tokens[3:] == ("c", "a")
    assert Vocabulary.from_counts(counts, min_count=2).tokens[3:] == ("c", "a", "b")
    assert len(Vocabulary.from_counts({})) == 3
    placeholders = ("[NUM]", "[URL]")
    made = Vocabulary.from_counts(counts, size=6, placeholders=placeholders)
    assert made.tokens == (*HEAD, *placeholders, "c")


def test_a_special_token_cannot_be_looked_up():
    made = Vocabulary.from_counts({"a": 1}, placeholders=("[NUM]",))
    assert made.ids(["a", "<eos>", "[NUM]", "b"]).tolist() == [4, UNKNOWN, UNKNOWN, UNKNOWN]
    spelled = Vocabulary.from_counts({"<eos>": 1, "[NUM]": 1}, placeholders=("[NUM]",))
    assert spelled.ids(["<eos>", "[NUM]"]).tolist() == [4, 5]
    assert EOS not in spelled.ids(["<eos>"])


@given(tokens, st.sampled_from([(), ("[NUM]",), ("[URL]",), ("[NUM]", "[URL]")]))
def test_the_text_file_comes_back(tmp_path_factory, own, placeholders):
    made = Vocabulary((*HEAD, *placeholders, *own), placeholders)
    path = tmp_path_factory.mktemp("vocabulary") / "words.txt"
    made.write(path)
    assert Vocabulary.read(path) == made
    assert Vocabulary.read(path).hash == made.hash
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == len(made) + 1
    assert lines[-1] == b""
    assert all(line.decode().isprintable() and line.decode().strip() for line in lines[:-1])


def test_the_text_file_is_as_an_editor_shows_it(tmp_path):
    path = tmp_path / "words.txt"
    Vocabulary((*HEAD, "[NUM]", "né", "a b", "\n", "\u00a0", "\\", "<go>"), ("[NUM]",)).write(path)
    assert path.read_text("utf-8").split("\n")[3:] == [
        "[NUM]", "né", "a\\x20b", "\\n", "\\xa0", "\\\\", "\\x3cgo>", "",
    ]  # fmt: skip
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert Vocabulary.read(path).tokens[4] == "né"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<unk>\n<go>\n<eos>\na\nb\na\n", ["line 6", "'a'", "once"]),
        (b"<unk>\n<go>\n<eos>\na\n\nb\n", ["line 5", "empty"]),
        (b"<unk>\n<go>\n<eos>\nab\\q\n", ["line 4, column 3", "\\q"]),
        (b"<unk>\n<go>\n<eos>\n\\Uffffffff\n", ["line 4", "0010ffff"]),
        (b"<unk>\n<go>\n<eos>\na\n<eos>\n", ["line 5", "<eos>", "first"]),
        (b"<unk>\n<go>\n<eos>\na\n[NUM]\n", ["line 5", "[NUM]"]),
        (b"a\nb\nc\n", ["line 1", "<unk>"]),
        (b"", ["line 1", "<unk>"]),
        (b"<unk>\n<go>\n<eos>\n\xff\n", ["line 4", "UTF-8"]),
    ],
)
def test_a_wrong_line_is_named(tmp_path, content, words):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        Vocabulary.read(path)
    for word in ["words.txt", *words]:
        assert word in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"absent\.txt"):
        Vocabulary.read(tmp_path / "absent.txt")


def test_the_hash_is_of_tokens_and_of_what_they_are():
    plain = Vocabulary((*HEAD, "[NUM]", "a"))
    hashes = {
        plain.hash,
        Vocabulary((*HEAD, "[NUM]", "a"), ("[NUM]",)).hash,
        Vocabulary((*HEAD, "a", "[NUM]")).hash,
        Vocabulary((*HEAD, "[NUM]a")).hash,
    }
    assert len(hashes) == 4
    assert all(len(one) == 64 for one in hashes)
    assert Vocabulary((*HEAD, "[NUM]", "a")).hash == plain.hash


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: Vocabulary(("a",)), "tokens"),
        (lambda: Vocabulary((*HEAD, "a", "a")), r"tokens\[4\]"),
        (lambda: Vocabulary((*HEAD, "")), r"tokens\[3\]"),
        (lambda: Vocabulary((*HEAD, "[URL]", "[NUM]"), ("[URL]", "[NUM]")), "placeholders"),
        (lambda: Vocabulary.from_counts({"a": 1}, size=3), "size"),
        (lambda: Vocabulary.from_counts({"a": 1}, size=4, placeholders=("[NUM]",)), "size"),
        (lambda: most_frequent({"a": 1}, None, 0), "min_count"),
    ],
)
def test_arguments_are_checked(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()


def test_tokens_of_any_codec_are_written_a_line_each(tmp_path):
    write_tokens(tmp_path / "tokens.txt", ["a", "\n", "<unk>"])
    assert (tmp_path / "tokens.txt").read_bytes() == b"a\n\\n\n\\x3cunk>\n"


def test_damaged_tensors_are_a_damaged_bundle():
    sound = Vocabulary.from_counts({"a": 1, "b": 1}).tensors()
    for name in sound:
        with pytest.raises(BundleError, match="vocabulary"):
            Vocabulary.from_tensors({k: v for k, v in sound.items() if k != name})
    twice = sound["bytes"].copy()
    twice[-1] = twice[-2]
    for damage in ({"bytes": twice}, {"bytes": sound["bytes"][::-1].copy()}):
        with pytest.raises(BundleError, match="vocabulary"):
            Vocabulary.from_tensors(sound | damage)
    assert Vocabulary.from_tensors(sound).ids(["b"]).dtype == np.int64
