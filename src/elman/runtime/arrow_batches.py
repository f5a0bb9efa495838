"""Forecasts over Arrow batches: what engines for large tables call for each part of one.

Ray's `Dataset.map_batches(ForecastBatches(path), batch_format="pyarrow")` and Spark's
`DataFrame.mapInArrow(ForecastBatches(path).parts, schema)` take it as it is. Each batch of the
former and each partition of the latter holds whole series: group or repartition by their column
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from elman.errors import MissingExtraError
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.loading import load

__all__ = ["ForecastBatches"]


class ForecastBatches:
    """A model file as a function from batches of series to batches of forecasts.

    It is pickled as its path; the model is loaded where it is first used, and answers there on one
    thread with the base install and pyarrow.

    Args:
        path: Of the model file, where all workers find it.
        horizon: As of `ForecasterModel.predict`.

    Attributes:
        path, horizon: As they were given.
    """

    def __init__(self, path: str | Path, horizon: int | None = None) -> None:
        self.path, self.horizon = str(path), horizon
        self._model: ForecasterModel | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_model": None}

    def __call__(self, batch: Any) -> Any:
        """The forecasts of the series in a `pyarrow.Table`, as one, with the columns of `forecast`.

        Series that cannot be forecast are left out.

        Raises:
            DataError: None of the series can be forecast.
            MissingExtraError: pyarrow is not installed.
        """
        try:
            import pyarrow
        except ImportError:
            raise MissingExtraError.of("pyarrow", "parquet", "forecasting batches") from None
        model: Any = self._model
        if model is None:
            model = self._model = load(self.path)
        found = model.predict(batch, horizon=self.horizon)
        columns = found.to_columns()
        return pyarrow.table({name: pyarrow.array(values) for name, values in columns.items()})

    def parts(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Record batches of forecasts for those of a partition: what Spark's `mapInArrow` calls.

        A series may go on from one batch to the next, so they are put together first.
        """
        import pyarrow

        held = [batch for batch in batches if batch.num_rows]
        if held:
            yield from self(pyarrow.Table.from_batches(held)).to_batches()
