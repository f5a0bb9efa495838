"""Cells: their parameters and one step, the wrappers around them, and their initialisers.

Every name here meets the protocol in `elman.unrolling.protocol`; a cell of your own needs only its
two methods to work in every wrapper, in `Stacked` and in `elman.layers`.
"""

from elman.cells.batch_norm import BatchNormLSTMCell, BatchNormRNNCell, BatchNormState
from elman.cells.dilated import Dilated
from elman.cells.dropout import Dropout, DropoutState
from elman.cells.gru import GRUCell
from elman.cells.initialisers import INITIALISERS, chrono, initialise
from elman.cells.learned import LearnedInitialState
from elman.cells.lstm import LSTMCell
from elman.cells.projected import Projected
from elman.cells.residual import Residual
from elman.cells.rnn import RNNCell
from elman.cells.stacked import Stacked
from elman.cells.weight_drop import drop_weights
from elman.cells.written import TapeCell, Written, written
from elman.cells.zoneout import Zoneout, ZoneoutState
from elman.unrolling.loop import unroll
from elman.unrolling.protocol import Cell, UnrollingCell

__all__ = [
    "INITIALISERS",
    "BatchNormLSTMCell",
    "BatchNormRNNCell",
    "BatchNormState",
    "Cell",
    "Dilated",
    "Dropout",
    "DropoutState",
    "GRUCell",
    "LSTMCell",
    "LearnedInitialState",
    "Projected",
    "RNNCell",
    "Residual",
    "Stacked",
    "TapeCell",
    "UnrollingCell",
    "Written",
    "Zoneout",
    "ZoneoutState",
    "chrono",
    "drop_weights",
    "initialise",
    "unroll",
    "written",
]

BUILT_IN = (RNNCell, LSTMCell, GRUCell)
"""The cells with a recurrence of their own, for whoever builds them from a description."""
