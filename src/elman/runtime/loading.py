"""From a model file to what answers."""

from __future__ import annotations

import os

from elman import bundle
from elman.errors import BundleError, ElmanError
from elman.runtime.classifier import ClassifierModel
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.regressor import RegressorModel

__all__ = ["Model", "load"]

Model = ClassifierModel | ForecasterModel | RegressorModel

_MODELS: dict[str, type[Model]] = {
    "classifier": ClassifierModel,
    "forecaster": ForecasterModel,
    "regressor": RegressorModel,
}


def load(path: str | os.PathLike[str]) -> Model:
    """The model in a file that `save` wrote, ready to answer; needs no torch.

    Raises:
        BundleError: The file is missing, damaged or foreign, or its task is not known here.
    """
    found = bundle.load(path)
    if found.task not in _MODELS:
        raise BundleError(
            str(path),
            f"a model for {found.task!r}",
            f"one of {', '.join(_MODELS)}, or update Elman",
        )
    try:
        return _MODELS[found.task](found)
    except ElmanError as error:
        raise BundleError(str(path), f"{error.where}: {error.found}", error.expected) from error
