"""A family to start from: cells written once in `elman.written.family`, as torch modules.

Each takes `(input_size, hidden_size)` and its own options; in blueprints and on the command line
their names are min_gru, min_lstm, slstm, sru, ind_rnn, ugrnn, janet, mgu, intersection_rnn,
phased_lstm, cfc and leaky_echo.

>>> import torch
>>> from elman.layers import dynamic_unroll
>>> outputs, state = dynamic_unroll(MinGRU(3, 5), torch.ones(2, 4, 3))
>>> outputs.shape
torch.Size([2, 4, 5])
"""

from __future__ import annotations

from elman.cells.written import Written, written_class
from elman.written import WrittenCell, family

__all__ = [
    "CfC",
    "IndRNN",
    "IntersectionRNN",
    "JANET",
    "LeakyEcho",
    "MGU",
    "MinGRU",
    "MinLSTM",
    "PhasedLSTM",
    "SLSTM",
    "SRU",
    "UGRNN",
]


def _made(name: str, cell: WrittenCell) -> type[Written]:
    return written_class(cell, name, __name__)


MinGRU = _made("MinGRU", family.MIN_GRU)
MinLSTM = _made("MinLSTM", family.MIN_LSTM)
SLSTM = _made("SLSTM", family.SLSTM)
SRU = _made("SRU", family.SRU)
IndRNN = _made("IndRNN", family.IND_RNN)
UGRNN = _made("UGRNN", family.UGRNN)
JANET = _made("JANET", family.JANET)
MGU = _made("MGU", family.MGU)
IntersectionRNN = _made("IntersectionRNN", family.INTERSECTION_RNN)
PhasedLSTM = _made("PhasedLSTM", family.PHASED_LSTM)
CfC = _made("CfC", family.CFC)
LeakyEcho = _made("LeakyEcho", family.LEAKY_ECHO)
