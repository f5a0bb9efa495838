"""Scores, and the honest baselines they are held against."""

from elman.metrics.baselines import (
    ClassificationBaselines,
    RegressionBaselines,
    fit_classification,
    fit_regression,
)
from elman.metrics.features import real_steps
from elman.metrics.forecasts import (
    coverage,
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    mase,
    quantile_loss,
    rmsse,
    seasonal_scale,
    smape,
)
from elman.metrics.scores import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    log_loss,
    mae,
    r2,
    rmse,
    roc_auc,
)

__all__ = [
    "ClassificationBaselines",
    "RegressionBaselines",
    "accuracy",
    "balanced_accuracy",
    "confusion_matrix",
    "coverage",
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "f1",
    "fit_classification",
    "fit_regression",
    "log_loss",
    "mae",
    "mase",
    "quantile_loss",
    "r2",
    "real_steps",
    "rmse",
    "rmsse",
    "roc_auc",
    "seasonal_scale",
    "smape",
]
