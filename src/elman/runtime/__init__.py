"""Answers without torch: a bundle's network on NumPy arrays, and the tasks' models."""

from elman.runtime.answering import Answering
from elman.runtime.captioner import CaptionerModel
from elman.runtime.classifier import ClassifierModel
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.forecasting import Backtest, Forecast
from elman.runtime.generator import GeneratorModel
from elman.runtime.loading import load
from elman.runtime.network import LayerRecording, Network, Recording
from elman.runtime.regressor import RegressorModel
from elman.runtime.sequence_model import SequenceModel
from elman.runtime.tagger import TaggerModel
from elman.runtime.transcriber import TranscriberModel
from elman.runtime.translator import TranslatorModel
from elman.runtime.vectors import Embeddings, embeddings

__all__ = [
    "Answering",
    "Backtest",
    "CaptionerModel",
    "ClassifierModel",
    "Embeddings",
    "Forecast",
    "ForecasterModel",
    "GeneratorModel",
    "LayerRecording",
    "Network",
    "Recording",
    "RegressorModel",
    "SequenceModel",
    "TaggerModel",
    "TranscriberModel",
    "TranslatorModel",
    "embeddings",
    "load",
]
