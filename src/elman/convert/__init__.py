"""Weights of other frameworks as ours, and back. `tensorflow1`: the cells of TensorFlow 1."""

from elman.convert.tensorflow1 import from_tensorflow1, load_tensorflow1, to_tensorflow1

__all__ = ["from_tensorflow1", "load_tensorflow1", "to_tensorflow1"]
