"""Any cell unrolled over a batch of sequences, in one direction or both."""

from elman.unrolling.sequences import bidirectional_unroll, dynamic_unroll, static_unroll

__all__ = ["bidirectional_unroll", "dynamic_unroll", "static_unroll"]
