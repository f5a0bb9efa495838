"""How the command line names the level of instructions that computed a result."""

from __future__ import annotations

from elman.kernels import native

__all__ = ["kernels"]


def kernels() -> str:
    """As in "30 answers by avx2 kernels"."""
    return f"{native.isa() or 'no compiled'} kernels"
