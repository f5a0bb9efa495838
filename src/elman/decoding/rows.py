"""What each row of a search begins with, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.decoding.constraints import token_ids
from elman.errors import ShapeError
from elman.parameters import whole_number

__all__ = ["checked_context", "checked_ids", "first_tokens"]


def first_tokens(go: Any, rows: int) -> list[int]:
    """The token that each row reads first; `ArgumentError` or `ShapeError` if it is none."""
    if np.ndim(go) == 0:
        return [whole_number("go", go.item() if isinstance(go, np.ndarray) else go, 0)] * rows
    listed = token_ids("go", go)
    if len(listed) != rows:
        raise ShapeError(
            "go", f"found {len(listed)} tokens", f"one, or one for each of {rows} rows"
        )
    return listed


def checked_context(context: Sequence[Any], rows: int) -> list[list[int]]:
    """What stands before each row, or nothing; `ShapeError` if there are other rows, or no ids."""
    listed = [token_ids(f"context[{row}]", ids) for row, ids in enumerate(context)]
    if listed and len(listed) != rows:
        found = f"found {len(listed)} for {rows} rows"
        raise ShapeError("context", found, "a list of token ids for each row, perhaps empty")
    return listed


def checked_ids(row_ids: Any, rows: int) -> list[int]:
    """Each row's id; `ShapeError` unless they are whole numbers in [0, 2**63)."""
    ids = np.arange(rows) if row_ids is None else np.asarray(row_ids)
    if (
        ids.shape != (rows,)
        or ids.dtype.kind not in "iu"
        or (ids < 0).any()
        or (ids >= 2**63).any()
    ):
        raise ShapeError(
            "row_ids",
            f"{ids.dtype} of shape {ids.shape}",
            f"pass {rows} integers of at least 0, below 2**63",
        )
    return ids.tolist()
