"""What holds of every strategy that there is."""

from __future__ import annotations

import pytest

from elman.blueprint import CellConfig
from elman.parameters import told
from elman.runtime.forecasting import known_strategies, learning_of, strategy_of
from elman.runtime.forecasting.strategies import Asked, Parts
from elman.tasks.forecasting.parameters import ForecastParameters
from tests.runtime.forecasters import plan_for, shops
from tests.runtime.forecasting.keep import STRATEGIES

CELLS = (CellConfig("lstm", 5), CellConfig("lstm", 5))


def asked(**changes) -> Asked:
    usual = {"window": None, "segment": None, "season": None, "usual_season": 6}
    return Asked(**(usual | {"horizon": 12, "room": 200, "shortest": 240} | changes))


@pytest.mark.parametrize("name", known_strategies())
@pytest.mark.parametrize("covariates", [False, True])
@pytest.mark.parametrize("parameters", [1, 3])
def test_a_network_has_the_shape_that_is_asked_of_a_file(name, covariates, parameters):
    how, panel = strategy_of(name), shops(covariates=covariates)
    spans = how.spans(asked())
    plan = plan_for(panel, strategy=name, horizon=12, **spans._asdict())
    found = how.blueprint(plan, Parts(CELLS, 7, 2, parameters))
    assert (found.configuration, found.input_size, found.output_size) == how.shape(
        plan, 7, parameters
    )


@pytest.mark.parametrize("name", known_strategies())
def test_the_steps_of_a_plan_are_as_told_or_find_room(name):
    how = strategy_of(name)
    assert how.spans(asked(window=12)).input_steps == 12
    assert how.spans(asked(season=4)).season == 4
    found = how.spans(asked())
    assert found.input_steps % found.segment == 12 % found.segment == 0
    assert bool(found.seasons) == how.seasonal


@pytest.mark.parametrize("name", known_strategies())
def test_what_it_refuses_is_a_parameter_and_what_it_learns_by_is_there(name):
    assert set(strategy_of(name).refuses) <= set(told(ForecastParameters))
    assert callable(learning_of(name))


def test_a_model_of_each_is_kept():
    assert set(STRATEGIES) == set(known_strategies())
