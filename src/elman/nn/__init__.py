"""Twins of torch.nn's recurrent modules, run by Elman's kernels.

Constructor, defaults, call, shapes, initialisation and parameter names are torch's; a state_dict
goes from one to the other and back. The sequence modules add `lengths=`. `accelerate` makes twins
of the modules that a model already has.
"""

from elman.nn.acceleration import accelerate, restore
from elman.nn.building import accelerated
from elman.nn.cells import GRUCell, LSTMCell, RNNCell
from elman.nn.report import Entry, Report
from elman.nn.sequences import GRU, LSTM, RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Entry",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "Report",
    "accelerate",
    "accelerated",
    "restore",
]
