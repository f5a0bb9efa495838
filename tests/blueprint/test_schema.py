from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.blueprint import (
    Blueprint,
    CellConfig,
    Dense,
    Flatten,
    Parallel,
    Recall,
    Recurrent,
    Segments,
    Tail,
    Words,
    encoder_decoder,
    from_data,
    from_json,
    sequence_to_sequence,
    sequence_to_vector,
    to_data,
    to_json,
    vector_to_sequence,
)
from elman.errors import BlueprintError

CELLS = (
    CellConfig("lstm", 4, peepholes=True, cell_clip=3.0, zoneout=0.1, learned_state=True),
    CellConfig("rnn", 4, activation="relu", residual=True, input_dropout=0.5, variational=True),
    CellConfig("gru", 5, reset_after=False),
)
DILATED = tuple(CellConfig("gru", 4, dilation=2**k) for k in range(3))
BLUEPRINTS = [
    sequence_to_vector(input_size=3, cells=CELLS, outputs=2, dropout=0.5),
    sequence_to_sequence(vocabulary=3, embedding=2, cells=CELLS[0], outputs=2, bidirectional=True),
    sequence_to_sequence(
        words=Words(9, 2, letters=4, characters=5, character_size=2, cells=(CELLS[0],)),
        cells=CELLS[0],
        outputs=2,
        dropout=0.1,
        input_dropout=0.2,
        crf=True,
    ),
    vector_to_sequence(input_size=3, vocabulary=9, embedding=2, cells=CELLS[2], go=7, eos=8),
    encoder_decoder(
        source_vocabulary=4, target_vocabulary=5, embedding=2, cells=CELLS, go=0, eos=1
    ),
    encoder_decoder(
        source_vocabulary=5,
        target_vocabulary=5,
        embedding=2,
        cells=CELLS[2],
        encoder_cells=CELLS[:1],
        bidirectional=True,
        attention="additive",
        feeding=True,
        shared=True,
        head="tied",
        go=0,
        eos=1,
    ),
    Blueprint(
        "sequence_to_sequence",
        3,
        {"body": (Segments(4, static=1), Parallel(CELLS[2], 6, ahead=True), Recall(4, 3, 6, 2))},
    ),
    Blueprint(
        "sequence_to_vector", 3, {"body": (Recurrent(DILATED), Tail(2), Flatten(2), Dense(5))}
    ),
]
IDS = [blueprint.describe().split(",")[0] + str(k) for k, blueprint in enumerate(BLUEPRINTS)]


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
def test_json_there_and_back(blueprint):
    again = from_json(to_json(blueprint))
    assert again == blueprint
    assert again.shapes() == blueprint.shapes()


def changed(path: list, value) -> dict:
    data = copy.deepcopy(to_data(BLUEPRINTS[0]))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


BODY = ["chains", "body"]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["schema"], 2, "schema"),
        (["schema"], True, "schema"),
        (["configuration"], "one_to_one", "configuration"),
        (["input_size"], 0, "input_size"),
        (["input_size"], "3", "input_size"),
        (["extra"], 1, "extra"),
        (["chains"], [], "chains"),
        ([*BODY], {"kind": "dense"}, "chains.body"),
        ([*BODY], [], "chains.body"),
        ([*BODY], [{}] * 65, "chains.body"),
        ([*BODY, 1], "pool", "chains.body[1].kind"),
        ([*BODY, 1, "kind"], "attention", "chains.body[1].kind"),
        ([*BODY, 1, "kind"], {}, "chains.body[1].kind"),
        ([*BODY, 1, "window"], 3, "chains.body[1].window"),
        ([*BODY, 2, "rate"], 1.0, "chains.body[2].rate"),
        ([*BODY, 3, "units"], -3, "chains.body[3].units"),
        ([*BODY, 3], {"kind": "dense"}, "chains.body[3].units"),
        ([*BODY, 0, "cells"], 7, "chains.body[0].cells"),
        ([*BODY, 0, "cells"], [], "chains.body[0].cells"),
        ([*BODY, 0, "cells", 1], [], "chains.body[0].cells[1].kind"),
        ([*BODY, 0, "cells", 0, "units"], -3, "chains.body[0].cells[0].units"),
        ([*BODY, 0, "cells", 2, "kind"], "mine", "chains.body[0].cells[2].kind"),
        ([*BODY, 0, "cells", 2, "colour"], "red", "chains.body[0].cells[2].colour"),
        ([*BODY, 0, "cells", 1, "units"], 6, "chains.body[0].cells[1].residual"),
        ([*BODY, 0, "cells", 0], {"kind": "rnn"}, "chains.body[0].cells[0].units"),
        (["go"], 0, "go"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(path, value, where):
    data = changed(path, value)
    with pytest.raises(BlueprintError) as caught:
        from_json(json.dumps(data))
    assert caught.value.where == where
    with pytest.raises(BlueprintError):
        from_data(data)


def test_the_message_has_path_finding_and_advice():
    with pytest.raises(BlueprintError) as caught:
        from_data(changed([*BODY, 0, "cells", 0, "units"], -3))
    assert (
        str(caught.value)
        == "chains.body[0].cells[0].units: found -3; give an integer from 1 to 65536"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"schema": NaN}',
        '{"schema": 1, "schema": 1}',
        '"' + "x" * 2**20 + '"',
        "9" * 10_000,
        '{"schema": 1e999}',
        '"\ud800"',
    ],
    ids=lambda text: text[:20],
)
def test_text_that_is_no_blueprint(text):
    with pytest.raises(BlueprintError):
        from_json(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["rnn", "lstm", "dense", "recurrent", "pool"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


# What fits in many places: else hardly anything that is drawn would be taken.
fitting = st.integers(1, 9) | st.booleans() | st.floats(0, 0.9) | st.none()


def places(data, path=()):
    yield path
    if isinstance(data, dict | list):
        for key in data if isinstance(data, dict) else range(len(data)):
            yield from places(data[key], (*path, key))


PLACES = [list(path) for path in places(to_data(BLUEPRINTS[0])) if path]


def test_any_value_anywhere_is_taken_or_refused_with_a_blueprint_error():
    useful = Counter()

    @settings(max_examples=700, deadline=None)
    @given(path=st.sampled_from(PLACES), value=json_values | fitting)
    def law(path, value):
        try:
            blueprint = from_data(changed(path, value))
        except BlueprintError:
            useful["refused"] += 1
            return
        assert from_json(to_json(blueprint)) == blueprint
        useful["taken"] += 1

    law()
    assert useful["refused"] >= 100, useful
    assert useful["taken"] >= 20, useful


def test_defaults_may_be_left_out():
    data = {
        "schema": 1,
        "configuration": "sequence_to_vector",
        "input_size": 3,
        "chains": {
            "body": [
                {"kind": "recurrent", "cells": [{"kind": "gru", "units": 4}]},
                {"kind": "pool"},
            ]
        },
    }
    assert from_data(data).describe() == (
        "sequence_to_vector on 3 features, 100 parameters\n"
        "  body.0 recurrent: gru 4\n"
        "  body.1 pool: last hidden state"
    )


def test_blueprints_need_neither_numpy_nor_torch():
    code = "import sys, elman.blueprint; print({'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
