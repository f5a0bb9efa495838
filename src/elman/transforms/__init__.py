"""What travels with a model and turns the user's values into the network's, and back."""

from elman.transforms.labels import Labels
from elman.transforms.scaler import Scaler
from elman.transforms.series_scaler import SeriesScaler
from elman.transforms.vocabulary import Vocabulary

__all__ = ["Labels", "Scaler", "SeriesScaler", "Vocabulary"]
