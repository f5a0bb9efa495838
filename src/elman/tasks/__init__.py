"""Recurrent networks with scikit-learn's conventions: fit, predict, score."""

from __future__ import annotations

from elman.errors import MissingExtraError

try:
    from elman.tasks.captioner import Captioner
    from elman.tasks.classifier import Classifier
    from elman.tasks.forecaster import Forecaster
    from elman.tasks.generator import Generator
    from elman.tasks.regressor import Regressor
    from elman.tasks.tagger import Tagger
    from elman.tasks.transcriber import Transcriber
    from elman.tasks.translator import Translator
except ModuleNotFoundError as error:
    package = (error.name or "").partition(".")[0]
    if package not in ("sklearn", "torch"):
        raise
    raise MissingExtraError.of(package, "train", "elman.tasks") from error

__all__ = [
    "Captioner",
    "Classifier",
    "Forecaster",
    "Generator",
    "Regressor",
    "Tagger",
    "Transcriber",
    "Translator",
]
