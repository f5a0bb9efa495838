"""Pictures of a training, of a model's answers and of its inside; each is a matplotlib `Figure`."""

from elman.plots.confusion import confusion
from elman.plots.curves import learning_curves
from elman.plots.gates import gates
from elman.plots.gradients import gradients
from elman.plots.misread import misread
from elman.plots.reading import reading
from elman.plots.regression import regression
from elman.plots.remedies import remedies
from elman.plots.states import states
from elman.plots.style import file_kind, save
from elman.plots.unrolled import unrolled

__all__ = [
    "confusion",
    "file_kind",
    "gates",
    "gradients",
    "learning_curves",
    "misread",
    "reading",
    "regression",
    "remedies",
    "save",
    "states",
    "unrolled",
]
