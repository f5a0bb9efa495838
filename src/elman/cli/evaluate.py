"""`elman evaluate`: a model's score beside its honest baselines."""

from __future__ import annotations

from typing import Any

import elman
from elman.cli.options import DataOption, JsonOption, ModelPath, PartOption, own_options, takes
from elman.cli.works import options_of_works, work_for
from elman.run_files import model_file

__all__ = ["evaluate"]


def evaluate(
    model: ModelPath,
    data: DataOption,
    part: PartOption = None,
    json: JsonOption = False,
    **given: Any,
) -> None:
    """Score a model on data that it has not seen, beside the baselines in its file.

    Of the file that a share was held out of in training, that share is judged. A forecaster
    forecasts the last steps of each series, or a named set's test part.

    Example: `elman evaluate runs/digits/model.elman --data digits`
    """
    answering = elman.load(model_file(model))
    work = work_for(answering)
    own = own_options(given, work.reading["evaluate"], f"a {answering.task}")
    work.evaluate(answering, data, part, json, **own)


takes(evaluate, *options_of_works("evaluate"))
