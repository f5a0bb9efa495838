"""Elman: recurrent neural networks that train on an ordinary CPU and answer one step at a time.

Every public name is loaded when it is first used, so `import elman` is quick and loads no
torch; what only predicts never does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from elman.errors import MissingExtraError

__version__ = "0.1.0"

# Public name -> the module that holds it. Modules stand for themselves.
_HOME = {
    "Captioner": "elman.tasks",
    "Classifier": "elman.tasks",
    "ElmanError": "elman.errors",
    "Forecaster": "elman.tasks",
    "Generator": "elman.tasks",
    "Regressor": "elman.tasks",
    "Tagger": "elman.tasks",
    "Transcriber": "elman.tasks",
    "Translator": "elman.tasks",
    "accelerate": "elman.nn",
    "accelerated": "elman.nn",
    "bidirectional_unroll": "elman.layers",
    "diagnose": "elman.diagnosis",
    "dynamic_unroll": "elman.layers",
    "embeddings": "elman.runtime",
    "explain": "elman.explanation",
    "fuse": "elman.fusing",
    "learning_rate_range": "elman.diagnosis",
    "load": "elman.runtime",
    "restore": "elman.nn",
    "static_unroll": "elman.layers",
    "strict": "elman.operators.notice",
}
_MODULES = (
    "blueprint",
    "bundle",
    "cells",
    "convert",
    "data",
    "decoding",
    "diagnosis",
    "errors",
    "fusing",
    "kernels",
    "layers",
    "metrics",
    "models",
    "nn",
    "operators",
    "plots",
    "runtime",
    "state",
    "tasks",
    "training",
    "transforms",
    "written",
)

__all__ = ["__version__", *_HOME, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from elman.diagnosis import diagnose as diagnose
    from elman.diagnosis import learning_rate_range as learning_rate_range
    from elman.errors import ElmanError as ElmanError
    from elman.explanation import explain as explain
    from elman.fusing import fuse as fuse
    from elman.layers import bidirectional_unroll as bidirectional_unroll
    from elman.layers import dynamic_unroll as dynamic_unroll
    from elman.layers import static_unroll as static_unroll
    from elman.nn import accelerate as accelerate
    from elman.nn import accelerated as accelerated
    from elman.nn import restore as restore
    from elman.operators.notice import strict as strict
    from elman.runtime import embeddings as embeddings
    from elman.runtime import load as load
    from elman.tasks import Captioner as Captioner
    from elman.tasks import Classifier as Classifier
    from elman.tasks import Forecaster as Forecaster
    from elman.tasks import Generator as Generator
    from elman.tasks import Regressor as Regressor
    from elman.tasks import Tagger as Tagger
    from elman.tasks import Transcriber as Transcriber
    from elman.tasks import Translator as Translator


_TRAIN_EXTRA = ("torch", "sklearn")


def __getattr__(name: str) -> Any:
    if name not in _HOME and name not in _MODULES:
        raise AttributeError(f"module 'elman' has no attribute {name!r}")
    try:
        module = importlib.import_module(_HOME.get(name, f"elman.{name}"))
    except ModuleNotFoundError as error:
        if error.name not in _TRAIN_EXTRA:
            raise
        raise MissingExtraError.of(error.name, "train", f"elman.{name}") from error
    return getattr(module, name) if name in _HOME else module


def __dir__() -> list[str]:
    return sorted(__all__)
