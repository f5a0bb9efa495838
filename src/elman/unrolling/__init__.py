"""Time: any cell along a sequence, forward and back.

`protocol` says what a cell is, `loop` runs it step by step, `sequences` is what `elman.layers`
offers. A long sequence trains within a memory budget (`budget`): `probe` finds what a step needs,
`segments` and `kernel_segments` run a part, `recomputation` all parts, there and back. `bptt` is
backpropagation through time as one call.
"""
