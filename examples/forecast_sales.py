"""
Forecast daily sales
====================

Two shops, one network, two weeks ahead: with an interval, and beside what needs no network.
"""

from datetime import date, timedelta

import numpy as np

from elman import Forecaster, plots

draws = np.random.default_rng(0)
days = [date(2024, 1, 1) + timedelta(days=k) for k in range(420)]
week = np.tile([1.0, 0.9, 1.0, 1.1, 1.5, 1.8, 0.6], 60)
table = {
    "shop": ["Berlin"] * 420 + ["Lyon"] * 420,
    "day": [day.isoformat() for day in days] * 2,
    "units": np.concatenate([40 * week, 25 * week]) * draws.lognormal(0, 0.1, 840),
}

model = Forecaster(window=28, season=7, units=16, epochs=6, learning_rate=0.01, linear=True)
past = {name: [*values[:240], *values[420:660]] for name, values in table.items()}
model.fit(past, horizon=14, target="units", time="day", series="shop")

# %%
# How it goes on.
forecast = model.predict(table)
low, high = forecast.interval(0.8)
for shop, name in enumerate(forecast.names):
    bounds = f"{low[shop, 0, 0]:.0f}…{high[shop, 0, 0]:.0f}"
    print(f"{name}: {forecast.mean[shop, 0, 0]:.0f}, with 80 % in {bounds}")

# %%
# Whether that is worth more than the same day of last week, on days that were not learnt from.
report = model.backtest(table, start=days[240].isoformat()).report
print(*report["verdict"], sep="\n")
honesty = plots.honesty(report)
