"""Scores of a vocabulary: torch and NumPy agree, gradients, what training need not compute."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from elman.blueprint import (
    Adaptive,
    Blueprint,
    CellConfig,
    Dense,
    Embedding,
    Recurrent,
    Tied,
    encoder_decoder,
    sequence_to_sequence,
)
from elman.errors import ArgumentError, ShapeError
from elman.models import begin_with_frequencies, build, sample_scores
from elman.models.candidates import draw_candidates
from elman.models.flow import Flow
from elman.models.heads import Unscored, joined
from elman.targets import Target
from elman.training import CrossEntropy, Examples, Streams, Trainer, TrainingConfig
from elman.training.loop.losses import accuracy
from elman.training.loop.optimizers import build_optimizer
from elman.training.loop.rows import RowsOptimizer
from elman.training.loop.truncated import truncated_unroll
from tests.models.test_twins import BOUND, LENGTHS, B, T, trained

V = 23
CELL = CellConfig("lstm", 6)
HEADS = {
    "tied": (Embedding(V, 6), Recurrent(CELL), Tied(V, 6)),
    "tied, projected": (Embedding(V, 4), Recurrent(CELL), Tied(V, 4, projected=True)),
    "adaptive": (Embedding(V, 4), Recurrent(CELL), Adaptive(V, (5, 12), 2.0)),
    "adaptive, one tail": (Embedding(V, 4), Recurrent(CELL), Adaptive(V, (22,))),
}


def model_of(name: str, seed: int = 0):
    return build(Blueprint("sequence_to_sequence", None, {"body": HEADS[name]}), seed)


def tokens(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, V, (B, T))


def examples(seed: int = 1) -> Examples:
    ids = torch.from_numpy(np.random.default_rng(seed).integers(0, V, (B, T + 1)))
    lengths = torch.tensor(LENGTHS)
    return Examples(ids[:, :-1], ids[:, 1:], lengths, kind=Target.CLASS_PER_STEP)


@pytest.mark.parametrize("name", HEADS)
def test_both_twins_agree(name):
    blueprint = Blueprint("sequence_to_sequence", None, {"body": HEADS[name]})
    model, network = trained(blueprint)
    assert {name: tuple(v.shape) for name, v in model.state_dict().items()} == blueprint.shapes()
    with torch.no_grad():
        given = model(torch.from_numpy(tokens()), LENGTHS)
        expected = getattr(given, "scores", given).numpy()
    found = network.run(tokens(), LENGTHS)
    real = np.arange(T) < np.array(LENGTHS)[:, None]
    np.testing.assert_allclose(found[real], expected[real], rtol=BOUND, atol=BOUND)
    assert (found[~real] == 0).all()
    state, steps = network.initial_state(B), []
    for t in range(T):
        said, state = network.step_inputs(tokens()[:, t], state)
        steps.append(said)
    np.testing.assert_array_equal(np.stack(steps, axis=1)[real], found[real])


@pytest.mark.parametrize("name", ["tied", "tied, projected"])
def test_a_stream_is_fed_by_the_compiled_module(name):
    _, network = trained(Blueprint("sequence_to_sequence", None, {"body": HEADS[name]}))
    stepper, state = network.stepper(B), network.initial_state(B)
    for t in range(T):
        ids = np.ascontiguousarray(tokens()[:, t])
        said, state = network.step_inputs(ids, state)
        np.testing.assert_array_equal(stepper.step(ids), said)


def test_a_tied_decoder_writes():
    plain = encoder_decoder(
        source_vocabulary=7, target_vocabulary=V, embedding=6, cells=CELL, go=0, eos=1
    )
    chains = dict(plain.chains, decoder=HEADS["tied"])
    model, network = trained(Blueprint("encoder_decoder", None, chains, 0, 1))
    source, written = np.arange(6).reshape(2, 3), tokens()[:2]
    with torch.no_grad():
        expected = model(torch.from_numpy(source), torch.from_numpy(written)).numpy()
    decoder = network.decoder(source)
    state = decoder.state
    for t in range(T):
        said, state = decoder(written[:, t], state)
        np.testing.assert_allclose(said, expected[:, t], rtol=BOUND, atol=BOUND)


@pytest.mark.parametrize("cutoffs", [(5, 12), (1, 2, 22), (4,)])
def test_the_adaptive_softmax_is_torchs_own(cutoffs):
    torch.manual_seed(0)
    wanted = torch.nn.AdaptiveLogSoftmaxWithLoss(6, V, [*cutoffs], div_value=1.5)
    blocks = (Embedding(V, 4), Recurrent(CELL), Adaptive(V, cutoffs, 1.5))
    model = build(Blueprint("sequence_to_sequence", None, {"body": blocks}), 0)
    head = model.body[2]
    with torch.no_grad():
        head.weight.copy_(wanted.head.weight)
        for ours, theirs in zip(head.tails, wanted.tail, strict=True):
            ours.projection.copy_(theirs[0].weight)
            ours.weight.copy_(theirs[1].weight)
    values, targets = torch.randn(40, 6), torch.randint(V, (40,))
    torch.testing.assert_close(head.scores(values), wanted.log_prob(values))
    torch.testing.assert_close(head.losses(values, targets), -wanted(values, targets).output)
    for target in range(V):  # batches of one token, in one cluster only
        alone = torch.full((2,), target)
        torch.testing.assert_close(
            head.losses(values[:2], alone), -wanted.log_prob(values[:2])[:, target]
        )
    assert head.losses(values[:0], targets[:0]).shape == (0,)


def test_gradients_of_both_uses_add_up():
    """Those of a network whose two matrices are alike, added."""
    model = model_of("tied")
    blocks = (Embedding(V, 6), Recurrent(CELL), Dense(V))
    apart = build(Blueprint("sequence_to_sequence", None, {"body": blocks}), 0)
    weights = model.state_dict()
    apart.load_state_dict({**weights, "body.2.weight": weights["body.0.weight"]})
    batch = examples()
    for one in (model, apart):
        CrossEntropy()(one(*batch.arguments), batch).mean().backward()
    both = apart.body[0].weight.grad + apart.body[2].weight.grad
    torch.testing.assert_close(model.body[0].weight.grad, both)
    assert len([*model.parameters()]) == len([*apart.parameters()]) - 1


def test_tied_vectors_begin_small_so_that_scores_do():
    big = Blueprint(
        "sequence_to_sequence",
        None,
        {"body": (Embedding(400, 64), Recurrent(CellConfig("gru", 64)), Tied(400, 64))},
    )
    weight = build(big, 0).body[0].weight
    assert abs(weight.std().item() * 8 - 1) < 0.02


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_rows_of_a_tied_matrix_are_updated_where_they_have_gradients(sampled, optimizer):
    """Asked to update by rows: all have a gradient of the scores, unless these are sampled."""
    plain, rows = model_of("tied"), model_of("tied")
    rows.body[0].by_rows = True
    for one in (plain, rows) if sampled else ():
        sample_scores(one, 3)
    config = TrainingConfig(optimizer=optimizer, learning_rate=0.1)
    before = rows.body[0].weight.detach().clone()
    for one in (plain, rows):
        made = build_optimizer(one, config)
        assert isinstance(made, RowsOptimizer) == (sampled and one is rows)
        torch.manual_seed(0)
        batch = examples()
        CrossEntropy()(one(*batch.arguments), batch).mean().backward()
        assert one.body[0].weight.grad.is_sparse == (sampled and one is rows)
        made.step()
    torch.testing.assert_close(rows.body[0].weight, plain.body[0].weight)
    moved = (rows.body[0].weight != before).any(dim=1)
    assert moved.all() == (not sampled)
    assert moved.any()


def test_frozen_vectors_score_and_stay():
    model = model_of("tied")
    model.body[0].frozen = True
    batch = examples()
    CrossEntropy()(model(*batch.arguments), batch).mean().backward()
    assert model.body[0].weight.grad is None
    assert model.body[2].bias.grad.abs().sum() > 0


def test_candidates_are_different_and_go_by_frequency():
    torch.manual_seed(0)
    counts, tries = torch.zeros(V), []
    for _ in range(2000):
        drawn = draw_candidates(6, V)
        assert len(set(drawn.tokens.tolist())) == 6
        counts[drawn.tokens] += 1
        tries.append(drawn.tries)
    drawn = draw_candidates(6, V)._replace(tries=round(np.mean(tries)))
    expected = drawn.expected(torch.arange(V)).numpy()
    np.testing.assert_allclose(counts.numpy() / 2000, expected, atol=0.05)
    one = drawn._replace(tries=1).expected(torch.arange(V))
    np.testing.assert_allclose(one.sum(), 1)
    np.testing.assert_allclose(one[3], log(5 / 4) / log(V + 1))
    assert set(draw_candidates(V, V).tokens.tolist()) == set(range(V))


def test_a_sampled_loss_is_that_of_its_formula_and_of_the_seed():
    model = build(sequence_to_sequence(vocabulary=V, embedding=4, cells=CELL, outputs=V), 0)
    sample_scores(model, 9)
    batch = examples()
    torch.manual_seed(5)
    outputs = model(*batch.arguments)
    assert isinstance(outputs, Unscored)
    found = CrossEntropy()(outputs, batch)
    torch.manual_seed(5)
    assert CrossEntropy()(outputs, batch).total == found.total
    assert CrossEntropy()(outputs, batch).total != found.total  # other candidates
    torch.manual_seed(5)
    drawn = draw_candidates(9, V)
    real = torch.arange(T) < torch.tensor(LENGTHS)[:, None]
    scores, wanted = outputs.scores[real], batch.targets[real]
    scores = scores - drawn.expected(torch.arange(V)).log().to(scores)
    losses = []
    for row, target in zip(scores, wanted.tolist(), strict=True):
        others = [k for k in drawn.tokens.tolist() if k != target]
        losses.append(row[[target, *others]].logsumexp(0) - row[target])
    torch.testing.assert_close(found.total, torch.stack(losses).sum())
    assert found.count == sum(LENGTHS)


def test_gradients_of_a_sampled_loss_are_on_average_the_full_ones():
    torch.manual_seed(0)
    values, targets = torch.randn(30, 4), torch.randint(V, (30,))
    model = build(sequence_to_sequence(vocabulary=V, embedding=4, cells=CellConfig("gru", 4),
                                       outputs=V), 0)  # fmt: skip
    sample_scores(model, V // 2)
    head = model.body[2]

    def gradient(training: bool) -> torch.Tensor:
        head.train(training)
        head.weight.grad = None
        head(Flow(values)).head.losses(values, targets).mean().backward()
        return head.weight.grad.to_dense()

    mean = torch.stack([gradient(True) for _ in range(600)]).mean(0)
    full = gradient(False)
    assert F.cosine_similarity(mean.flatten(), full.flatten(), dim=0) > 0.98


@pytest.mark.parametrize("name", ["dense", "tied", "adaptive"])
def test_while_not_training_losses_are_those_of_all_scores(name, monkeypatch):
    monkeypatch.setattr("elman.models.heads._LARGEST", 5 * V)
    model = build(
        sequence_to_sequence(vocabulary=V, embedding=4, cells=CELL, outputs=V, head=name), 0
    )
    if name != "adaptive":
        sample_scores(model, 3)
    model.eval()
    batch = examples()
    outputs = model(*batch.arguments)
    assert outputs.shape == (B, T, V)
    assert len(outputs) == B
    for measure in (CrossEntropy(), accuracy):
        found, wanted = measure(outputs, batch), measure(outputs.scores, batch)
        torch.testing.assert_close(found.total, wanted.total)
        assert found.count == wanted.count
    with pytest.raises(ArgumentError, match="label_smoothing"):
        CrossEntropy(0.1)(outputs, batch)
    again = joined([outputs[:, :2], outputs[:, 2:]])
    torch.testing.assert_close(again.scores, outputs.scores)


@pytest.mark.parametrize("head", [Dense(V), Tied(V, 16), Adaptive(V, (5,), 1.0)])
@pytest.mark.parametrize("stride", [4, 3])
def test_recordings_are_learnt_window_by_window(head, stride):
    ids = torch.arange(121) * 5 % V
    streams = Streams([ids[:-1]], [ids[1:]], 1, 4, stride, kind=Target.CLASS_PER_STEP)
    blocks = (Embedding(V, 16), Recurrent(CellConfig("lstm", 16)), head)
    model = build(Blueprint("sequence_to_sequence", None, {"body": blocks}), 0)
    if head.kind != "adaptive":
        sample_scores(model, 6)
    held_out = Examples(ids[None, :-1], ids[None, 1:], kind=Target.CLASS_PER_STEP)
    config = TrainingConfig(epochs=4, batch_size=1, learning_rate=0.02, seed=1)
    history = Trainer(model, CrossEntropy(), streams, held_out, config).run()
    losses = [record.validation_loss for record in history.records]
    assert losses[-1] < 1.4 < log(V) - 1
    window = next(streams.windows(0, 1))
    outputs, _ = truncated_unroll(model.unroll, window)
    assert outputs.shape == (1, stride, V)


@pytest.mark.parametrize("name", ["tied", "tied, projected"])
def test_scores_begin_with_frequencies(name):
    model, counts = model_of(name), np.arange(V)
    begin_with_frequencies(model, counts)
    shares = model.body[2].bias.exp().detach().numpy()
    np.testing.assert_allclose(shares, (counts + 1) / (counts + 1).sum(), rtol=1e-5)
    with pytest.raises(ShapeError, match=r"counts: found shape \[3\]; give \[23\]"):
        begin_with_frequencies(model, counts[:3])
    with pytest.raises(ArgumentError, match="counts: given for adaptive"):
        begin_with_frequencies(model_of("adaptive"), counts)


def test_candidates_that_are_none():
    model = model_of("tied")
    with pytest.raises(ArgumentError, match="candidates: found 12; 1 to 11"):
        sample_scores(model, 12)
    with pytest.raises(ArgumentError, match="given for adaptive"):
        sample_scores(model_of("adaptive"), 3)
    sample_scores(model, 3)
    sample_scores(model, None)
    assert isinstance(model(torch.zeros(1, 2, dtype=torch.int64)), torch.Tensor)
