"""Series to forecasts, without torch: plans, windows, strategies and what they are held against."""

from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.classical import started, suitable_form
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.evaluation import Origins, first_targets, tested, until_tensors
from elman.runtime.forecasting.forecast import Backtest, Forecast, level_name
from elman.runtime.forecasting.forecasting import Answers, Forecasting, linear_inputs
from elman.runtime.forecasting.plan import (
    GAPS,
    LARGEST,
    SHORT,
    STRATEGIES,
    TRANSFORMS,
    ForecastPlan,
)
from elman.runtime.forecasting.preparing import fit_covariates
from elman.runtime.forecasting.smoothed import SmoothedForecasting, further_features, work_on
from elman.runtime.forecasting.smoothing import Smoothing, check_values, future_steps, padded
from elman.runtime.forecasting.window_arrays import panel_of_windows

__all__ = [
    "GAPS",
    "LARGEST",
    "SHORT",
    "STRATEGIES",
    "TRANSFORMS",
    "Answers",
    "Backtest",
    "Calibration",
    "Companions",
    "Forecast",
    "ForecastPlan",
    "Forecasting",
    "Origins",
    "SmoothedForecasting",
    "Smoothing",
    "check_values",
    "first_targets",
    "fit_covariates",
    "further_features",
    "future_steps",
    "level_name",
    "linear_inputs",
    "padded",
    "panel_of_windows",
    "started",
    "suitable_form",
    "tested",
    "until_tensors",
    "work_on",
]
