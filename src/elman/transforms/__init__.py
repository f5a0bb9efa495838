"""What travels with a model and turns the user's values into the network's, and back."""

from elman.transforms.scaler import Scaler
from elman.transforms.series_scaler import SeriesScaler
from elman.transforms.vocabulary import Vocabulary

__all__ = ["Scaler", "SeriesScaler", "Vocabulary"]
