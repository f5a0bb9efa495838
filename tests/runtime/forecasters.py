"""Untrained forecasters on small panels, for tests of the runtime."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from elman.blueprint import Blueprint, CellConfig
from elman.bundle import Bundle
from elman.data import as_panel
from elman.data.series.panel import Panel
from elman.data.series.windows import Windows, cut
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Forecasting
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.preparing import fit_covariates
from elman.runtime.forecasting.strategies import Parts
from elman.runtime.network.network import Network
from elman.transforms.series_scaler import SeriesScaler

ROLES = {"target": "units", "time": "day", "series": "shop"}
ROLES |= {"past": "warm", "future": "promo", "static": "size"}


def shops(lengths: tuple[int, ...] = (40, 33), covariates: bool = True) -> Panel:
    """Daily sales above zero, the first shop's about 10, the second's about 20."""
    draws = np.random.default_rng(7)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(length) for length in lengths])
    table = {
        "shop": np.array([f"s{n}" for n in owner]),
        "day": np.datetime64("2024-01-01") + step,
        "units": 10.0 * (owner + 1) + np.sin(step) + draws.normal(size=len(step)) / 4,
        "warm": draws.normal(size=len(step)),
        "promo": (step % 3 == 0).astype(float),
        "size": owner + 3.0,
    }
    roles = ROLES if covariates else {k: ROLES[k] for k in ("target", "time", "series")}
    return as_panel({name: table[name] for name in roles.values()}, **roles)


def plan_for(panel: Panel, **changes) -> ForecastPlan:
    plan = ForecastPlan(
        strategy="direct",
        input_steps=6,
        horizon=3,
        season=2,
        seasons=(),
        segment=1,
        output="point",
        levels=(0.1, 0.5, 0.9),
        transform="none",
        scaling="standard",
        window_scaling="none",
        base="none",
        floor=False,
        traits=False,
        flags=False,
        calendar=(),
        zone=None,
        identify=False,
        gaps="drop",
        short="error",
        joint=panel.target.shape[1] > 1,
        frequency=panel.frequency.to_text(),
        timezone=panel.timezone,
        columns=panel.columns,
    )
    return replace(plan, **changes)


def companions_for(panel: Panel, plan: ForecastPlan, **parts) -> Companions:
    blank = SeriesScaler("standard", np.zeros((1, 0)), np.ones((1, 0)))
    found = Companions(plan, panel.names, panel.categories, blank, blank)
    values = found.transformed(panel).target
    return replace(
        found,
        scaler=SeriesScaler.fit(values, panel.offsets, plan.scaling),
        covariates=fit_covariates(found.identified(panel)),
        **parts,
    )


def network_for(companions: Companions, panel: Panel, units: int = 5) -> Network:
    """Of weights that were drawn."""
    work = Forecasting(companions, panel)
    parts = Parts(
        (CellConfig("lstm", units),),
        features=work.features,
        static=work.features - work.prepared.unknown - work.prepared.known,
        parameters=companions.head.parameters,
    )
    blueprint = companions.plan.how.blueprint(companions.plan, parts)
    return Network(blueprint, drawn_weights(blueprint))


def drawn_weights(blueprint: Blueprint) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(1)
    return {
        name: (draws.normal(size=shape) / 3).astype(np.float32)
        for name, shape in blueprint.shapes().items()
    }


def bundle_for(companions: Companions, network: Network) -> Bundle:
    until = {"until.trained": np.full(len(companions.names), 30)}
    return Bundle(
        "forecaster",
        network.blueprint,
        drawn_weights(network.blueprint),
        companions.tensors() | until,
        companions.settings(),
    )


def calibration_for(plan: ForecastPlan, paths: int = 8) -> Calibration:
    draws = np.random.default_rng(3)
    offsets = draws.normal(size=(plan.horizon, plan.targets, len(plan.levels))) / 9
    errors = draws.normal(size=(paths, plan.horizon, plan.targets))
    return Calibration(offsets.astype(np.float32), errors.astype(np.float32), 40)


def windows_of(panel: Panel, plan: ForecastPlan) -> Windows:
    """All whose horizon came."""
    return cut(
        panel.offsets,
        panel.history,
        panel.gap_before,
        input_steps=plan.input_steps,
        horizon=plan.horizon,
    )
