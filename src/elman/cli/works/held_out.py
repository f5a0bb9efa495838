"""Which part of their data a model is judged on: what its training held out, if it knows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from elman.errors import ArgumentError

__all__ = ["check_part", "check_share", "digest_of", "judged_part_of"]


def check_share(about: Mapping[str, Any]) -> None:
    """`ArgumentError` unless `--test-share` is a share, and not beside `--test`."""
    asked = about.get("test_share")
    if asked is not None and not 0 <= asked < 1:
        raise ArgumentError("--test-share", f"found {asked}", "a share in [0, 1)")
    if "test" in about and asked:
        raise ArgumentError("--test-share", "given with --test", "one of the two")


def check_part(part: str | None) -> None:
    """`ArgumentError` unless it is a part that can be asked for."""
    if part not in (None, "train", "test", "all"):
        raise ArgumentError("--part", f"found {part!r}", "train, test or all")


def digest_of(texts: Iterable[str], before: bytes = b"") -> str:
    """What tells data from others: SHA-256 of bytes, and of texts whose lengths are told."""
    digest = hashlib.sha256(before)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(text) + content)
    return digest.hexdigest()


def judged_part_of(
    model: Any,
    data: Any,
    part: str | None,
    digest: Callable[[Any], str | None],
    parted: Callable[..., tuple[Any, Any, str]],
    more: Callable[[Any, Any], Sequence[str]] | None = None,
) -> tuple[Any, str]:
    """Data to judge a model on, and which part of them they are.

    Of the data that a training held a part out of, that part alone unless another is asked for.

    Args:
        model: Whose `held_out` says what was: `digest`, `share`, `seed`; or None.
        data: All, with `notes`.
        part: The part that is asked for: train, test, all; or None.
        digest: Of the data; None: they cannot be those of a training.
        parted: (data, share, seed) → those to train on, those to test on, and how, in words.
        more: (those, these) → what else is to be said of the test part, in sentences.

    Raises:
        ArgumentError: There is no such part.
    """
    check_part(part)
    told = model.held_out
    known = told if told is not None and told["digest"] == digest(data) else None
    if known is None and part in ("train", "test"):
        found = "the model was not trained on a part of these data"
        raise ArgumentError("--part", found, "all")
    if known is None or part == "all":
        return data, "all"
    training, test, how = parted(data, known["share"], known["seed"])
    if part == "train":
        return training, part
    said = "the model was trained on these data: judged on what was held out"
    said += f", {how} (--part all: on everything)"
    notes = (*data.notes, *([] if part == "test" else [said]))
    return replace(test, notes=(*notes, *(more(training, test) if more else ()))), "test"
