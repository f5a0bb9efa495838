"""Every block and every cell of a blueprint has a torch twin and a NumPy twin that agree."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from elman.blueprint import (
    BLOCKS,
    Attend,
    Blueprint,
    CellConfig,
    Convolution,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Parallel,
    Pool,
    Recall,
    Recurrent,
    Segments,
    Tail,
    cell_kinds,
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.errors import ShapeError
from elman.models import blocks as torch_blocks
from elman.models import build
from elman.models import cells as torch_cells
from elman.recurrences import RECURRENCES
from elman.runtime import Network
from elman.runtime.network import blocks as numpy_blocks
from elman.runtime.network import cells as numpy_cells

BOUND = 1e-5
B, T, FEATURES = 5, 7, 4
LENGTHS = [7, 3, 0, 1, 5]

BASE = {kind: CellConfig(kind, 6) for kind in RECURRENCES}
# Every option of CellConfig away from its default, on the kinds that have it.
OPTIONS = {
    "activation": {"rnn": "relu"},
    "forget_bias": {"lstm": 0.3},
    "peepholes": {"lstm": True},
    "projection": {"lstm": 3},
    "cell_clip": {"lstm": 0.2},
    "reset_after": {"gru": False},
    "layer_norm": {k: True for k in BASE if "layer_norm" in cell_kinds()[k].options},
    "zoneout": dict.fromkeys(BASE, 0.4),
    "input_dropout": dict.fromkeys(BASE, 0.5),
    "output_dropout": dict.fromkeys(BASE, 0.5),
    "recurrent_dropout": dict.fromkeys(BASE, 0.5),
    "variational": {},  # changes what the dropout rates do in training; nothing in an answer
    "weight_drop": dict.fromkeys(BASE, 0.5),
    "residual": dict.fromkeys(BASE, True),
    "output_projection": dict.fromkeys(BASE, 5),
    "learned_state": dict.fromkeys(BASE, True),
    "dilation": dict.fromkeys(BASE, 3),
}
CONFIGS = [*BASE.values()]
CONFIGS += [
    replace(BASE[kind], **{option: value})
    for option, kinds in OPTIONS.items()
    for kind, value in kinds.items()
]
WRAPPED = {"zoneout": 0.2, "input_dropout": 0.3, "variational": True, "learned_state": True}
CONFIGS += [
    replace(config, **WRAPPED, residual=True, output_projection=3) for config in BASE.values()
]
CONFIGS += [
    CellConfig("lstm", 6, peepholes=True, projection=4, cell_clip=0.3, layer_norm=True, **WRAPPED),
    CellConfig("gru", 6, residual=True, output_projection=3, dilation=2, **WRAPPED),
]
NAMES = [config.describe() for config in CONFIGS]


def trained(blueprint: Blueprint, seed: int = 0) -> tuple[torch.nn.Module, Network]:
    """A model whose weights (gains, biases and initial states too) are random, and its twin."""
    model = build(blueprint, seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=generator))
        for average in model.buffers():
            average.add_(0.4 * torch.rand(average.shape, generator=generator))
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return model, Network(blueprint, weights)


def sequences(features: int = FEATURES) -> np.ndarray:
    """Random inputs, NaN past each length."""
    inputs = np.random.default_rng(1).normal(size=(B, T, features)).astype(np.float32)
    inputs[np.arange(T) >= np.array(LENGTHS)[:, None]] = np.nan
    return inputs


def assert_twins(model, network, inputs, lengths=LENGTHS) -> None:
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs), lengths).numpy()
    found = network.run(inputs, lengths)
    assert np.isfinite(expected).all()
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, rtol=BOUND, atol=BOUND)


def test_every_kind_of_block_has_both_twins():
    assert set(torch_blocks.BLOCKS) == set(BLOCKS) == set(numpy_blocks.BLOCKS)


def test_every_kind_of_cell_has_both_twins():
    built_in = {name for name, kind in cell_kinds().items() if kind.built_in}
    assert set(torch_cells.CELLS) == built_in == set(numpy_cells.CELLS)
    assert set(BASE) == built_in


def test_every_wrapper_has_both_twins():
    assert set(torch_cells.WRAPPERS) == set(numpy_cells.WRAPPERS)
    used = {wrapper for config in CONFIGS for wrapper in config.wrappers}
    assert used == set(numpy_cells.WRAPPERS)


def test_every_option_of_a_cell_is_compared():
    assert set(OPTIONS) == {each.name for each in fields(CellConfig)} - {
        *("kind", "units"),
        "tape",  # of written cells: tests/cells/test_written.py
    }


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_cells_agree_at_every_step(config, bidirectional):
    features = config.state_sizes["hidden"] if config.residual else FEATURES
    blueprint = sequence_to_sequence(
        input_size=features, cells=config, outputs=3, bidirectional=bidirectional
    )
    model, network = trained(blueprint)
    assert_twins(model, network, sequences(features))


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
def test_state_dict_is_what_the_blueprint_expects(config):
    features = config.state_sizes["hidden"] if config.residual else FEATURES
    blueprint = sequence_to_sequence(
        input_size=features, cells=(config, BASE["gru"]), outputs=3, bidirectional=True
    )
    state = {name: tuple(value.shape) for name, value in build(blueprint).state_dict().items()}
    assert state == blueprint.shapes()


def mixed_stack() -> tuple[CellConfig, ...]:
    return (
        CellConfig("lstm", 5, projection=3, zoneout=0.1),
        CellConfig("rnn", 4, layer_norm=True, output_projection=6),
        CellConfig("gru", 6, residual=True, learned_state=True),
    )


def chain(*blocks) -> Blueprint:
    return Blueprint("sequence_to_vector", FEATURES, {"body": blocks})


LAST = CellConfig("lstm", 4, projection=3, zoneout=0.3, learned_state=True)
CHAINS = {
    "last": chain(Recurrent(LAST), Pool("last"), Dense(3)),
    "last of both": chain(Recurrent(LAST, bidirectional=True), Pool("last"), Dense(3)),
    "mean": chain(Recurrent(mixed_stack()), Pool("mean"), Dropout(0.5), Dense(3)),
    "attention": chain(Recurrent(mixed_stack()), Pool("attention"), Dense(3)),
    "attention of both": chain(Recurrent(LAST, bidirectional=True), Pool("attention"), Dense(3)),
    "max of both": chain(
        Recurrent(CellConfig("gru", 4), bidirectional=True), Pool("max"), Dense(6, "relu"), Dense(3)
    ),
    "two recurrent blocks": chain(
        Recurrent(CellConfig("rnn", 4)), Dense(5, "tanh"), Recurrent(LAST), Pool("last")
    ),
    "mean and max": chain(Recurrent(mixed_stack()), Pool("mean_max"), Dense(3)),
    "convolutions": chain(
        Convolution(6, 4, 2),
        Convolution(5, 3, activation="tanh"),
        Recurrent(CellConfig("gru", 4), bidirectional=True),
        Pool("mean_max"),
        Dense(3),
    ),
    "normalised, and beside": chain(
        Convolution(6, 4, 2, norm=True),
        Convolution(5, 3, activation="tanh", norm=True),
        Recurrent(mixed_stack()[:2], bidirectional=True, beside=True),
        Recurrent(CellConfig("gru", 4), beside=True),
        Pool("mean_max"),
        Dense(3),
    ),
    "wider than the rows": chain(
        Convolution(6, 9, 3, activation=None), Recurrent(LAST), Pool("last"), Dense(3)
    ),
    "dense first": chain(Dense(5), Dropout(0.2), Recurrent(CellConfig("gru", 4)), Pool("max")),
}


@pytest.mark.parametrize("blueprint", CHAINS.values(), ids=CHAINS)
def test_chains_to_a_vector_agree(blueprint):
    model, network = trained(blueprint)
    assert {name: tuple(v.shape) for name, v in model.state_dict().items()} == blueprint.shapes()
    assert_twins(model, network, sequences())
    assert_twins(model, network, np.nan_to_num(sequences()), lengths=None)


def to_steps(*blocks) -> Blueprint:
    return Blueprint("sequence_to_sequence", FEATURES, {"body": blocks})


DROPPED = CellConfig("gru", 5, input_dropout=0.2, recurrent_dropout=0.3, learned_state=True)
# Networks that read windows of WINDOW steps, and the steps of their answers.
WINDOW = 6
WINDOWS = {
    "segments": (to_steps(Segments(2), Recurrent(BASE["lstm"])), 3),
    "segments, features once": (to_steps(Segments(3, static=2), Recurrent(BASE["gru"])), 2),
    "tail": (to_steps(Recurrent(LAST), Tail(4), Dense(3)), 4),
    "flatten": (chain(Recurrent(BASE["rnn"]), Tail(2), Flatten(2), Dense(3)), None),
    "flattened inputs": (chain(Flatten(WINDOW), Dense(3)), None),
    "parallel": (to_steps(Parallel(mixed_stack(), 5)), 5),
    "parallel, ahead": (to_steps(Dense(5), Parallel((LAST, DROPPED), 2, ahead=True)), 2),
    "nothing but ahead": (to_steps(Parallel(BASE["gru"], WINDOW, ahead=True)), WINDOW),
    "segrnn": (
        to_steps(
            Segments(2, static=1), Dense(4, "relu"), Parallel(DROPPED, 4), Dropout(0.5), Dense(2)
        ),
        4,
    ),
    "recall": (
        to_steps(
            Segments(2, static=1), Parallel(DROPPED, 4), Recall(2, 3, 4, 2, parameters=3, shifted=2)
        ),
        4,
    ),
    "recall of some, ahead": (
        chain(
            Segments(1),
            Dense(5),
            Parallel(BASE["lstm"], 2, ahead=True),
            Recall(1, 4, 2),
            Flatten(2),
        ),
        None,
    ),
}


@pytest.mark.parametrize(("blueprint", "steps"), WINDOWS.values(), ids=WINDOWS)
def test_networks_of_windows_agree(blueprint, steps):
    model, network = trained(blueprint)
    assert {name: tuple(v.shape) for name, v in model.state_dict().items()} == blueprint.shapes()
    windows = np.random.default_rng(1).normal(size=(B, WINDOW, FEATURES)).astype(np.float32)
    assert_twins(model, network, windows, lengths=None)
    assert_twins(model, network, windows, lengths=[WINDOW] * B)
    size = blueprint.output_size
    assert network.run(windows).shape == ((B, size) if steps is None else (B, steps, size))
    assert network.run(windows[:0]).shape[0] == model(torch.from_numpy(windows[:0])).shape[0] == 0
    alone = np.concatenate([network.run(window[None]) for window in windows])
    np.testing.assert_array_equal(alone, network.run(windows))


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_convolutions_of_every_step_agree(width):
    blueprint = to_steps(Convolution(6, width), Recurrent(BASE["gru"]), Dense(3))
    model, network = trained(blueprint)
    assert_twins(model, network, sequences())
    inputs = sequences()
    rows = [network.run(row[None, :n], [n]) for row, n in zip(inputs, LENGTHS, strict=True)]
    whole = network.run(inputs, LENGTHS)
    for row, n, alone in zip(whole, LENGTHS, rows, strict=True):
        np.testing.assert_array_equal(row[:n], alone[0])


def test_what_is_read_stands_beside_the_outputs_of_each_step():
    blueprint = to_steps(Recurrent(mixed_stack(), beside=True))
    model, network = trained(blueprint)
    inputs = sequences()
    assert_twins(model, network, inputs)
    whole, state = network.run(inputs, LENGTHS), network.initial_state(B)
    np.testing.assert_array_equal(whole[0, :, -FEATURES:], inputs[0])
    for t in range(T):  # all rows but the first end early
        step, state = network.step_inputs(np.nan_to_num(inputs[:, t]), state)
        np.testing.assert_allclose(step[0], whole[0, t], rtol=BOUND, atol=BOUND)


def test_a_tail_is_that_of_each_row():
    model, network = trained(to_steps(Recurrent(BASE["rnn"]), Tail(2)))
    inputs, lengths = sequences(), [7, 3, 2, 2, 5]
    inputs[2:4] = 1
    assert_twins(model, network, inputs, lengths)
    every = Network(
        to_steps(Recurrent(BASE["rnn"])),
        {name: tensor.numpy() for name, tensor in model.state_dict().items()},
    )
    expected = every.run(inputs, lengths)[
        np.arange(B)[:, None], np.array(lengths)[:, None] - [2, 1]
    ]
    np.testing.assert_array_equal(network.run(inputs, lengths), expected)


RECALL = (Segments(2), Parallel(BASE["gru"], 4), Recall(2, 3, 4))


@pytest.mark.parametrize(
    ("blueprint", "steps", "lengths", "message"),
    [
        (to_steps(Segments(4), Recurrent(BASE["rnn"])), 7, None, "steps: found 7; give a mult"),
        (to_steps(Segments(3), Recurrent(BASE["rnn"])), 6, [6, 5], r"lengths\[1\]: found 5 of 6"),
        (chain(Flatten(6)), 7, None, "steps: found 7; give 6"),
        (chain(Flatten(6)), 6, [5, 6], r"lengths\[0\]: found 5 of 6 steps before Flatten"),
        (to_steps(Parallel(BASE["rnn"], 3)), 6, [6, 0], r"lengths\[1\]: .* before Parallel"),
        (to_steps(Parallel(BASE["rnn"], 3, ahead=True)), 2, None, "steps: found 2; give 3 or more"),
        (to_steps(*RECALL), 6, [6, 5], r"lengths\[1\]: .* before Segments"),
        (to_steps(*RECALL), 4, None, "steps: found 2 segments; give 3 or more"),
        (to_steps(*RECALL[:2], Recall(2, 3, 5)), 6, None, "steps: found 4 positions; give 5"),
        (to_steps(Recurrent(BASE["rnn"]), Tail(3)), 6, [6, 2], "steps: found a row of 2; give 3"),
        (to_steps(Recurrent(BASE["rnn"]), Tail(3)), 2, None, "steps: found a row of 2; give 3"),
    ],
)
def test_windows_that_do_not_fit_are_refused_by_both(blueprint, steps, lengths, message):
    model, network = trained(blueprint)
    inputs = np.zeros((2, steps, FEATURES), np.float32)
    with pytest.raises(ShapeError, match=message):
        model(torch.from_numpy(inputs), lengths)
    with pytest.raises(ShapeError, match=message):
        network.run(inputs, lengths)


@pytest.mark.parametrize("cells", [BASE["rnn"], mixed_stack()], ids=["one layer", "mixed stack"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_networks_on_tokens_agree(cells, bidirectional):
    if bidirectional and not isinstance(cells, CellConfig):
        cells = cells[:2]  # a residual layer does not fit two directions of the one below
    blueprint = sequence_to_vector(
        vocabulary=9,
        embedding=FEATURES,
        cells=cells,
        outputs=3,
        bidirectional=bidirectional,
        pool="mean",
    )
    model, network = trained(blueprint)
    ids = np.random.default_rng(2).integers(0, 9, (B, T))
    ids[np.arange(T) >= np.array(LENGTHS)[:, None]] = -7  # no token: it must not be looked up
    assert_twins(model, network, ids)


def test_no_step_at_all_is_the_initial_state():
    for name, blueprint in CHAINS.items():
        model, network = trained(blueprint)
        empty = np.zeros((2, 0, FEATURES), np.float32)
        with torch.no_grad():
            expected = model(torch.from_numpy(empty)).numpy()
        np.testing.assert_allclose(network.run(empty), expected, atol=BOUND, err_msg=name)
    model, network = trained(CHAINS["last"])
    with torch.no_grad():
        hidden = model.body[0].cells[0].initial[0]
        expected = model.body[2].weight @ hidden + model.body[2].bias
    np.testing.assert_allclose(network.run(np.zeros((1, 0, FEATURES)))[0], expected, atol=BOUND)


GENERATORS = {
    "encoder-decoder": encoder_decoder(
        source_vocabulary=8, target_vocabulary=6, embedding=5, cells=mixed_stack()[:1], go=0, eos=1
    ),
    "stack, source forward": encoder_decoder(
        source_vocabulary=8,
        target_vocabulary=6,
        embedding=5,
        cells=(CellConfig("gru", 4, learned_state=True, input_dropout=0.2), BASE["lstm"]),
        go=0,
        eos=1,
        reverse_source=False,
    ),
    "bridge from both directions": encoder_decoder(
        source_vocabulary=8,
        target_vocabulary=6,
        embedding=5,
        cells=(CellConfig("gru", 4), CellConfig("rnn", 3)),
        encoder_cells=CellConfig("lstm", 3, projection=2, zoneout=0.2, input_dropout=0.1),
        bidirectional=True,
        dropout=0.2,
        input_dropout=0.2,
        go=0,
        eos=1,
    ),
    "shared and tied": encoder_decoder(
        source_vocabulary=8,
        target_vocabulary=8,
        embedding=5,
        cells=CellConfig("lstm", 4),
        head="tied",
        shared=True,
        go=0,
        eos=1,
    ),
    **{
        f"{score}{', fed back' * feeding}": encoder_decoder(
            source_vocabulary=8,
            target_vocabulary=8,
            embedding=5,
            cells=(CellConfig("lstm", 4, zoneout=0.2), CellConfig("gru", 6, layer_norm=True)),
            encoder_cells=CellConfig("gru", 3, learned_state=True),
            bidirectional=True,
            attention=score,
            feeding=feeding,
            head="tied",
            shared=True,
            go=0,
            eos=1,
        )
        for score in ("dot", "general", "additive")
        for feeding in (False, True)
    },
    "features, attended to": Blueprint(
        "encoder_decoder",
        FEATURES,
        {
            "encoder": (Recurrent((CellConfig("rnn", 4, output_projection=7),)),),
            "decoder": (
                Embedding(6, 5),
                Dense(3),
                Recurrent((CellConfig("gru", 4),)),
                Attend("general", 7, 5),
                Recurrent((CellConfig("gru", 4),)),
                Dense(6),
            ),
            "bridge": (Dense(8, "tanh"),),
        },
        go=0,
        eos=1,
    ),
    "states without keys to cells that have some": Blueprint(
        "encoder_decoder",
        None,
        {
            "encoder": (Embedding(8, 3), Recurrent((CellConfig("rnn", 4),))),
            "decoder": (
                Embedding(6, 5),
                Recurrent((CellConfig("gru", 4, input_dropout=0.3, zoneout=0.1),)),
                Dense(6),
            ),
        },
        go=0,
        eos=1,
    ),
    "features to tokens": Blueprint(
        "encoder_decoder",
        FEATURES,
        {
            "encoder": (Recurrent((CellConfig("rnn", 4),)),),
            "decoder": (Embedding(6, 5), Recurrent((CellConfig("gru", 4),)), Dense(6)),
        },
        go=0,
        eos=1,
    ),
    "vector": vector_to_sequence(
        input_size=FEATURES,
        vocabulary=6,
        embedding=5,
        cells=(CellConfig("lstm", 4, zoneout=0.2, peepholes=True), CellConfig("rnn", 3)),
        go=0,
        eos=1,
    ),
}

GENERATORS |= {
    f"vector, {conditioning}": vector_to_sequence(
        input_size=FEATURES,
        vocabulary=6,
        embedding=5,
        cells=(CellConfig("lstm", 4, zoneout=0.2), CellConfig("gru", 3)),
        conditioning=conditioning,
        dropout=0.3,
        input_dropout=0.2,
        head="tied",
        go=0,
        eos=1,
    )
    for conditioning in ("first", "steps")
}


@pytest.mark.parametrize("blueprint", GENERATORS.values(), ids=GENERATORS)
def test_teacher_forcing_equals_the_decoders_steps(blueprint):
    model, network = trained(blueprint)
    assert {name: tuple(v.shape) for name, v in model.state_dict().items()} == blueprint.shapes()
    random = np.random.default_rng(3)
    lengths = LENGTHS
    if blueprint.configuration == "vector_to_sequence":
        source, lengths = random.normal(size=(B, FEATURES)).astype(np.float32), None
    elif blueprint.input_size is None:
        source = random.integers(0, 8, (B, T))
    else:
        source = sequences()
    target = random.integers(0, 6, (B, 4))
    target_lengths = np.array([4, 2, 3, 0, 4])
    with torch.no_grad():
        expected = model(
            torch.from_numpy(source), torch.from_numpy(target), lengths, target_lengths
        ).numpy()
    taught, attention = network.teach(source, target, lengths, target_lengths)
    np.testing.assert_allclose(taught, expected, rtol=BOUND, atol=BOUND)
    assert (attention is None) == (blueprint.attends is None)
    decoder = network.decoder(source, lengths)
    state = decoder.state
    for step in range(4):
        logits, state = decoder(target[:, step], state)
        logits = np.where((step < target_lengths)[:, None], logits, np.float32(0))
        np.testing.assert_array_equal(logits, taught[:, step])
    assert np.ptp(expected) > 0.1


def first_scores(network: Network, source: np.ndarray) -> np.ndarray:
    decoder = network.decoder(source, [4, 2])
    return decoder(np.array([0, 0]), decoder.state)[0]


def test_reversing_the_source_reads_it_backwards():
    forward = GENERATORS["stack, source forward"]
    backward = replace(forward, reverse_source=True)
    _, reads_forward = trained(forward)
    _, reads_backward = trained(backward)
    source = np.array([[3, 1, 2, 0], [5, 4, 0, 0]])
    turned = np.array([[0, 2, 1, 3], [4, 5, 0, 0]])
    for read, other in ((reads_forward, reads_backward), (reads_backward, reads_forward)):
        logits = first_scores(read, source)
        np.testing.assert_array_equal(logits, first_scores(other, turned))
        other_way = first_scores(other, source)
        assert np.abs(other_way - logits).max() > 1e-3
