"""Answers without torch: a bundle's network on NumPy arrays, and the tasks' models."""

from elman.runtime.classifier import ClassifierModel
from elman.runtime.forecast import Backtest, Forecast
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.loading import Model, load
from elman.runtime.network import Network
from elman.runtime.recording import LayerRecording, Recording
from elman.runtime.regressor import RegressorModel

__all__ = [
    "Backtest",
    "ClassifierModel",
    "Forecast",
    "ForecasterModel",
    "LayerRecording",
    "Model",
    "Network",
    "Recording",
    "RegressorModel",
    "load",
]
