"""Time: any cell unrolled over a batch of sequences, in one direction or both."""

from elman.layers.unrolling import bidirectional_unroll, dynamic_unroll, static_unroll

__all__ = ["bidirectional_unroll", "dynamic_unroll", "static_unroll"]
