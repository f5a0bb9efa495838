"""From measured numbers to what to do, in plain language."""

from __future__ import annotations

from collections.abc import Iterator

from elman.diagnosis.report import Advice, LayerDiagnosis, pace, percent

__all__ = ["advise"]

_MOSTLY = 0.5  # a share from which on something is said of saturated values
_OPEN = 0.6  # a mean forget gate under this halves the cell in less than a step and a half
_PASSES = 0.9  # a largest eigenvalue under this shrinks the past by itself


def advise(layer: LayerDiagnosis) -> tuple[Advice, ...]:
    """Sentences about one layer; at least one."""
    found = [*_decay(layer), *_forgetting(layer), *_saturation(layer), *_dead(layer)]
    if not found:
        share = layer.state_by_lag[-1] / layer.state_by_lag[0]
        steps = len(layer.state_by_lag) - 1
        text = f"nothing stands out: {percent(share)} of the gradient is left after {steps} steps."
        found.append(Advice(layer.name, "last share", float(share), text))
    return tuple(found)


def _decay(layer: LayerDiagnosis) -> Iterator[Advice]:
    decay = layer.decay
    if decay.explodes:
        text = (
            f"the gradient {pace(decay.factor)} and becomes {decay.largest:.3g} times larger on"
            " its way back: clip it (clip_norm=1), lower the learning rate, or start from"
            " orthogonal recurrent weights."
        )
        yield Advice(layer.name, "largest", decay.largest, text)
    if decay.memory is not None:
        far = "one step" if decay.memory == 1 else f"{decay.memory} steps"
        text = (
            f"the gradient {pace(decay.factor)}; from {far} back less than 1 % of it is left. If"
            f" what matters lies further back, {_remedy(layer)}. Truncated backpropagation needs a"
            f" window of {layer.window}."
        )
        yield Advice(layer.name, "memory", float(decay.memory), text)


def _remedy(layer: LayerDiagnosis) -> str:
    """What lengthens the memory of this kind of cell."""
    if layer.written:  # its names mean what its author says
        return "let what keeps the state begin nearer to 1"
    if "f" in layer.gates:
        mean = layer.gates["f"].mean
        if mean < _OPEN:
            return "open the forget gates"
        return f"raise the forget gates, whose mean is {mean:.2f} (a larger forget_bias)"
    if "z" in layer.gates:
        mean = layer.gates["z"].mean
        return f"raise the update gates, whose mean is {mean:.2f} (a bias of 1 or more for z)"
    if "h" not in layer.matrices:
        return "use an LSTM or a GRU"
    radius = layer.matrices["h"].radius
    if radius < _PASSES:
        return (
            f"use an LSTM or a GRU, or orthogonal initialisation: the largest eigenvalue is only"
            f" {radius:.2f}"
        )
    return "use an LSTM or a GRU, or ReLU with identity initialisation"


def _forgetting(layer: LayerDiagnosis) -> Iterator[Advice]:
    gate = None if layer.written else layer.gates.get("f")
    if gate is not None and gate.mean < _OPEN:
        text = (
            f"the forget gates keep {percent(gate.mean)} of the cell at each step: half of it or"
            " more is gone after two. Start them open: forget_bias=1."
        )
        yield Advice(layer.name, "mean of f", gate.mean, text)


def _saturation(layer: LayerDiagnosis) -> Iterator[Advice]:
    if layer.written:
        return
    for name in ("h", "g", "n"):
        gate = layer.gates.get(name)
        bounded = gate is not None and (gate.high > 0 or gate.mean < 0)  # ReLU is neither
        if gate is not None and bounded and gate.saturated > _MOSTLY:
            text = (
                f"{percent(gate.saturated)} of the values of {name} are beyond ±0.95, where tanh"
                " passes less than a tenth of a gradient: standardise the inputs, start from"
                " smaller weights, or lower the learning rate."
            )
            yield Advice(layer.name, f"saturation of {name}", gate.saturated, text)
    for name, what in (("i", "written"), ("o", "read")):
        gate = layer.gates.get(name)
        if gate is not None and gate.low > _MOSTLY:
            text = (
                f"{percent(gate.low)} of the values of gate {name} are closed, so the cell is"
                f" hardly ever {what}: start its bias higher, or standardise the inputs."
            )
            yield Advice(layer.name, f"low of {name}", gate.low, text)


def _dead(layer: LayerDiagnosis) -> Iterator[Advice]:
    count = len(layer.dead)
    if not count:
        return
    text = (
        f"{count} of {layer.units} units let nothing through at any step of this batch: lower the"
        " learning rate, start from smaller weights, or take a bias nearer to 0."
    )
    yield Advice(layer.name, "dead units", float(count), text)
