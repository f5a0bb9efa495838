"""Sound as a network reads it: features of samples, the same for a file and for a stream."""

from elman.transforms.sound.features import FeatureStream, SoundFeatures

__all__ = ["FeatureStream", "SoundFeatures"]
