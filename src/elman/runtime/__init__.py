"""Answers without torch: a bundle's network on NumPy arrays, and the tasks' models."""

from elman.runtime.classifier import ClassifierModel
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.forecasting import Backtest, Forecast
from elman.runtime.loading import Model, load
from elman.runtime.network import LayerRecording, Network, Recording
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
