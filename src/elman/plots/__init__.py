"""Pictures of a training, of a model's answers and of its inside; each is a matplotlib `Figure`."""

from elman.plots.alignment import alignment
from elman.plots.attention import attention
from elman.plots.backtest import backtest
from elman.plots.confusion import confusion
from elman.plots.curves import learning_curves
from elman.plots.drawings import drawings
from elman.plots.embeddings import embeddings
from elman.plots.forecast import forecast
from elman.plots.gates import gates
from elman.plots.gradients import gradients
from elman.plots.honesty import honesty
from elman.plots.horizon import horizon
from elman.plots.learning_rates import learning_rates
from elman.plots.lengths import quality_by_length
from elman.plots.misread import misread
from elman.plots.misread_texts import misread_texts
from elman.plots.mistagged import mistagged
from elman.plots.paths import paths
from elman.plots.rates import rates
from elman.plots.reading import reading
from elman.plots.regression import regression
from elman.plots.remedies import remedies
from elman.plots.roll import piano_roll
from elman.plots.sentence import sentence
from elman.plots.states import states
from elman.plots.style import file_kind, save
from elman.plots.surprise import surprise
from elman.plots.themes import THEMES, check_theme, themed
from elman.plots.unrolled import unrolled

__all__ = [
    "THEMES",
    "alignment",
    "attention",
    "backtest",
    "check_theme",
    "confusion",
    "drawings",
    "embeddings",
    "file_kind",
    "forecast",
    "gates",
    "gradients",
    "honesty",
    "horizon",
    "learning_curves",
    "learning_rates",
    "misread",
    "misread_texts",
    "mistagged",
    "paths",
    "piano_roll",
    "quality_by_length",
    "rates",
    "reading",
    "regression",
    "remedies",
    "save",
    "sentence",
    "states",
    "surprise",
    "themed",
    "unrolled",
]
