from __future__ import annotations

import pytest

from elman.blueprint import CellConfig, CellKind, cell_kinds, register_cell
from elman.blueprint import cells as module
from elman.errors import BlueprintError
from elman.recurrences import RECURRENCES


@pytest.fixture
def clean_registry(monkeypatch):
    monkeypatch.setattr(module, "_KINDS", dict(module._KINDS))


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"kind": "transformer"}, "kind"),
        ({"kind": ["rnn"]}, "kind"),
        ({"units": 0}, "units"),
        ({"units": -3}, "units"),
        ({"units": 65_537}, "units"),
        ({"units": 2.0}, "units"),
        ({"units": True}, "units"),
        ({"units": "8"}, "units"),
        ({"activation": "sigmoid"}, "activation"),
        ({"activation": None}, "activation"),
        ({"kind": "lstm", "forget_bias": float("nan")}, "forget_bias"),
        ({"kind": "lstm", "forget_bias": float("inf")}, "forget_bias"),
        ({"kind": "lstm", "peepholes": 1}, "peepholes"),
        ({"kind": "lstm", "projection": 0}, "projection"),
        ({"kind": "lstm", "cell_clip": 0.0}, "cell_clip"),
        ({"kind": "gru", "reset_after": None}, "reset_after"),
        ({"zoneout": 1.0}, "zoneout"),
        ({"zoneout": -0.1}, "zoneout"),
        ({"zoneout": float("nan")}, "zoneout"),
        ({"input_dropout": 1}, "input_dropout"),
        ({"output_dropout": "0.5"}, "output_dropout"),
        ({"recurrent_dropout": 2.0}, "recurrent_dropout"),
        ({"variational": 0}, "variational"),
        ({"residual": "yes"}, "residual"),
        ({"output_projection": 100_000}, "output_projection"),
        ({"learned_state": 1.0}, "learned_state"),
        ({"dilation": 0}, "dilation"),
        ({"dilation": 4097}, "dilation"),
        ({"dilation": 2.0}, "dilation"),
        ({"kind": "gru", "peepholes": True}, "peepholes"),
        ({"kind": "lstm", "activation": "relu"}, "activation"),
        ({"kind": "rnn", "forget_bias": 0.0}, "forget_bias"),
    ],
)
def test_values_outside_their_range_are_named(arguments, where):
    with pytest.raises(BlueprintError) as caught:
        CellConfig(**({"kind": "rnn", "units": 8} | arguments))
    assert caught.value.where == where


def test_numbers_become_floats_so_that_equal_cells_are_equal():
    assert CellConfig("lstm", 4, forget_bias=2) == CellConfig("lstm", 4, forget_bias=2.0)
    assert type(CellConfig("lstm", 4, forget_bias=2).forget_bias) is float


def test_shapes_of_a_wrapped_cell():
    config = CellConfig(
        "lstm",
        4,
        projection=3,
        peepholes=True,
        zoneout=0.1,
        output_projection=2,
        learned_state=True,
    )
    assert config.wrappers == ["learned_state", "projected", "zoneout"]
    assert config.output_size == 2
    assert config.shapes(5) == {
        "initial.0": (3,),
        "initial.1": (4,),
        "cell.weight": (2, 3),
        "cell.bias": (2,),
        "cell.cell.cell.weight_ih": (16, 5),
        "cell.cell.cell.weight_hh": (16, 3),
        "cell.cell.cell.bias": (16,),
        "cell.cell.cell.peephole": (3, 4),
        "cell.cell.cell.projection": (3, 4),
    }


def test_dilation_is_outermost_and_adds_no_weights():
    config = CellConfig("gru", 4, dilation=3, residual=True, learned_state=True)
    assert config.wrappers == ["dilated", "learned_state", "residual"]
    assert config.state_sizes == {"hidden": 4}
    assert config.shapes(4)["cell.initial.0"] == (4,)
    assert config.describe() == "gru 4 (residual, learned_state, dilation=3)"


def test_a_residual_needs_as_many_inputs_as_outputs():
    config = CellConfig("gru", 4, residual=True)
    assert config.shapes(4)["cell.weight_ih"] == (12, 4)
    with pytest.raises(BlueprintError, match="residual: set between 5 inputs and 4 outputs"):
        config.shapes(5)


def test_describe_tells_what_differs():
    assert CellConfig("gru", 8).describe() == "gru 8"
    assert (
        CellConfig("rnn", 8, activation="relu", residual=True, zoneout=0.1).describe()
        == "rnn 8 (activation=relu, zoneout=0.1, residual)"
    )


@pytest.mark.usefixtures("clean_registry")
def test_a_registered_kind_is_accepted_with_its_options_only():
    register_cell(
        CellKind(
            "leaky",
            weights=lambda config, inputs: {"weight": (config.units, inputs)},
            state=lambda config: {"hidden": config.units},
            options=frozenset({"activation"}),
        )
    )
    config = CellConfig("leaky", 3, activation="relu", output_projection=2)
    assert config.shapes(7) == {"weight": (2, 3), "bias": (2,), "cell.weight": (3, 7)}
    assert not cell_kinds()["leaky"].built_in
    with pytest.raises(BlueprintError, match="peepholes"):
        CellConfig("leaky", 3, peepholes=True)


@pytest.mark.usefixtures("clean_registry")
@pytest.mark.parametrize(
    ("name", "options", "where"),
    [("lstm", [], "name"), ("My Cell", [], "name"), ("", [], "name"), ("x", ["units"], "options")],
)
def test_a_kind_is_registered_under_a_free_plain_name(name, options, where):
    with pytest.raises(BlueprintError) as caught:
        register_cell(CellKind(name, lambda *_: {}, lambda _: {}, frozenset(options)))
    assert caught.value.where == where


def test_the_registry_cannot_be_changed_from_outside():
    cell_kinds().clear()
    assert [name for name, kind in cell_kinds().items() if kind.built_in] == [*RECURRENCES]


@pytest.mark.usefixtures("clean_registry")
def test_a_kind_of_ones_own_can_be_registered_again():
    for size in (1, 2):
        register_cell(
            CellKind("mine", lambda *_, size=size: {"w": (size,)}, lambda _: {"hidden": 1})
        )
    assert CellConfig("mine", 3).shapes(5) == {"w": (2,)}
