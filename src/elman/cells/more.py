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
    "JANET",
    "MGU",
    "SLSTM",
    "SRU",
    "UGRNN",
    "CfC",
    "IndRNN",
    "IntersectionRNN",
    "LeakyEcho",
    "MinGRU",
    "MinLSTM",
    "PhasedLSTM",
]


def _made(name: str, cell: WrittenCell) -> type[Written]:
    return written_class(cell, name, __name__)


MinGRU = _made("MinGRU", family.min_gru)
MinLSTM = _made("MinLSTM", family.min_lstm)
SLSTM = _made("SLSTM", family.slstm)
SRU = _made("SRU", family.sru)
IndRNN = _made("IndRNN", family.ind_rnn)
UGRNN = _made("UGRNN", family.ugrnn)
JANET = _made("JANET", family.janet)
MGU = _made("MGU", family.mgu)
IntersectionRNN = _made("IntersectionRNN", family.intersection_rnn)
PhasedLSTM = _made("PhasedLSTM", family.phased_lstm)
CfC = _made("CfC", family.cfc)
LeakyEcho = _made("LeakyEcho", family.leaky_echo)
