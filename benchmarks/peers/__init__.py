"""Each library in a module of functions that prepare its part of a suite: a `Run`.

A module here is imported in a process of its own, whose threads and settings
`benchmarks.worker` has seen to. Some modules are shared by those that use torch.
"""
