"""A step written once: run as it is, traced, and what it may not do."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.kernels.tapes import reference
from elman.tapes import INPUTS, Tape
from elman.written import WrittenCell, join, named, sigmoid, tanh, total, where
from tests.unchecked import unchecked
from tests.written_steps import FAMILY, PACED, modes, random_call


@pytest.mark.parametrize("name", FAMILY)
def test_the_step_as_it_is_is_what_the_tape_says(name):
    cell = FAMILY[name]
    call = random_call(cell, 5, 3, 4, 6, **modes(4, 6)["reverse"])
    with unchecked():
        run = reference.forward(call, named=True)
    weights = dict(zip(cell.weights, call.weights, strict=True))
    for row, length in enumerate(call.lengths):
        state = {name: part[row] for name, part in zip(cell.states, call.states, strict=True)}
        for made in range(length):
            at = length - 1 - made
            output, state = cell.run(call.inputs[row, at], state, weights, t=made)
            np.testing.assert_allclose(run.outputs[row, at], output, rtol=0, atol=1e-12)
        for part, final in zip(state.values(), run.states, strict=True):
            np.testing.assert_allclose(final[row], part, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FAMILY)
def test_a_cell_of_the_family_is_short_and_names_its_paper(name):
    cell = FAMILY[name]
    lines = inspect.getsource(cell.step).splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("def "))
    assert len(lines) - start <= 15
    assert "arXiv" in cell.paper or name == "leaky_echo"


def test_numpy_functions_do_as_well():
    def ours(x, state, w):
        a = w.w @ x + state.hidden
        b = np.tanh(a) * np.exp(-np.square(a)) + np.clip(a, -0.5, 0.5)
        c = np.where(a >= 0, np.maximum(a, b), np.minimum(a, b) / 2)
        return c - np.mean(c) + np.var(b) + np.sum(np.abs(a)) % 1.0

    cell = WrittenCell(ours, "with_numpy", weights={"w": ("H", "I")})
    call = random_call(cell, 5, 3, 2, 1)
    output, _ = cell.run(call.inputs[0, 0], {"hidden": call.states[0][0]}, {"w": call.weights[0]})
    np.testing.assert_allclose(reference.forward(call).outputs[0, 0], output, atol=1e-12)


def test_the_same_and_not_the_same():
    def step(x, state, w, t):
        a = where(t == 1, w.w @ x, state.hidden - 1.0)
        b = where(np.not_equal(a, w.b), a, 2.0) + where(state.hidden[-1] != 0, 0.5, 0.0)
        return where(np.equal(t, 2), a * b, b)

    cell = WrittenCell(step, "same", weights={"w": ("H", "I"), "b": ("H",)})
    call = random_call(cell, 5, 3, 2, 4)
    call.weights[1][2:] = call.states[0][0, 2:] - 1.0
    weights = dict(zip(cell.weights, call.weights, strict=True))
    run = reference.forward(call)
    state = {"hidden": call.states[0][0]}
    for t in range(4):
        output, state = cell.run(call.inputs[0, t], state, weights, t=t)
        np.testing.assert_allclose(run.outputs[0, t], output, atol=1e-12)


def test_a_state_of_one_number_is_put_out_for_every_unit():
    tape = _cell(lambda x, state, w: total(w.w @ x)).tape(4)
    assert tape.output_size == 4
    assert tape.output == tape.after[0]


def test_slices_of_what_is_read_again_and_again_are_taken_once():
    def step(x, state, w):
        a = w.w @ x
        for _ in range(600):  # 2**600 ways lead back to the product
            a = (a + 0.5) * (a - 0.25)
        return tanh(join(a[:2], a[2:]))

    tape = WrittenCell(step, "long", weights={"w": ("H", "I")}).tape(4)
    assert sum(op.name == "product" for op in tape.ops) == 2
    assert len(tape.ops) < 6 * 600 + 10


def test_slices_of_products_are_products_of_rows():
    def step(x, state, w):
        both = w.w @ x + w.u @ state.hidden + w.b
        return sigmoid(both[:5]) * tanh(both[5:])

    cell = WrittenCell(step, "sliced", weights={"w": ("2H", "I"), "u": ("2H", "H"), "b": ("2H",)})
    names = [op.name for op in cell.tape(5).ops]
    assert "slice" not in names
    assert names.count("product") == 4


def _cell(step, **parts):
    given = {"weights": {"w": ("H", "I"), "u": ("H", "H"), "b": ("H",)}, **parts}
    return WrittenCell(step, "wrong", **given)


def branch(x, state, w):
    a = w.w @ x
    if a > 0:  # here
        return a
    return state.hidden


def unknown_weight(x, state, w):
    return (
        w.w @ x + w.c  # here
    )


def unknown_function(x, state, w):
    return np.sinh(w.w @ x)  # here


def sizes(x, state, w):
    a = w.w @ x
    return a + x  # here


def columns(x, state, w):
    return w.u @ x  # here


def matrix(x, state, w):
    return state.hidden * w.u  # here


def foreign(x, state, w):
    return w.w @ x + "one"  # here


def power(x, state, w):
    return (w.w @ x) ** 3.3  # here


def branch_on_the_step(x, state, w, t):
    if t == 0:  # here
        return w.w @ x
    return state.hidden


def number_of_inputs(x, state, w):
    return w.w @ x / x.size  # here


def loop_over_units(x, state, w):
    return w.w @ x + sum(unit for unit in state.hidden)  # here


def unit_that_is_not_there(x, state, w):
    return w.w @ x + state.hidden[4]  # here


def endless(x, state, w):
    return np.maximum(w.w @ x, -np.inf)  # here


def named_again(x, state, w):
    first = named("z", w.w @ x)
    return first + named("z", w.u @ state.hidden)  # here


WRONG = (
    branch,
    unknown_weight,
    unknown_function,
    sizes,
    columns,
    matrix,
    foreign,
    power,
    branch_on_the_step,
    number_of_inputs,
    loop_over_units,
    unit_that_is_not_there,
    endless,
    named_again,
)


@pytest.mark.parametrize("step", WRONG)
def test_an_error_names_the_line_of_the_step(step):
    source, first = inspect.getsourcelines(step)
    line = first + next(k for k, text in enumerate(source) if "# here" in text)
    with pytest.raises(ArgumentError) as caught:
        _cell(step).tape(4)
    assert caught.value.where.startswith(f"{__file__}, line {line}, in {step.__name__}")


def test_what_is_returned_must_be_the_state():
    with pytest.raises(ArgumentError, match="return the output and a dict of hidden"):
        _cell(lambda x, state, w: {"cell": w.w @ x}).tape(4)
    with pytest.raises(ArgumentError, match="found hidden of I units"):
        _cell(lambda x, state, w: x).tape(4)


def test_a_description_is_checked():
    with pytest.raises(ArgumentError, match="begin with 'hidden'"):
        _cell(lambda x, state, w: x, states={"cell": "H"})
    with pytest.raises(ArgumentError, match="there are w, u, b"):
        _cell(lambda x, state, w: x, starts={"c": 1.0})
    with pytest.raises(ArgumentError, match="found '3I'"):
        _cell(lambda x, state, w: x, weights={"w": ("H", "3I")}).shapes(2, 3)
    with pytest.raises(ArgumentError, match="weights: found none"):
        _cell(lambda x, state, w: x, weights={})
    for shape in ("2H", 4, (), ("H", "I", "H")):
        with pytest.raises(ArgumentError, match="weights: found w of the shape"):
            _cell(lambda x, state, w: x, weights={"w": shape})
    with pytest.raises(ArgumentError, match="weights: found the name 'W'"):
        _cell(lambda x, state, w: x, weights={"W": ("H", "I")})

    def without_default(x, state, w, *, leak):
        return leak * (w.w @ x)

    with pytest.raises(ArgumentError, match="found leak without a default"):
        _cell(without_default)
    with pytest.raises(ArgumentError, match="found \\['b'\\]"):
        FAMILY["janet"].with_options(b=1)


def test_a_step_that_draws_by_itself_is_refused():
    draws = np.random.default_rng(0)

    def drawing(x, state, w):
        return w.w @ x * (draws.random(5) < 0.5)

    with pytest.raises(ArgumentError, match="in drawing: found other numbers at a second look"):
        _cell(drawing).tape(5)


def test_options_are_baked_into_the_tape():
    known = FAMILY["leaky_echo"]
    assert known.tape(4) != known.with_options(leak=0.5).tape(4)
    numbers = [
        op.given[0] for op in known.with_options(leak=0.25).tape(4).ops if op.name == "constant"
    ]
    assert 0.25 in numbers


def test_values_are_named():
    cell = _cell(lambda x, state, w: named("z", sigmoid(w.w @ x)) * state.hidden)
    call = random_call(cell, 4, 3, 2, 3)
    run = reference.forward(call, named=True)
    assert run.named["z"].shape == (2, 3, 4)
    assert (run.named["z"] > 0).all()


def test_as_many_inputs_as_units():
    cell = _cell(
        lambda x, state, w: where(w.b > 0, x, state.hidden), inputs="H", weights={"b": ("H",)}
    )
    assert cell.tape(4).inputs == 4
    assert _cell(lambda x, state, w: w.w @ x).tape(4).inputs == INPUTS


def test_a_number_for_each_unit():
    pace = np.linspace(0.1, 0.9, 5)
    cell, tape = PACED, PACED.tape(5)
    assert {op.size for op in tape.ops if op.name == "constant"} == {5}
    assert Tape.from_data(json.loads(json.dumps(tape.to_data()))) == tape
    call = random_call(cell, 5, 3, 2, 4)
    weights = dict(zip(cell.weights, call.weights, strict=True))
    state = {"hidden": call.states[0][0]}
    run = reference.forward(call)
    for t in range(4):
        output, state = cell.run(call.inputs[0, t], state, weights)
        np.testing.assert_allclose(run.outputs[0, t], output, atol=1e-12)
    one, other = (_cell(lambda x, state, w, p=p: (w.w @ x) * p).tape(5) for p in (pace, -pace))
    assert one != other


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (np.ones((2, 5)), "an array \\[2, 5\\]"),
        (np.array([0, np.nan, 1, 1, 1]), "the number nan"),
        (np.ones(4), "mul of 4 and 5 units"),
        (np.array([]), "an array \\[0\\]"),
    ],
)
def test_numbers_that_are_not_one_for_each_unit_are_refused(numbers, found):
    with pytest.raises(ArgumentError, match=f"found {found}"):
        _cell(lambda x, state, w: (w.w @ x) * numbers).tape(5)


def test_more_constants_than_a_tape_holds_are_refused():
    numbers = np.ones(10_000)

    def step(x, state, w):
        return (w.w @ x) * numbers + state.hidden * (2 * numbers)

    with pytest.raises(ArgumentError, match="found 20000 constants"):
        _cell(step).tape(10_000)


def test_comparisons_together():
    def step(x, state, w):
        a, b = w.w @ x, state.hidden
        inside = (a > -0.5) & (a <= b) | ~(b < 0.1)
        one = np.logical_xor(inside, a == b) & np.array([True, True, False, True, True])
        return where(one & np.logical_not(b > 2), a, b / 2) + where((a > 0)[:1] | (b > 0), 0.5, 0)

    cell = _cell(step)
    call = random_call(cell, 5, 3, 2, 6)
    weights, state = {"w": call.weights[0]}, {"hidden": call.states[0][0]}
    run = reference.forward(call)
    for t in range(6):
        output, state = cell.run(call.inputs[0, t], state, weights)
        np.testing.assert_allclose(run.outputs[0, t], output, atol=1e-12)


@pytest.mark.parametrize("wrong", [lambda a: a & (a > 0), lambda a: (a > 0) | a, lambda a: ~a])
def test_what_is_not_compared_is_not_true_or_false(wrong):
    with pytest.raises(ArgumentError, match="compare first"):
        _cell(lambda x, state, w: where(wrong(w.w @ x), 1.0, state.hidden)).tape(5)
