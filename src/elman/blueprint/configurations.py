"""The four configurations of recurrent networks, each as one call that returns a `Blueprint`.

>>> from elman.blueprint import CellConfig, sequence_to_vector
>>> digits = sequence_to_vector(input_size=28, cells=CellConfig("rnn", 150), outputs=10)
>>> print(digits.describe())
sequence_to_vector on 28 features, 28360 parameters
  body.0 recurrent: rnn 150
  body.1 pool: last hidden state
  body.2 dense: 10
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from elman.blueprint.blocks import (
    Adaptive,
    Attend,
    Block,
    Convolution,
    Crf,
    Dense,
    Dropout,
    Embedding,
    Given,
    Pool,
    Recurrent,
    Tied,
    Words,
)
from elman.blueprint.cells import CellConfig
from elman.blueprint.generating import state_size
from elman.blueprint.network import Blueprint
from elman.errors import BlueprintError

__all__ = [
    "encoder_decoder",
    "sequence_to_sequence",
    "sequence_to_vector",
    "vector_to_sequence",
]

Cells = CellConfig | Sequence[CellConfig]


def sequence_to_vector(
    *,
    cells: Cells,
    outputs: int,
    input_size: int | None = None,
    vocabulary: int | None = None,
    embedding: int | Embedding | None = None,
    bidirectional: bool = False,
    pool: str = "last",
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    given: int = 0,
    convolutions: Sequence[Convolution] = (),
    beside: bool = False,
) -> Blueprint:
    """A sequence is read, then one vector of `outputs` values is given for it.

    Args:
        cells: One cell, or one for each layer from the input up.
        outputs: Size of the answer: classes (their scores) or numbers.
        input_size: Features of a step; or give `vocabulary` and `embedding` for token ids.
        vocabulary: Number of token ids.
        embedding: Numbers that stand for a token; or the block, in place of `vocabulary`.
        bidirectional: Every layer reads in both directions.
        pool: `last`, `mean`, `max`, `mean_max` or `attention`; see `Pool`.
        dropout: Rate between the pooled vector and the dense layer, in [0, 1).
        input_dropout: Rate before the cells, likewise.
        given: Further numbers that are given for each step beside the inputs; see `Given`.
        convolutions: What reads several steps at once in front of the cells.
        beside: What the cells read is pooled beside what they give; see `Recurrent`.

    Raises:
        BlueprintError: A value is outside its range or the sizes do not fit.
    """
    blocks = [
        *_input(input_size, vocabulary, embedding),
        *_given(given),
        *_dropout(input_dropout),
        *convolutions,
        Recurrent(_tuple(cells), bidirectional, beside),
    ]
    blocks += [Pool(pool), *_dropout(dropout), Dense(outputs)]
    return Blueprint("sequence_to_vector", input_size, {"body": tuple(blocks)})


def sequence_to_sequence(
    *,
    cells: Cells,
    outputs: int,
    input_size: int | None = None,
    vocabulary: int | None = None,
    embedding: int | Embedding | None = None,
    words: Words | None = None,
    bidirectional: bool = False,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    crf: bool = False,
    head: str = "dense",
    given: int = 0,
    convolutions: Sequence[Convolution] = (),
) -> Blueprint:
    """One vector of `outputs` values is given at every step that is read ("synced").

    The dense layer at the end is shared over time: the lesson's output projection. Arguments
    and errors as of `sequence_to_vector`; `dropout` stands before the dense layer, `input_dropout`
    before the cells. With `words`, in place of `input_size`, these are how words are read; `crf`
    ends the network with a `Crf`: paths of `outputs` tags.

    `head` is what scores the `outputs` tokens of a language model: `dense`, `tied` to the
    embedding's vectors (`Tied`; features of another size are projected), or `adaptive` (`Adaptive`,
    cut where it is usual).
    """
    inputs = [words] if words is not None else _input(input_size, vocabulary, embedding)
    read = Recurrent(_tuple(cells), bidirectional)
    blocks = [*inputs, *_given(given), *_dropout(input_dropout), *convolutions, read]
    blocks += [*_dropout(dropout), _head(head, outputs, embedding, read.output_features(0))]
    blocks += [Crf()] if crf else []
    return Blueprint("sequence_to_sequence", input_size, {"body": tuple(blocks)})


def vector_to_sequence(
    *,
    input_size: int,
    vocabulary: int,
    embedding: int,
    cells: Cells,
    go: int,
    eos: int,
    conditioning: str = "state",
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    head: str = "dense",
) -> Blueprint:
    """One vector is given, and a sequence of tokens is written for it.

    At each step the decoder is fed the previous token, `go` at first, until it writes `eos`. What a
    dense layer with tanh (the bridge) makes from the vector is, by `conditioning`, the decoder's
    initial `state`; or as large as an embedded token, and read `first`, before `go` (Vinyals et al.
    2015, arXiv 1411.4555v2); or likewise, and beside the token at all `steps`.

    Args:
        input_size: Features of the vector.
        vocabulary: Number of token ids, `go` and `eos` among them.
        embedding: Numbers that stand for a token.
        cells: The decoder's layers.
        go: Id of the token that is fed first.
        eos: Id of the token that ends a sequence.
        conditioning: See above.
        dropout: As of `encoder_decoder`, like `input_dropout` and `head`.
        input_dropout: See there.
        head: See there.

    Raises:
        BlueprintError: A value is outside its range or the sizes do not fit.
    """
    decoder = Recurrent(_tuple(cells))
    size = state_size((decoder,)) if conditioning == "state" else embedding
    chains: dict[str, tuple[Block, ...]] = {
        "bridge": (Dense(size, "tanh"),),
        "decoder": (
            Embedding(vocabulary, embedding),
            *_dropout(input_dropout),
            decoder,
            *_dropout(dropout),
            _head(head, vocabulary, embedding, decoder.output_features(0)),
        ),
    }
    return Blueprint("vector_to_sequence", input_size, chains, go, eos, conditioning=conditioning)


def encoder_decoder(
    *,
    target_vocabulary: int,
    embedding: int,
    cells: Cells,
    go: int,
    eos: int,
    source_vocabulary: int | None = None,
    input_size: int | None = None,
    reverse_source: bool | None = None,
    encoder_cells: Cells | None = None,
    bidirectional: bool = False,
    attention: str | None = None,
    feeding: bool = False,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    head: str = "dense",
    shared: bool = False,
) -> Blueprint:
    """A sequence is read to its end, then one of tokens is written ("delayed").

    Encoder and decoder have weights of their own. The decoder starts from the encoder's final
    states; where these are of other kinds or sizes, or of two directions, a dense layer with tanh
    (the bridge) makes its initial state from all of them. With `attention` it looks back, at each
    step, at what the encoder gave for every step of the source.

    Args:
        target_vocabulary: Number of token ids that are written, `go` and `eos` among them.
        embedding: Numbers that stand for a token, on both sides.
        cells: The layers of the decoder.
        go: Id of the target token that is fed first.
        eos: Id of the target token that ends a sequence.
        source_vocabulary: Number of token ids that are read.
        input_size: In its place: features of a step that is read.
        reverse_source: Read the source backwards, so that its beginning, which is written
            first, was read last (Sutskever et al. 2014, arXiv 1409.3215v3); None: unless it is
            read in both directions, where it would say nothing.
        encoder_cells: The layers of the encoder; None: as `cells`.
        bidirectional: The encoder reads in both directions.
        attention: `dot`, `general` or `additive`, with as many units as a step of the decoder has;
            see `Attend`. None: the decoder has the state only.
        feeding: What attention gave stands beside the next step's input; see `Attend`.
        dropout: Rate before what scores the tokens, in [0, 1).
        input_dropout: Rate behind the embeddings of both sides, likewise.
        head: What scores the tokens: `dense`, or `tied` to the decoder's embedding.
        shared: Both sides have the vectors of one embedding, so one vocabulary.

    Raises:
        BlueprintError: A value is outside its range or the sizes do not fit, there is feeding
            without attention, or a source that is read in both directions is to be reversed.
    """
    own = _tuple(cells)
    read = _encoder_cells(own if encoder_cells is None else _tuple(encoder_cells), attention)
    encoder = Recurrent(read, bidirectional)
    # A decoder's initial state is given to it.
    decoder = Recurrent(tuple(replace(cell, learned_state=False) for cell in own))
    features = decoder.output_features(0)
    sizes = (encoder.output_features(0), features)
    chains: dict[str, tuple[Block, ...]] = {
        "encoder": (
            *_input(input_size, source_vocabulary, embedding if input_size is None else None),
            *_dropout(input_dropout),
            encoder,
        ),
        "decoder": (
            Embedding(target_vocabulary, embedding, shared=shared),
            *_dropout(input_dropout),
            decoder,
            *_attention(attention, feeding, *sizes),
            *_dropout(dropout),
            _head(head, target_vocabulary, embedding, features),
        ),
    }
    kinds = [[cell.kind for cell in block.cells] for block in (encoder, decoder)]
    same = kinds[0] == kinds[1] and encoder.state_sizes == decoder.state_sizes
    if bidirectional or not same:
        chains["bridge"] = (Dense(state_size((decoder,)), "tanh"),)
    backwards = not bidirectional if reverse_source is None else reverse_source
    return Blueprint("encoder_decoder", input_size, chains, go, eos, backwards)


def _encoder_cells(cells: tuple[CellConfig, ...], attention: str | None) -> tuple[CellConfig, ...]:
    """Of the encoder's top cell only the state is read, unless its outputs are attended to."""
    *lower, top = cells
    if attention is not None:
        return cells
    return (*lower, replace(top, residual=False, output_projection=None))


def _attention(score: str | None, feeding: bool, memory: int, features: int) -> list[Block]:
    if score is not None:
        return [Attend(score, memory, features, feeding)]
    if feeding:
        raise BlueprintError("feeding", "set without attention", "give attention, or leave it out")
    return []


def _tuple(cells: Cells) -> tuple[CellConfig, ...]:
    return (cells,) if isinstance(cells, CellConfig) else tuple(cells)


def _dropout(rate: float) -> list[Block]:
    return [Dropout(rate)] if rate else []


def _given(size: int) -> list[Block]:
    return [Given(size)] if size else []


def _head(head: str, outputs: int, embedding: int | Embedding | None, features: int) -> Block:
    """What scores `outputs` tokens by so many features."""
    if head == "dense":
        return Dense(outputs)
    if head == "adaptive":
        return Adaptive(outputs)
    if head != "tied" or embedding is None:
        expected = "dense, adaptive, or tied where token ids have an embedding"
        raise BlueprintError("head", f"found {head!r}", expected)
    size = embedding.size if isinstance(embedding, Embedding) else embedding
    return Tied(outputs, size, projected=features != size)


def _input(
    input_size: int | None, vocabulary: int | None, embedding: int | Embedding | None
) -> list[Block]:
    """An embedding where the inputs are token ids, else nothing."""
    if isinstance(embedding, Embedding) and input_size is None and vocabulary is None:
        return [embedding]
    if input_size is None and vocabulary is not None and isinstance(embedding, int):
        return [Embedding(vocabulary, embedding)]
    if input_size is not None and vocabulary is None and embedding is None:
        return []
    raise BlueprintError(
        "input_size",
        f"found {input_size}, with vocabulary {vocabulary} and embedding {embedding}",
        "give either input_size, or both vocabulary and embedding",
    )
