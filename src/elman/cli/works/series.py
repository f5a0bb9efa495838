"""Series: training a forecaster on them, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.options import WRITTEN
from elman.cli.works import Answers, Options
from elman.cli.works.report_tables import REPORT, keep_report
from elman.cli.works.series_answers import forecast_columns, note_skipped, table_rows
from elman.cli.works.series_data import (
    AHEAD,
    REPAIR,
    STRICT,
    TIMEZONE,
    backtest_of,
    date_format_of,
    naming,
    part_for,
    read_for,
    split_series,
)
from elman.cli.works.series_pictures import (
    OF_BACKTESTS,
    draw_backtest,
    draw_forecast,
    save_forecasts,
)
from elman.cli.works.series_report import print_report, report_backtest, series_report_text
from elman.data.tables.dialect import Dialect
from elman.errors import ArgumentError
from elman.printable import closest

__all__ = ["SeriesWork"]


class SeriesWork:
    """What is read, printed and drawn of series; see `elman.cli.works.Work`."""

    title = "Series"
    about: ClassVar[Options] = {
        "test": (str, "What came after the data, to test the finished model on, once."),
        "test_steps": (
            int,
            "Instead: last steps of each series that are held back; default a tenth, at least a "
            "horizon; 0 for none.",
        ),
        "horizon": (int, "How many steps ahead."),
        "target": (str, "Column to forecast, or several as a,b."),
        "time": (str, "Column of the times."),
        "series": (str, "Column of the series' name."),
        "past": (str, "Columns that are known up to now, as temperature,price."),
        "future": (str, "Columns that are known ahead."),
        "static": (str, "Columns that are the same all along a series."),
        "frequency": (str, "Of the steps, as h, 15min, D, MS, or rows; else found out."),
        "timezone": (str, TIMEZONE),
        "repair": (str, REPAIR),
        **WRITTEN,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": {
            "ahead": (str, AHEAD),
            "horizon": (int, "So many steps; beyond those trained from its own forecasts."),
            "strict": (bool, STRICT),
            **WRITTEN,
        },
        "evaluate": {
            "test_steps": (
                int,
                "Last steps of each series that are forecast; default: one horizon, or a set's "
                "test part.",
            ),
            "repair": (str, REPAIR),
            "timezone": (str, TIMEZONE),
            **WRITTEN,
            "report": REPORT,
        },
    }
    pictures = ("forecast", *OF_BACKTESTS)
    usual_data = None

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The series that a forecaster is trained on and tested on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **reading: Any) -> Answers:
        """How each series goes on from its end."""
        horizon, strict = reading.pop("horizon", None), bool(reading.pop("strict", False))
        panel = read_for(model, source, part, **reading)
        with naming(source):
            found = model.predict(panel, horizon=horizon, strict=strict)
        note_skipped(found.skipped)
        rows = table_rows(forecast_columns(found, None), date_format_of(model, reading))
        return Answers(rows, f"Forecasts of {len(found):,} series by {kernels()}", found.notes)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        test_steps: int | None = None,
        report: str | None = None,
        **reading: Any,
    ) -> None:
        """The honesty report on the last steps of each series, or a named set's test part."""
        found = part_for(model, source, part, test_steps, **reading)
        tested = backtest_of(model, found)
        report_backtest(tested, source, found.how, json)
        if report is not None:
            keep_report(
                report, series_report_text(tested.report, f"{source}, {found.how}", tested.notes)
            )

    def draw(self, request: Any, model: Any) -> Any:
        """A forecast beside what came: of the run's test part, or of the data given."""
        kind, source, plan = request.kind, request.source, model.plan
        if kind not in self.pictures:
            known = ("curves", *self.pictures)
            found = f"a {model.task} has no picture {kind!r}"
            raise ArgumentError("KIND", found, closest(kind, known))
        if source is not None and kind != "forecast":
            panel = read_for(model, source, request.part)
            return draw_backtest(kind, model.backtest(panel), panel)
        if source is not None:
            series = part_for(model, source, request.part, None)
        else:
            _, told = request.source_or_told()
            series = split_series(told, plan.horizon, plan.joint, plan.short, model)
        if kind == "forecast":
            return draw_forecast(model, series, series.held)
        if not series.held:
            found = "not given, and the run kept no test part"
            raise ArgumentError("--data", found, "data to test on")
        return draw_backtest(kind, backtest_of(model, series), series.whole)


class _Training:
    """What a forecaster is trained on and tested on.

    Raises:
        DataError, ArgumentError: The data cannot be read.
    """

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        model = getattr(estimator, "model_", None)
        horizon = about.get("horizon", model.plan.horizon if model else None)
        if horizon is None:
            raise ArgumentError("--horizon", "not given", "how many steps ahead to forecast")
        self._horizon = horizon
        given = estimator.get_params()
        estimator.reading = Dialect.among(about)
        self._series = split_series(about, self._horizon, given["joint"], given["short"], model)
        estimator.reading = {**self._series.training.written, **estimator.reading}

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
        drawn: list[Path] = []
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            drawn = save_forecasts(folder.pictures, estimator.model_, self._series, tested, history)
            for path in drawn:
                note(f"Picture: {path}")
        told, notes = (
            ({}, self._series.whole.notes) if tested is None else (tested.report, tested.notes)
        )
        below = [path.relative_to(folder.path) for path in drawn]
        title = f"{self._series.name}, {self._series.how}"
        folder.write_report(series_report_text(told, title, notes, below))
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
            print_report(tested.report, title)
        else:
            note("No test part was read: nothing is known of how good the forecasts are.")
        note(f"Model: {folder.model}")
        note(f"Report: {folder.report}")
