"""Training on labelled sequences: what is read, and what is said and drawn when it is done."""

from __future__ import annotations

from typing import Any

from elman.cli.console import note, print_json
from elman.cli.evaluate import print_scores
from elman.cli.options import read_labelled, scored_part
from elman.cli.pictures import save_all
from elman.cli.settings import Settings
from elman.data import LabelledSequences, labelled_names

__all__ = ["LabelledWork"]

_COLUMNS = ("series", "step", "label")


class LabelledWork:
    """What a classifier or regressor is trained on and scored on.

    Args:
        settings: What the training is told.
        estimator: The one to train.

    Raises:
        DataError, ArgumentError: The data cannot be read, or have no labels.
    """

    def __init__(self, settings: Settings, estimator: Any) -> None:
        self._about = settings.about
        self._per_step = bool(estimator.get_params().get("per_step"))
        source, test = self._about["data"], self._about.get("test")
        self._training = self._read(source, "train" if scored_part(source) else None)
        self._held_out: LabelledSequences | None = None
        if test is not None:
            self._held_out = self._read(test, scored_part(test))
        elif source in labelled_names():
            self._held_out = self._read(source, "test")

    def announce(self) -> None:
        """Say what is trained on."""
        note(f"{len(self._training):,} sequences of {self._training.name}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        estimator.fit(self._training.sequences, self._training.labels)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        result, held_out = dict(estimator.result_), self._held_out
        if held_out is not None:
            part = scored_part(held_out.name) or "all"
            scores = estimator.evaluate(held_out.sequences, held_out.labels)
            result["test"] = {"data": held_out.name, "part": part, **scores}
            folder.write_result(result)
        if json:
            print_json(result)
        elif held_out is not None:
            print_scores(result["test"])
        else:
            note(f"{_on_validation(result)}. For a test score give --test DATA.")
        note(f"Model: {folder.model}")
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            for path in save_all(folder.pictures, estimator.model_, held_out, history):
                note(f"Picture: {path}")

    def _read(self, source: str, part: str | None) -> LabelledSequences:
        columns = {name: self._about.get(name) for name in _COLUMNS}
        return read_labelled(source, part, per_step=self._per_step, **columns)


def _on_validation(result: dict[str, Any]) -> str:
    """What is known of the best epoch: a regressor's is chosen by the loss."""
    score, loss = result["validation_score"], result["validation_loss"]
    if loss is None:
        return "No validation part was set aside"
    name, value = ("Loss", loss) if score is None else ("Score", score)
    return f"{name} on the validation part: {value:.4f}"
