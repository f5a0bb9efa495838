"""Training a forecaster: what is read, and what is said and drawn when it is done."""

from __future__ import annotations

from typing import Any

from elman.cli.console import note, print_json
from elman.cli.forecast_pictures import save_forecasts
from elman.cli.report import print_report
from elman.cli.series import backtest_of, naming, split_series
from elman.cli.settings import Settings
from elman.errors import ArgumentError

__all__ = ["SeriesWork"]


class SeriesWork:
    """What a forecaster is trained on and tested on.

    Args:
        settings: What the training is told.
        estimator: The one to train.

    Raises:
        DataError, ArgumentError: The data cannot be read.
    """

    def __init__(self, settings: Settings, estimator: Any) -> None:
        about, model = settings.about, getattr(estimator, "model_", None)
        horizon = about.get("horizon", model.plan.horizon if model else None)
        if horizon is None:
            raise ArgumentError("--horizon", "not given", "how many steps ahead to forecast")
        self._horizon = horizon
        given = estimator.get_params()
        self._series = split_series(about, self._horizon, given["joint"], given["short"], model)

    def announce(self) -> None:
        """Say what is trained on, and what is held back."""
        panel = self._series.training
        rows, frequency = int(panel.history.sum()), panel.frequency.describe()
        note(f"{len(panel):,} series of {self._series.name}, {rows:,} steps ({frequency})")
        note(f"Test part: {self._series.how}")
        for sentence in self._series.whole.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        with naming(self._series.name):
            estimator.fit(self._series.training, horizon=self._horizon)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Draw the pictures, the forecast first; read the test part once and print the report."""
        result, tested = dict(estimator.result_), None
        result["data"] = {"name": self._series.name, "test part": self._series.how}
        if self._series.held:
            tested = backtest_of(estimator.model_, self._series)
            result["test"] = {"notes": list(tested.notes), **tested.report}
        folder.write_result(result)
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            drawn = save_forecasts(folder.pictures, estimator.model_, self._series, tested, history)
            for path in drawn:
                note(f"Picture: {path}")
        steps, crossing = estimator.model_.plan.input_steps, result["crossing_windows"]
        note(f"Trained on {result['train_windows']:,} windows of {steps} steps")
        if crossing:
            note(f"Note: {crossing:,} windows cross a gap and were left out; see --gaps")
        if json:
            print_json(result)
        elif tested is not None:
            for sentence in tested.notes:
                if sentence not in self._series.whole.notes:
                    note(f"Note: {sentence}")
            print_report(tested.report, f"{self._series.name}, {self._series.how}")
        else:
            note("No test part was read: nothing is known of how good the forecasts are.")
        note(f"Model: {folder.model}")
