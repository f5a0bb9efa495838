"""Pictures of a training and of a model's answers; each is a matplotlib `Figure`."""

from elman.plots.confusion import confusion
from elman.plots.curves import learning_curves
from elman.plots.misread import misread
from elman.plots.reading import reading
from elman.plots.regression import regression
from elman.plots.style import save

__all__ = ["confusion", "learning_curves", "misread", "reading", "regression", "save"]
