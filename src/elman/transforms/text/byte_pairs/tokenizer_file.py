"""Byte-level byte-pair encoding as data, and its file: `tokenizer.json` of `tokenizers`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from elman.errors import FormatError
from elman.transforms.text.byte_pairs.patterns import GPT2, translated
from elman.transforms.text.byte_pairs.splitting import Form, Split, Splitting

__all__ = ["BytePairs", "plan_of", "to_data"]

_FORMS = get_args(Form)
_MAX_TOKENS = 10_000_000
_EXPECTED = "byte-level byte-pair encoding, as GPT-2 has it"


@dataclass(frozen=True)
class BytePairs:
    """What the ids of a text depend on.

    Attributes:
        tokens: By id, a character for each byte as GPT-2 writes bytes; those of `specials` and
            `added` as they are spelled. Empty where an id has none.
        merges: Pairs of tokens, those that come first first.
        splitting: How a text is cut before.
        specials: Tokens that no text spells.
        added: Tokens that are found in a text before anything else, as they are spelled.
        unknown: The token for bytes that have none, or None: they are left out.
        fuse_unknown: Whether several of these in a row are one.
        whole_first: Whether a piece that is a token is not merged but taken.
    """

    tokens: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    splitting: Splitting
    specials: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unknown: str | None = None
    fuse_unknown: bool = False
    whole_first: bool = False


def plan_of(data: Any, where: str) -> BytePairs:
    """What a `tokenizer.json` says.

    What is put around the ids of a text (post-processor, truncation, padding) is left out.

    Args:
        data: The file's JSON.
        where: The file.

    Raises:
        FormatError: It is of another kind, has a step that is not known here, or is damaged.
    """
    file = _Part(data, where)
    model = file.part("model")
    model.refuse("type", ("BPE", None))
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        model.refuse(name, (None, "", 0, 0.0))
    vocabulary = model.get("vocab", dict)
    specials, added = _added(file, vocabulary)
    tokens = _by_id(vocabulary, model.where)
    merges = tuple(_merge(merge, place, tokens, model) for place, merge in _listed(model, "merges"))
    splitting = _splitting(file)
    if splitting.forms and any(
        unicodedata.normalize(form, one) != one for form in splitting.forms for one in added
    ):
        raise FormatError(where, "an added token that its normalizer changes", _EXPECTED)
    unknown = model.get("unk_token", str, None)
    if unknown is not None and unknown not in vocabulary:
        raise FormatError(where, f"unk_token {unknown!r}, which is no token", "one of its tokens")
    flags = (model.get(name, bool, False) for name in ("fuse_unk", "ignore_merges"))
    return BytePairs(tokens, merges, splitting, specials, added, unknown, *flags)


def to_data(plan: BytePairs) -> dict[str, Any]:
    """The JSON of a `tokenizer.json` that `plan_of` reads as this plan, and `tokenizers` too."""
    byte_level: dict[str, Any] = {"type": "ByteLevel", "trim_offsets": True}
    byte_level["add_prefix_space"] = plan.splitting.prefix_space
    usual = plan.splitting.splits == (Split(GPT2),)
    splits: list[dict[str, Any]] = [] if usual else [_to_split(s) for s in plan.splitting.splits]
    forms = [{"type": form} for form in plan.splitting.forms]
    ids = {token: place for place, token in enumerate(plan.tokens) if token}
    unstripped = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": ids[one], "content": one, **unstripped, "special": one in plan.specials}
            for one in sorted((*plan.specials, *plan.added), key=ids.__getitem__)
        ],
        "normalizer": {"type": "Sequence", "normalizers": forms} if forms else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [*splits, {**byte_level, "use_regex": usual}],
        },
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": usual},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": plan.unknown,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": plan.fuse_unknown,
            "byte_fallback": False,
            "ignore_merges": plan.whole_first,
            "vocab": ids,
            "merges": [list(merge) for merge in plan.merges],
        },
    }


class _Part:
    """An object of the file's JSON, which says where it stands."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise FormatError(where, f"found {data!r:.80}", "an object of JSON")
        self.data: Mapping[str, Any] = data
        self.where = where

    def get(self, name: str, kind: type, *default: Any) -> Any:
        """A value of a kind, or the default."""
        found = self.data.get(name, *default)
        if type(found) is not kind and not (default and found is default[0]):
            expected = f"a value of the kind {kind.__name__}"
            raise FormatError(f"{self.where}, {name}", f"found {found!r:.80}", expected)
        return found

    def part(self, name: str) -> _Part:
        """An object within this one."""
        return _Part(self.data.get(name), f"{self.where}, {name}")

    def refuse(self, name: str, known: tuple[Any, ...]) -> None:
        """Make sure that a value is one that is known here."""
        found = self.data.get(name)
        if found not in known:
            raise FormatError(f"{self.where}, {name}", f"found {found!r:.80}", _EXPECTED)


def _listed(part: _Part, name: str) -> list[tuple[int, Any]]:
    return list(enumerate(part.get(name, list, [])))


def _added(file: _Part, vocabulary: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The special tokens and the other added ones, which join the vocabulary."""
    found: tuple[list[str], list[str]] = ([], [])
    for place, entry in _listed(file, "added_tokens"):
        token = _Part(entry, f"{file.where}, added_tokens[{place}]")
        content, special = token.get("content", str), token.get("special", bool, False)
        if not special:
            for name in ("single_word", "lstrip", "rstrip"):
                token.refuse(name, (False, None))
        if not content or vocabulary.setdefault(content, token.get("id", int)) != token.data["id"]:
            raise FormatError(token.where, f"found {content!r:.80} twice, or empty", "it once")
        found[0 if special else 1].append(content)
    return tuple(found[0]), tuple(found[1])


def _by_id(vocabulary: Mapping[str, Any], where: str) -> tuple[str, ...]:
    ids = list(vocabulary.values())
    if not all(type(one) is int and 0 <= one < _MAX_TOKENS for one in ids):
        raise FormatError(f"{where}, vocab", "an id out of range", f"0…{_MAX_TOKENS - 1}")
    tokens = [""] * (max(ids, default=-1) + 1)
    for token, place in vocabulary.items():
        if tokens[place] or not token:
            found = f"{token!r:.80} and {tokens[place]!r:.80} with the id {place}"
            raise FormatError(f"{where}, vocab", found, "one token for each id")
        tokens[place] = token
    return tuple(tokens)


def _merge(merge: Any, place: int, tokens: tuple[str, ...], model: _Part) -> tuple[str, str]:
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(parts, list) or [type(part) for part in parts] != [str, str]:
        where = f"{model.where}, merges[{place}]"
        raise FormatError(where, f"found {merge!r:.80}", "a pair of tokens")
    known = model.data["vocab"]
    for token in (*parts, "".join(parts)):
        if token not in known:
            where = f"{model.where}, merges[{place}]"
            raise FormatError(where, f"found {token!r:.80}, which is no token", "tokens of vocab")
    return parts[0], parts[1]


def _splitting(file: _Part) -> Splitting:
    """Normalizer and pre-tokenizers, the last of which turns bytes into characters."""
    forms = []
    for part in _steps(file, "normalizer", "normalizers"):
        part.refuse("type", _FORMS)
        forms.append(part.data["type"])
    steps = _steps(file, "pre_tokenizer", "pretokenizers")
    if not steps or steps[-1].data.get("type") != "ByteLevel":
        found = [step.data.get("type") for step in steps]
        raise FormatError(f"{file.where}, pre_tokenizer", f"found {found!r:.80}", _EXPECTED)
    splits = [_split(step) for step in steps[:-1]]
    last = steps[-1]
    prefix = last.get("add_prefix_space", bool, True)
    if prefix and splits:
        last.refuse("add_prefix_space", (False,))
    if last.get("use_regex", bool, True):
        splits.append(Split(GPT2))
    return Splitting(tuple(forms), prefix, tuple(splits))


def _steps(file: _Part, name: str, several: str) -> list[_Part]:
    """A step, or the steps of a sequence, those within another one too."""
    if file.data.get(name) is None:
        return []
    step = file.part(name)
    if step.data.get("type") != "Sequence":
        return [step]
    found = []
    for place, one in _listed(step, several):
        label = f"{several}[{place}]"
        found += _steps(_Part({label: one}, step.where), label, several)
    return found


def _split(step: _Part) -> Split:
    """A pre-tokenizer that only cuts."""
    step.refuse("type", ("Split", "Digits"))
    if step.data["type"] == "Digits":
        return Split(r"\p{N}" if step.get("individual_digits", bool, False) else r"\p{N}+")
    step.refuse("behavior", ("Isolated", "Removed"))
    pattern = step.part("pattern")
    if "String" in pattern.data:
        written = "".join(f"\\x{{{ord(one):x}}}" for one in pattern.get("String", str))
    else:
        written = pattern.get("Regex", str)
    translated(written, pattern.where)
    inverted = step.get("invert", bool, False)
    if step.data["behavior"] == "Isolated":
        return Split(written)
    return Split(written, gaps=not inverted, matches=inverted)


def _to_split(split: Split) -> dict[str, Any]:
    both = split.gaps and split.matches
    return {
        "type": "Split",
        "pattern": {"Regex": split.pattern},
        "behavior": "Isolated" if both else "Removed",
        "invert": split.matches and not both,
    }
