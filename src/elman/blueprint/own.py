"""What is known of a network of one's own, where a blueprint says everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["OwnNetwork"]


@dataclass(frozen=True)
class OwnNetwork:
    """Stands where a `Blueprint` does, for a torch module that a user brings.

    Nobody but that module can run it: it has no twin in the runtime, and no model file.

    Attributes:
        name: Its class.
        configuration: One of `elman.blueprint.CONFIGURATIONS`: what it answers for.
        input_size: Features of a step; None: token ids.
        vocabulary: How many token ids there are; None: features.
        output_size: K.
        parameters: How many values are trained.
    """

    name: str
    configuration: str
    input_size: int | None
    vocabulary: int | None
    output_size: int
    parameters: int

    described: ClassVar[bool] = False
    generates: ClassVar[bool] = False
    reads_windows: ClassVar[bool] = False
    convolves: ClassVar[bool] = False
    streams: ClassVar[bool] = False
    chains: ClassVar[dict[str, Any]] = {}

    def describe(self) -> str:
        """One line."""
        what = "token ids" if self.input_size is None else f"{self.input_size} features"
        return f"{self.configuration} on {what}, {self.parameters} parameters: {self.name}"
