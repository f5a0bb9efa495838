"""Why a network learns or does not: gradients, recurrent matrices, gates, advice, remedies."""

from elman.diagnosis.examination import diagnose
from elman.diagnosis.remedies import Remedies, measure_remedies
from elman.diagnosis.report import Advice, Diagnosis, LayerDiagnosis

__all__ = ["Advice", "Diagnosis", "LayerDiagnosis", "Remedies", "diagnose", "measure_remedies"]
