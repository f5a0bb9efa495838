"""Long short-term memory."""

from __future__ import annotations

import torch

from elman.cells.builtin import BuiltInCell
from elman.recurrences import LSTM

__all__ = ["LSTMCell"]


class LSTMCell(BuiltInCell):
    """Long short-term memory; Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000.

    With p = W_ih x(t) + W_hh h(t-1) + b, whose four blocks belong to the gates i, f, g, o:
    i = σ(p_i), f = σ(p_f + forget_bias), g = tanh(p_g), c(t) = f·c(t-1) + i·g, o = σ(p_o),
    h(t) = o·tanh(c(t)); the output is h(t).

    >>> cell = LSTMCell(3, 5)
    >>> outputs, state = cell(torch.ones(4, 3), cell.initial_state(4))
    >>> outputs.shape, state.cell.shape
    (torch.Size([4, 5]), torch.Size([4, 5]))

    Weights start as Glorot uniform (input, projection) and orthogonal (recurrent), the bias and
    the peepholes at zero; `elman.cells.initialise` changes that.

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        forget_bias: A constant added to the forget gate's pre-activation, on top of the bias, as
            TensorFlow does (Jozefowicz et al. 2015: it should start at 1).
        peepholes: Let i and f see c(t-1), and o see c(t) (Gers et al. 2002).
        projection: Width R of a linear map of h(t), which is then what recurs and is put out (Sak
            et al. 2014, arXiv 1402.1128v1); None for none.
        cell_clip: Bound on the absolute value of c(t); None for none.
        layer_norm: Normalise both products and the cell (Ba et al. 2016, arXiv 1607.06450v1).
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        weight_ih: `[4·H, I]`, blocks i, f, g, o.
        weight_hh: `[4·H, R]`; R = H without a projection.
        bias: `[4·H]`.
        peephole: `[3, H]` for i, f, o, or None.
        projection: `[R, H]`, or None.
        norm_ih: `[4·H]`, or None without layer normalisation.
        norm_hh: `[4·H]`, or None without layer normalisation.
        norm_cell: `[2, H]`, gain and bias, or None without layer normalisation.

    Raises:
        ArgumentError: A size or the clip is not positive.
    """

    recurrence_type = LSTM

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        peepholes: bool = False,
        projection: int | None = None,
        cell_clip: float | None = None,
        layer_norm: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            LSTM(forget_bias, cell_clip),
            input_size,
            hidden_size,
            {"peepholes": peepholes, "projection": projection, "layer_norm": layer_norm},
            recurrent_size=projection,
            generator=generator,
            device=device,
            dtype=dtype,
        )

    def extra_repr(self) -> str:
        """Sizes and options, for `print`."""
        options = [f"{self.input_size}, {self.hidden_size}"]
        options.append(f"forget_bias={self.recurrence.forget_bias}")
        if self.peephole is not None:
            options.append("peepholes=True")
        if self.projection is not None:
            options.append(f"projection={self.output_size}")
        if self.recurrence.cell_clip is not None:
            options.append(f"cell_clip={self.recurrence.cell_clip}")
        if self.norm_ih is not None:
            options.append("layer_norm=True")
        return ", ".join(options)
