"""Which implementation runs, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

from elman.kernels import compiled
from elman.kernels.contract import Noise
from elman.operators import choose, unroll
from elman.state import map_leaves
from tests.kernels.variants import VARIANTS, random_weights

INPUTS = torch.zeros(2, 5, 3)


def weights_of(name, dtype=torch.float32):
    weights = random_weights(VARIANTS[name], 3, 4, np.random.default_rng(0))
    return map_leaves(lambda w: None if w is None else torch.from_numpy(w).to(dtype), weights)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", VARIANTS)
def test_the_compiled_kernels_run_everything_on_a_cpu(name, dtype):
    noise = Noise(None, None, zoneout_hidden=0.1)
    for shape in ((2, 5, 3), (0, 5, 3), (2, 0, 3)):
        inputs, weights = torch.zeros(shape, dtype=dtype), weights_of(name, dtype)
        resets = torch.zeros(shape[:2], dtype=torch.bool)
        for options in ((), (resets,), (None, noise)):
            choice = choose(VARIANTS[name].recurrence, weights, inputs, *options)
            assert choice.kernel == "native"
            assert "on a CPU" in choice.reason


def test_autocast_does_not_change_the_dtype_and_the_choice_says_so():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        choice = choose(VARIANTS["lstm"].recurrence, weights_of("lstm"), INPUTS)
    assert choice.reason.endswith("in the weights' dtype in spite of autocast")


@pytest.mark.parametrize(
    ("name", "kernel", "reason"),
    [
        ("tanh", "aten", "not torch.bfloat16"),
        ("lstm", "aten", "not torch.bfloat16"),
        ("lstm-proj", "aten", "not torch.bfloat16"),
        ("gru-after-bias", "aten", "not torch.bfloat16"),
        ("tanh-norm", "loop", "layer normalisation"),
        ("lstm-peep", "loop", "no peepholes"),
        ("lstm-clip", "loop", "does not clip"),
        ("gru-before", "loop", "after the matrix product only"),
    ],
)
def test_other_dtypes_go_to_torch(name, kernel, reason):
    weights, inputs = weights_of(name, torch.bfloat16), INPUTS.bfloat16()
    choice = choose(VARIANTS[name].recurrence, weights, inputs)
    assert choice.kernel == kernel
    assert reason in choice.reason
    assert unroll(VARIANTS[name].recurrence, weights, inputs)[0].dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru-after-bias"])
def test_what_torchs_operators_lack_goes_to_the_loop(name):
    recurrence, weights = VARIANTS[name].recurrence, weights_of(name, torch.bfloat16)
    resets = torch.zeros(2, 5, dtype=torch.bool)
    noise = Noise(None, None, zoneout_hidden=0.1)
    inputs = INPUTS.bfloat16()
    for word, options in (("resets", (resets,)), ("zoneout", (None, noise))):
        choice = choose(recurrence, weights, inputs, *options)
        assert choice.kernel == "loop"
        assert word in choice.reason
    for empty in (inputs[:0], inputs[:, :0]):
        assert choose(recurrence, weights, empty).kernel == "loop"


def test_other_devices_are_left_to_torch():
    recurrence, weights = VARIANTS["lstm"].recurrence, weights_of("lstm")
    on_meta = map_leaves(lambda w: None if w is None else w.to("meta"), weights)
    choice = choose(recurrence, on_meta, INPUTS.to("meta"))
    assert choice.kernel == "aten"
    assert "on a CPU, not on meta" in choice.reason
    outputs, _ = unroll(recurrence, on_meta, INPUTS.to("meta"))
    assert outputs.device.type == "meta"
    assert outputs.shape == (2, 5, 4)


def test_a_source_tree_without_the_compiled_module_is_left_to_torch(monkeypatch):
    monkeypatch.setattr(compiled, "_native", None)
    choice = choose(VARIANTS["lstm"].recurrence, weights_of("lstm"), INPUTS)
    assert choice.kernel == "aten"
    assert "pip install" in choice.reason


def test_autocast_changes_nothing_but_the_inputs_precision():
    """The kernels run in the weights' dtype, whatever a layer below hands over."""
    recurrence, weights = VARIANTS["lstm"].recurrence, weights_of("lstm")
    torch.manual_seed(0)
    inputs = torch.randn(2, 5, 3).bfloat16()
    wanted, state = unroll(recurrence, weights, inputs.float())
    low = map_leaves(lambda leaf: leaf.bfloat16(), state)
    high = map_leaves(lambda leaf: leaf.float(), low)
    continued, _ = unroll(recurrence, weights, inputs.float(), high)
    with torch.autocast("cpu"):
        assert choose(recurrence, weights, inputs).kernel == "native"
        found, _ = unroll(recurrence, weights, inputs)
        for given in (inputs, inputs.float()):  # states and inputs of either dtype
            again, final = unroll(recurrence, weights, given, low)
            assert torch.equal(again, continued)
            assert {leaf.dtype for leaf in final} == {torch.float32}
        mixed = weights._replace(weight_hh=weights.weight_hh.bfloat16())
        rounded = weights._replace(weight_hh=mixed.weight_hh.float())
        assert torch.equal(*(unroll(recurrence, w, inputs)[0] for w in (mixed, rounded)))
    assert found.dtype == torch.float32
    assert torch.equal(found, wanted)


def test_gradients_under_autocast_are_those_without():
    recurrence, weights = VARIANTS["gru-before"].recurrence, weights_of("gru-before")
    inputs = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def gradient(create_graph):
        outputs, _ = unroll(recurrence, weights, inputs)
        return torch.autograd.grad(outputs.square().sum(), inputs, create_graph=create_graph)[0]

    wanted = gradient(False)
    with torch.autocast("cpu"):
        assert torch.equal(gradient(False), wanted)
        torch.testing.assert_close(gradient(True), wanted, rtol=0, atol=1e-6)


# What torch itself uses for them is deprecated in torch.
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_forward_mode_derivatives_take_the_loop():
    recurrence, weights = VARIANTS["gru-before"].recurrence, weights_of("gru-before", torch.float64)
    x = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    direction = torch.ones_like(x)
    with forward_ad.dual_level():
        assert choose(recurrence, weights, x).kernel == "loop"
        outputs, _ = unroll(recurrence, weights, forward_ad.make_dual(x, direction))
        found = forward_ad.unpack_dual(outputs).tangent
    ahead, behind = (unroll(recurrence, weights, x + s * direction)[0] for s in (1e-6, -1e-6))
    torch.testing.assert_close(found, (ahead - behind) / 2e-6, rtol=0, atol=1e-8)
