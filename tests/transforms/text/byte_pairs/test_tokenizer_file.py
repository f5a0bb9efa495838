"""Files of `tokenizers`: every step that is known gives its ids, every other is refused."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from elman.errors import FormatError
from elman.transforms.text import Subwords
from elman.transforms.text.byte_pairs.patterns import GPT2
from elman.transforms.text.byte_pairs.tokenizer_file import to_data
from tests.transforms.text.small import SMALL

TEXTS = ["the dogs' 2nd dog, it'll be 1234 again", "été, naïve  œuvre\n  ab 中文 ①②", "THE DOGS"]
DRAWS = random.Random(0)
SIGNS = "abs theDO '.,12½é\u0301ﬁ\u00a0\n\t中\x1c😀"
DRAWN = ["".join(DRAWS.choices(SIGNS, k=DRAWS.randrange(14))) for _ in range(150)]


def made(path: Path, pre: Any, normalizer: Any = None, added: tuple = (), **model: Any) -> Any:
    """A tokenizer of these parts, fitted and saved."""
    tokenizers = pytest.importorskip("tokenizers")
    alphabet = model.pop("alphabet", True)
    found = tokenizers.Tokenizer(tokenizers.models.BPE(**model))
    found.pre_tokenizer, found.decoder = pre, tokenizers.decoders.ByteLevel()
    if normalizer is not None:
        found.normalizer = normalizer
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320 if alphabet else 90,
        special_tokens=["<unk>", "</s>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet() if alphabet else [],
        show_progress=False,
    )
    found.train_from_iterator(TEXTS, trainer)
    found.add_tokens([tokenizers.AddedToken(one, normalized=False) for one in added])
    found.encode_special_tokens = True
    found.save(str(path))
    return found


def parts() -> dict[str, dict[str, Any]]:
    """Tokenizers of all steps that are known here."""
    tokenizers = pytest.importorskip("tokenizers")
    pre, normal = tokenizers.pre_tokenizers, tokenizers.normalizers
    usual, rest = pre.ByteLevel(add_prefix_space=False), pre.ByteLevel(False, use_regex=False)
    split = pre.Split(tokenizers.Regex(r"\p{N}{1,3}|\s+"), "isolated")
    only = pre.Split(tokenizers.Regex(GPT2), "removed", invert=True)
    return {
        "usual": {"pre": usual},
        "no pattern": {"pre": rest},
        "space before": {"pre": pre.ByteLevel(add_prefix_space=True)},
        "split": {"pre": pre.Sequence([split, rest])},
        "only matches": {"pre": pre.Sequence([only, rest])},
        "only gaps": {"pre": pre.Sequence([pre.Split("a", "removed"), rest])},
        "digits": {"pre": pre.Sequence([pre.Sequence([pre.Digits(True)]), usual])},
        "runs of digits": {"pre": pre.Sequence([pre.Digits(False), usual])},
        "form": {"pre": usual, "normalizer": normal.NFC()},
        "forms": {"pre": usual, "normalizer": normal.Sequence([normal.NFKC(), normal.NFD()])},
        "added": {"pre": usual, "added": ("ab", "abs", "  ", "\n")},
        "whole first": {"pre": usual, "ignore_merges": True},
        "missing bytes": {"pre": usual, "alphabet": False},
        "unknown bytes": {"pre": usual, "alphabet": False, "unk_token": "<unk>"},
        "fused": {"pre": usual, "alphabet": False, "unk_token": "<unk>", "fuse_unk": True},
    }


NAMES = ["usual", "no pattern", "space before", "split", "only matches", "only gaps", "digits",
         "runs of digits", "form", "forms", "added", "whole first", "missing bytes",
         "unknown bytes", "fused"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_those_of_the_file(name, tmp_path):
    path, again = tmp_path / "tokenizer.json", tmp_path / "again.json"
    tokenizer = made(path, **parts()[name])
    codec = Subwords.read(path)
    codec.write(again)
    assert Subwords.read(again) == codec
    for text in [*TEXTS, *DRAWN, "", " "]:
        expected = tokenizer.encode(text, add_special_tokens=False).ids
        assert codec.encode(text).tolist() == expected, text
        middle = len(text) // 2
        streamed = [one for ids in codec.stream([text[:middle], text[middle:]]) for one in ids]
        assert streamed == expected, text
        if not codec.losses():
            assert codec.decode(expected) == text
    changed = any(codec.decode(codec.encode(text)) != text for text in DRAWN)
    assert changed == bool(codec.losses()) or name == "only matches"  # which could lose


def test_all_known_steps_are_tried():
    assert list(parts()) == NAMES


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    """The file of a sound tokenizer with one value changed."""
    data = json.loads(json.dumps(to_data(SMALL.plan)))
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return data


SPLIT = {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated", "invert": False}
LAST = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def steps(*given: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": [*given]}


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["model", "type"], "Unigram", "Unigram"),
        (["model", "dropout"], 0.1, "dropout"),
        (["model", "end_of_word_suffix"], "</w>", "</w>"),
        (["model", "continuing_subword_prefix"], "##", "##"),
        (["model", "unk_token"], "[none]", "[none]"),
        (["model", "vocab"], {"a": 0, "b": 0}, "'b'"),
        (["model", "vocab"], {"a": -1}, "id"),
        (["model", "vocab"], ["a"], "vocab"),
        (["model", "merges", 0], "a b c", "merges[0]"),
        (["model", "merges", 0], ["a", "zz"], "'zz'"),
        (["model", "merges"], {}, "merges"),
        (["model"], None, "model"),
        (["normalizer"], {"type": "Lowercase"}, "Lowercase"),
        (["pre_tokenizer"], {"type": "Metaspace"}, "Metaspace"),
        (["pre_tokenizer"], None, "pre_tokenizer"),
        (["pre_tokenizer"], steps({"type": "Whitespace"}, LAST), "Whitespace"),
        (["pre_tokenizer"], steps(SPLIT | {"behavior": "MergedWithNext"}, LAST), "MergedWithNext"),
        (["pre_tokenizer"], steps(SPLIT | {"pattern": {"Regex": "[[:x:]]"}}, LAST), "[[:x:]]"),
        (["pre_tokenizer"], steps(SPLIT, LAST | {"add_prefix_space": True}), "add_prefix_space"),
        (["added_tokens", 0, "content"], "", "added_tokens[0]"),
        (["added_tokens", 0, "id"], 3, "added_tokens[0]"),
        (
            ["added_tokens", 0],
            {"content": "x", "id": 900, "special": False, "lstrip": True},
            "lstrip",
        ),
    ],
)
def test_what_is_not_known_is_named(path, value, word, tmp_path):
    (tmp_path / "tokenizer.json").write_text(json.dumps(changed(path, value)))
    with pytest.raises(FormatError) as caught:
        Subwords.read(tmp_path / "tokenizer.json")
    assert word in str(caught.value)
    assert "tokenizer.json" in str(caught.value)


def test_an_added_token_that_a_form_changes_is_refused(tmp_path):
    data = changed(["normalizer"], {"type": "NFC"})
    data["added_tokens"].append({"id": 900, "content": "e\u0301", "special": False})
    (tmp_path / "tokenizer.json").write_text(json.dumps(data))
    with pytest.raises(FormatError, match="normalizer"):
        Subwords.read(tmp_path / "tokenizer.json")


def test_ids_without_a_token_are_silent(tmp_path):
    data = changed(["added_tokens", 0], {"id": 400, "content": "<x>", "special": True})
    (tmp_path / "tokenizer.json").write_text(json.dumps(data))
    codec = Subwords.read(tmp_path / "tokenizer.json")
    assert len(codec) == 401
    assert codec.decode([399]) == ""
