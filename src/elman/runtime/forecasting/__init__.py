"""Series to forecasts, without torch: plans, windows, strategies and what they are held against."""

from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.evaluation import Origins, first_targets, tested, until_tensors
from elman.runtime.forecasting.forecast import Backtest, Forecast, Written, level_name
from elman.runtime.forecasting.forecasting import Answers, Forecasting, linear_inputs
from elman.runtime.forecasting.plan import (
    CHOICES,
    LARGEST,
    ForecastPlan,
)
from elman.runtime.forecasting.preparing import fit_covariates
from elman.runtime.forecasting.registry import (
    known_strategies,
    learning_of,
    register_strategy,
    strategy_of,
)
from elman.runtime.forecasting.repeating import answers_on
from elman.runtime.forecasting.smoothing import Smoothing, check_values, future_steps, padded
from elman.runtime.forecasting.usable import Answerable, answerable, besides, usable
from elman.runtime.forecasting.window_arrays import panel_of_windows

__all__ = [
    "CHOICES",
    "LARGEST",
    "Answerable",
    "Answers",
    "Backtest",
    "Calibration",
    "Companions",
    "Forecast",
    "ForecastPlan",
    "Forecasting",
    "Origins",
    "Smoothing",
    "Written",
    "answerable",
    "answers_on",
    "besides",
    "check_values",
    "first_targets",
    "fit_covariates",
    "future_steps",
    "known_strategies",
    "learning_of",
    "level_name",
    "linear_inputs",
    "padded",
    "panel_of_windows",
    "register_strategy",
    "strategy_of",
    "tested",
    "until_tensors",
    "usable",
]
