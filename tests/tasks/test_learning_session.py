"""A language model that learns while it reads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import elman
from elman import Generator
from elman.errors import ArgumentError, BundleError
from elman.tasks.learning_session import Dynamic, LearningSession

LINE = "to be or not to be, that is the question. "
NEW = "the rest is silence, silence, silence. "
FAST = {"units": 12, "embedding": 8, "epochs": 3, "learning_rate": 0.02, "batch_size": 4}
HOW = Dynamic(every=16, rate=0.01, decay=0.01)


@pytest.fixture(scope="module")
def model() -> Generator:
    return Generator(**FAST, validation=None).fit((LINE + NEW) * 5 + LINE * 20)


def _same(one: LearningSession, other: LearningSession) -> bool:
    found = one.read(NEW).log_probabilities, other.read(NEW).log_probabilities
    return bool((found[0] == found[1]).all())


def test_what_it_does_not_know_it_comes_to_know(model):
    result = model.evaluate(NEW * 20, dynamic=HOW)
    assert result["dynamic"]["nats_per_token"] < result["score"] - 0.1
    assert model.evaluate(NEW * 20)["score"] == result["score"]  # the model is as it was


def test_a_token_is_said_by_the_weights_before_it(model):
    session = model.session(dynamic=HOW)
    found = session.read(NEW[:16]).log_probabilities
    np.testing.assert_allclose(found, model.score_tokens(NEW[:16]).log_probabilities, atol=1e-5)


def test_a_step_is_what_the_paper_says(model):
    session = model.session(dynamic=HOW)
    session.read(NEW[:16])
    module = elman.models.build(model.model_.blueprint, seed=0)
    weights = model.model_.bundle.weights
    module.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})
    ids = torch.from_numpy(model.model_.framed([NEW[:16]])[0])[None]
    scores, _ = module.unroll(ids[:, :-1])
    F.cross_entropy(scores[0], ids[0, 1:]).backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    for name, one in module.named_parameters():
        gradient = one.grad
        wanted = one - HOW.rate * gradient / (gradient.abs() + 1e-8)
        wanted = wanted + HOW.decay * (one - wanted)
        found = dict(session._named())[name]
        np.testing.assert_allclose(found.detach(), wanted.detach(), atol=1e-6)


def test_a_small_step_lowers_the_loss_of_what_was_read(model):
    text = NEW[:16]
    session = model.session(dynamic=Dynamic(every=16, rate=1e-4, decay=0.0))
    before = session.read(text).log_probabilities.sum()
    weights = {name: one.detach().numpy() for name, one in session._named()}
    bundle = elman.bundle.Bundle(
        "generator", model.model_.blueprint, {**model.model_.bundle.weights, **weights},
        model.model_.bundle.tensors, model.model_.bundle.settings,
    )  # fmt: skip
    again = type(model.model_)(bundle).score_tokens(text).log_probabilities.sum()
    assert again > before  # the text again, from the beginning, by the new weights


def test_forks_and_files_give_every_bit_back(model, tmp_path):
    session = model.session(dynamic=HOW)
    session.read(LINE + NEW[:7])  # in the middle between two steps
    kept = session.fork()
    session.save(tmp_path / "session")
    session.read(LINE * 3)
    read = model.session(dynamic=HOW).load(tmp_path / "session")
    other = kept.fork()
    assert _same(kept, read)
    assert not _same(other, session)
    assert kept.write(max_length=20, seed=1).text == read.write(max_length=20, seed=1).text


def test_what_it_writes_is_said_by_what_it_learnt(model):
    session = model.session(dynamic=Dynamic(every=16, rate=0.02, decay=0.0))
    session.read(NEW * 30)
    assert "silence" in session.write(max_length=60, temperature=0).text


def test_the_numbers_do_not_depend_on_how_a_text_is_cut(model):
    whole = model.session(dynamic=HOW).read(NEW * 3).log_probabilities
    parts = model.session(dynamic=HOW)
    found = [parts.read((NEW * 3)[k : k + 5]).log_probabilities for k in range(0, 3 * len(NEW), 5)]
    np.testing.assert_allclose(np.concatenate(found), whole, atol=1e-4)


def test_what_it_refuses(model, tmp_path):
    with pytest.raises(ArgumentError, match="every: found 0"):
        Dynamic(every=0)
    for wrong in (5, None, "yes"):
        for ask in (model.session, partial(model.evaluate, NEW)):
            with pytest.raises(ArgumentError, match=r"dynamic: found .* True, False or a Dynamic"):
                ask(dynamic=wrong)
    session = model.session(dynamic=HOW)
    session.read(NEW)
    session.save(tmp_path / "session")
    with pytest.raises(BundleError, match=r"it has learnt with .*'rate': 0.01"):
        model.session(dynamic=replace(HOW, rate=0.5)).load(tmp_path / "session")
    other = Generator(**FAST, validation=None).fit(LINE * 20)
    with pytest.raises(BundleError, match="another model"):
        other.session(dynamic=HOW).load(tmp_path / "session")
    with pytest.raises(BundleError, match="saved session that learns"):
        model.session().load(tmp_path / "session")
    content = bytearray((tmp_path / "session").read_bytes())
    content[-40] ^= 1
    (tmp_path / "session").write_bytes(content)
    with pytest.raises(BundleError, match="changed"):
        session.load(tmp_path / "session")
