"""Scores of forecasts, what they are held against, and what may have leaked into them."""

from elman.metrics.forecasts.distributions import (
    DEVIATION_FLOOR,
    FREEDOM_FLOOR,
    HEADS,
    Head,
    make_head,
)
from elman.metrics.forecasts.exponential import Exponential, followed, season_places
from elman.metrics.forecasts.exponential_fit import fit_exponential
from elman.metrics.forecasts.leakage import (
    Alarm,
    chosen_alarms,
    covariate_alarms,
    overlap_alarms,
    scaler_alarms,
)
from elman.metrics.forecasts.linear_forecast import (
    LARGEST_INPUT,
    LinearForecast,
    fit_linear_forecast,
)
from elman.metrics.forecasts.naive import NAIVE, croston, last_value
from elman.metrics.forecasts.persistence import persistence
from elman.metrics.forecasts.scores import (
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
from elman.metrics.forecasts.skill import (
    BETTER,
    FEWEST_BLOCKS,
    MIXED,
    UNDECIDED,
    Skill,
    compare,
    together,
)

__all__ = [
    "BETTER",
    "DEVIATION_FLOOR",
    "FEWEST_BLOCKS",
    "FREEDOM_FLOOR",
    "HEADS",
    "LARGEST_INPUT",
    "MIXED",
    "NAIVE",
    "UNDECIDED",
    "Alarm",
    "Exponential",
    "Head",
    "LinearForecast",
    "Skill",
    "chosen_alarms",
    "compare",
    "covariate_alarms",
    "coverage",
    "croston",
    "crps_gaussian",
    "crps_quantiles",
    "crps_samples",
    "fit_exponential",
    "fit_linear_forecast",
    "followed",
    "last_value",
    "make_head",
    "mase",
    "overlap_alarms",
    "persistence",
    "quantile_loss",
    "rmsse",
    "scaler_alarms",
    "season_places",
    "seasonal_scale",
    "smape",
    "together",
]
