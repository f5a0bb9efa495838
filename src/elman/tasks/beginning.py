"""Beginning with the layers of another model: its vectors of tokens, its recurrent layers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from elman.blueprint import Blueprint, Words
from elman.errors import ArgumentError
from elman.parameters import told
from elman.run_files import model_file
from elman.runtime.loading import load
from elman.runtime.seen import Seen
from elman.tasks.fitting import take_weights, weights_of
from elman.tasks.own import GIVEN
from elman.tasks.taking import (
    First,
    Taking,
    codec_of,
    kind_of,
    layers_from,
    take_layers,
    take_tokens,
)
from elman.transforms.scaler import Scaler

__all__ = [
    "Beginning",
    "begin",
    "begin_with_layers",
    "estimator_from",
    "layers_like",
    "model_of",
]

Weights = dict[str, np.ndarray]


class Beginning(NamedTuple):
    """What a network begins with.

    Attributes:
        weights: All of the network's, by the blueprint's names.
        note: What was taken and what is new, in a sentence or two.
        input_scaler: What the layers' features were scaled by, or None.
        seen: Which sequences the layers were learnt from, or None.
    """

    weights: Weights
    note: str
    input_scaler: Scaler | None
    seen: Seen | None


def model_of(start: Any) -> tuple[Any, str]:
    """The model whose layers are taken, and what messages call it; see `begin_with_layers`."""
    where = "the model"
    if isinstance(start, str | os.PathLike):
        where = os.fspath(start)
        start = load(model_file(where))
    blueprint = getattr(start, "blueprint", None)
    if blueprint is None or not hasattr(start, "bundle"):
        raise ArgumentError("start", f"found {start!r:.60}", "a model file's path, or a model_")
    if not blueprint.described:
        found = f"the network of {where} is one of a user's own"
        raise ArgumentError("start", found, "a model whose layers are known")
    return start, where


def layers_like(model: Any, words: bool = False) -> dict[str, Any]:
    """Parameters of an estimator whose layers fit a model's.

    Args:
        model: What has the layers.
        words: Whether the estimator reads words and their letters, rather than texts.
    """
    first = First.of(model.blueprint)
    found: dict[str, Any] = {}
    if words and first.recurrent is not None and kind_of(codec_of(model)) == "characters":
        cell = first.recurrent.cells[0]  # what reads letters there is one layer
        assert first.table is not None
        return {"cell": cell.kind, "characters": first.table.size, "character_units": cell.units}
    if getattr(model, "codec", None) is not None:
        found["codec"] = model.codec
    if first.table is not None:
        found |= {"embedding": first.table.size, "characters": 0}
    if isinstance(first.table, Words) and first.table.letters:
        found |= {"characters": first.table.character_size}
        found |= {"character_units": first.table.cells[0].units}
    if first.recurrent is None:
        return found
    cells = first.recurrent.cells
    kinds = {(one.kind, one.activation, one.layer_norm) for one in cells}
    if len(kinds) == 1:
        (alike,) = kinds
        units = [one.units for one in cells]
        named = dict(zip(("cell", "activation", "layer_norm"), alike, strict=True))
        found |= {name: value for name, value in named.items() if value not in ("tanh", False)}
        found["units"] = units[0] if len(units) == 1 else units
    return found | ({"bidirectional": True} if first.recurrent.bidirectional else {})


def begin(estimator: Any, blueprint: Any, network: Any, reads: Any) -> Beginning | None:
    """Let a network begin with the layers of an estimator's `start`; None where there is none.

    Args:
        estimator: Its parameters.
        blueprint: The network as data.
        network: As `build` makes it: its weights are changed in place.
        reads: As of `begin_with_layers`, as all errors are.
    """
    if estimator.start is None:
        return None
    for name in ("network", "vectors"):
        if getattr(estimator, name, None) is not None:
            raise ArgumentError(name, "given beside start", "one of the two")
    begun = begin_with_layers(blueprint, weights_of(network), reads, estimator.start)
    take_weights(network, begun.weights)
    return begun


def begin_with_layers(blueprint: Blueprint, fresh: Weights, reads: Any, start: Any) -> Beginning:
    """A network's weights with all that fits of another model's first layers.

    These are the vectors of tokens (and what reads the letters of words), and the first block of
    recurrent layers, from the input up as far as they are alike. A network that reads in one
    direction gives the cells of that direction. One that reads texts as characters gives its
    layers to what reads the letters of words. Heads are not taken.

    Args:
        blueprint: The network.
        fresh: Its weights, drawn anew.
        reads: What makes ids of its inputs: a codec, or `WordCodes`; None where it reads features.
        start: A model file's path, or that of a run's folder; or a model (an estimator's `model_`).

    Raises:
        ArgumentError: Nothing fits; or it is no model, or its network is one of a user's own.
        BundleError: The file holds no model.
    """
    model, where = model_of(start)
    mine, theirs = First.of(blueprint), First.of(model.blueprint)
    taking = Taking(dict(fresh), model.bundle.weights)
    if mine.table is None and theirs.table is None:
        fits = blueprint.input_size == model.blueprint.input_size
        if not fits:
            taking.misfits.append(f"it reads {model.blueprint.input_size} features")
    else:
        fits = take_tokens(taking, mine, theirs, reads, model)
    if fits and mine.recurrent is not None:
        take_layers(taking, mine, theirs, model)
    elif mine.recurrent is not None:
        taking.new += layers_from(0, mine.recurrent)
    if not taking.taken:
        words = isinstance(mine.table, Words)
        like = layers_like(model, words)
        like = ", ".join(f"{k}={v!r}" for k, v in like.items() if k != "codec")
        found = f"nothing of {where} fits: {'; '.join(taking.misfits) or 'it has no such layer'}"
        expected = f"{like or 'another model'}; or leave start= out for a fresh network"
        raise ArgumentError("start", found, expected)
    new = [*taking.new, *(block.kind for block in mine.rest)]
    note = f"From {where}: {', '.join(taking.taken)}. New, at random: {', '.join(new)}."
    scaler = None if mine.table is not None else getattr(model, "input_scaler", None)
    return Beginning(taking.weights, note, scaler, getattr(model, "seen", None))


def estimator_from(kind: Any, path: str | os.PathLike[str], given: Mapping[str, Any]) -> Any:
    """An estimator that trains a model on, or begins with its layers.

    Args:
        kind: The estimator's class.
        path: Of the model file, or of its run's folder.
        given: Parameters; the model says the others, as far as its layers need them.
    """
    model, where = model_of(path)
    known = told(kind)
    like = layers_like(model, words="character_units" in known)
    like = {name: value for name, value in like.items() if name in known}
    given = dict(given)
    if given.get("codec") == GIVEN:  # of the configuration of a run that began with this model
        given.pop("codec")
    elif {"codec", "vocabulary", "min_count"} & given.keys():
        like.pop("codec", None)
    if model.task != kind._task:
        return kind(**{**like, **given}, start=path)
    own = {"codec": like["codec"]} if "codec" in like else {}
    file = model_file(where)
    return kind.load(file).set_params(**{**own, **given}, start=path)
