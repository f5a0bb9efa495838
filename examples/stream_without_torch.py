"""
Answer a stream
===============

A model file answers one step at a time, without torch, as of the whole sequence.
"""

import tempfile
from pathlib import Path

import numpy as np

import elman
from elman import Classifier

draws = np.random.default_rng(0)
X = draws.normal(size=(200, 20, 2)).astype(np.float32)
y = np.where(X[:, :, 0].sum(axis=1) > 0, "up", "down")
path = Path(tempfile.mkdtemp()) / "model.elman"
Classifier(cell="lstm", units=16, epochs=6, learning_rate=0.02).fit(X, y).save(path)

model = elman.load(path)
stepper = model.stepper()
for frame in X[0]:
    believed = stepper.step(frame[None])
print(dict(zip(model.classes_.tolist(), believed[0].round(3).tolist(), strict=True)))
np.testing.assert_allclose(believed, model.predict_proba(X[:1]), rtol=1e-6)
