"""Why a network learns or does not: gradients, recurrent matrices, gates, advice, remedies."""

from elman.diagnosis.examination import diagnose
from elman.diagnosis.learning_rates import LearningRates, learning_rate_range
from elman.diagnosis.remedies import Remedies, measure_remedies
from elman.diagnosis.report import Advice, Diagnosis, LayerDiagnosis

__all__ = [
    "Advice",
    "Diagnosis",
    "LayerDiagnosis",
    "LearningRates",
    "Remedies",
    "diagnose",
    "learning_rate_range",
    "measure_remedies",
]
