"""What kind of thing is to be learnt about a sequence: said once, never guessed from an array."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Target"]


class Target(StrEnum):
    """The kind of a data set's targets: N sequences, T steps, K numbers, L labels.

    >>> Target("class per step").per_step
    True

    Attributes:
        CLASS: One class a sequence: indices `[N]` int64.
        LABELS: Several labels a sequence: 0 and 1, `[N, L]`.
        NUMBERS: `[N, K]`.
        CLASS_PER_STEP: One class for each step: indices `[N, T]` int64, zero past each length.
        NUMBERS_PER_STEP: `[N, T, K]`, zero past each length.
        TOKENS: Another sequence, with lengths of its own: ids `[N, U]` int64.
    """

    CLASS = "class"
    LABELS = "labels"
    NUMBERS = "numbers"
    CLASS_PER_STEP = "class per step"
    NUMBERS_PER_STEP = "numbers per step"
    TOKENS = "tokens"

    @property
    def per_step(self) -> bool:
        """Whether a target belongs to each step of the inputs."""
        return self in (Target.CLASS_PER_STEP, Target.NUMBERS_PER_STEP)

    @property
    def numbers(self) -> bool:
        """Whether targets are numbers rather than of classes."""
        return self in (Target.NUMBERS, Target.NUMBERS_PER_STEP)

    @property
    def whole(self) -> bool:
        """Whether targets are whole numbers, indices: int64."""
        return self in (Target.CLASS, Target.CLASS_PER_STEP, Target.TOKENS)
