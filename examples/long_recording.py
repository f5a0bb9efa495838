"""
Learn from one long recording
=============================

Twenty thousand steps, read window by window; the state goes on from one to the next.
"""

import matplotlib.pyplot as plt
import numpy as np

from elman import Regressor

t = np.arange(20_010)
wave = (
    np.sin(0.05 * t) + 0.5 * np.sin(0.31 * t) + 0.1 * np.random.default_rng(0).normal(size=20_010)
)
now, later = wave[:-10], wave[10:]

model = Regressor(
    cell="gru",
    units=16,
    per_step=True,
    truncation=100,
    epochs=2,
    learning_rate=0.01,
    validation=None,
)
model.fit([now[:18_000]], [later[:18_000]])
result = model.evaluate([now[18_000:]], [later[18_000:]])
print(f"R² {result['score']:.3f}", result["baselines"])

answers = model.predict([now[18_000:18_200]])[0]
figure, ax = plt.subplots()
ax.plot(later[18_000:18_200], color="#b5b5b5", label="ten steps later")
ax.plot(answers, color="#0072B2", label="predicted")
ax.set(xlabel="step", title="What comes ten steps later")
legend = ax.legend(frameon=False)
