"""What every verb asks of a model, whatever its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from elman.blueprint import Blueprint
from elman.bundle import Bundle

__all__ = ["Answering"]


class Answering(Protocol):
    """A trained model that answers without torch.

    What it answers, and from what, depends on the kind of its input: models of sequences are
    `elman.runtime.sequence_model.SequenceModel`, those of series `ForecasterModel`.

    Attributes:
        task: Its name in `elman.registry`.
        bundle: The model as data.
        blueprint: The network.
        metadata: How the model was trained: plain data.
        score_name: What the score of a training's validation part is called.
        answer_options: What `elman predict` may be told beside the data: type and help by name.
    """

    task: ClassVar[str]
    score_name: ClassVar[str]
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]]
    bundle: Bundle
    blueprint: Blueprint
    metadata: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells of it beside network and version: plain data."""
        ...
