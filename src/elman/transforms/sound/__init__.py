"""Sound as a network reads it: features of samples, the same for a file and for a stream."""

from elman.transforms.sound.distortion import SoundDistortion
from elman.transforms.sound.features import FeatureStream, SoundFeatures
from elman.transforms.sound.summary import summary

__all__ = ["FeatureStream", "SoundDistortion", "SoundFeatures", "summary"]
