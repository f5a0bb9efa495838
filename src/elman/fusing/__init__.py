"""A cell of torch operations as one that the compiled engine runs: `fuse`."""

from elman.fusing.cell import FusedCell, fuse

__all__ = ["FusedCell", "fuse"]
