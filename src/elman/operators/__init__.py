"""The recurrences as torch operators: which implementation runs, and why.

`unroll` runs whole sequences and `step` one step, both differentiable, on the contract's
objects holding torch tensors. `choose` says which of the three implementations `unroll` takes:

- `native`: the compiled kernels of `elman.kernels.native`;
- `aten`: torch's own fused operators;
- `loop`: torch operations step by step, which can do everything.
"""

from elman.operators import team  # noqa: F401  from here on the kernels use torch's threads
from elman.operators.choice import Choice, choose
from elman.operators.unrolling import Direction, step, unroll, unroll_both

__all__ = ["Choice", "Direction", "choose", "step", "unroll", "unroll_both"]
