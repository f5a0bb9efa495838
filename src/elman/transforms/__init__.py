"""What travels with a model and turns the user's values into the network's, and back."""

from elman.transforms.scaler import Scaler
from elman.transforms.series_scaler import SeriesScaler
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import Characters, Subwords, TextCodec, Vocabulary, Words, fit_codec

__all__ = [
    "Characters",
    "Scaler",
    "SeriesScaler",
    "SoundFeatures",
    "Subwords",
    "TextCodec",
    "Vocabulary",
    "Words",
    "fit_codec",
]
