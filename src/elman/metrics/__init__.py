"""Scores, and the honest baselines they are held against."""

from elman.metrics.baselines import (
    ClassificationBaselines,
    RegressionBaselines,
    fit_classification,
    fit_regression,
)
from elman.metrics.features import real_steps
from elman.metrics.scores import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    log_loss,
    mae,
    r2,
    rmse,
)

__all__ = [
    "ClassificationBaselines",
    "RegressionBaselines",
    "accuracy",
    "balanced_accuracy",
    "confusion_matrix",
    "fit_classification",
    "fit_regression",
    "log_loss",
    "mae",
    "r2",
    "real_steps",
    "rmse",
]
