"""A sentence for a vector, a sequence or an image; the runtime says what training said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import elman
from elman.data.captions import Captions
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.tasks import Captioner

SMALL = {"units": 16, "embedding": 8, "epochs": 30, "learning_rate": 0.02, "threads": 1}
NAMES = ["a cat sits", "a dog runs", "two birds fly away", "nothing"]
ALSO = ["one cat", "one dog", "some birds", "nothing at all"]


def vectors(count: int = 64, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    draws = np.random.default_rng(seed)
    which = draws.integers(4, size=count)
    noise = 0.05 * draws.normal(size=(count, 4))
    return 3 * np.eye(4)[which] + noise, [NAMES[k] for k in which]


def images(count: int = 96, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """A bright row or column of an image of 6 by 6, and which."""
    draws = np.random.default_rng(seed)
    found = draws.integers(60, size=(count, 6, 6)).astype(np.uint8)
    said = []
    for image in found:
        place, down = int(draws.integers(3)), draws.random() < 0.5
        image[(2 * place, slice(None)) if down else (slice(None), 2 * place)] = 255
        said.append(f"{('first', 'third', 'fifth')[place]} {'row' if down else 'column'}")
    return found, said


@pytest.fixture(scope="module")
def of_images() -> Captioner:
    X, y = images()
    model = Captioner(**SMALL, scan="both", validation=0.2)
    return model.fit(X, y)


def test_vectors_are_learnt():
    X, y = vectors()
    model = Captioner(**SMALL, validation=None).fit(X, y)
    new, right = vectors(20, seed=1)
    assert model.predict(new) == right
    assert model.score(new, right) == 1
    assert model.result_["chosen_by"] == "exact"
    result = model.evaluate(new, right)
    assert result["baselines"]["the nearest training item's caption"] == 1
    assert result["exact"] == 1


@pytest.mark.parametrize("conditioning", ["first", "steps"])
def test_a_vector_is_told_as_it_is_asked_for(conditioning, tmp_path):
    X, y = vectors()
    model = Captioner(**SMALL, validation=None, conditioning=conditioning).fit(X, y)
    assert model.model_.blueprint.conditioning == conditioning
    new, right = vectors(20, seed=1)
    assert model.predict(new) == right
    model.save(tmp_path / "a.model")
    kept = elman.load(tmp_path / "a.model")
    for beam_size in (1, 5):
        together = kept.caption(new, beam_size=beam_size)
        for one, item in zip(together, new, strict=True):
            (alone,) = kept.caption(item[None], beam_size=beam_size)
            assert alone.text == one.text
            assert alone.log_probabilities.tolist() == one.log_probabilities.tolist()


def test_of_what_these_items_have_no_use_is_refused():
    with pytest.raises(ArgumentError, match="conditioning: 'steps', of sequences"):
        Captioner(**SMALL, conditioning="steps").fit(*images(40))
    with pytest.raises(ArgumentError, match="feeding: True, of vectors"):
        Captioner(**SMALL, feeding=True).fit(*vectors())
    with pytest.raises(ArgumentError, match="scan: 'both', of vectors"):
        Captioner(**SMALL, scan="both").fit(*vectors())
    with pytest.raises(ArgumentError, match="conditioning: found 'last'"):
        Captioner(**SMALL, conditioning="last").fit(*vectors())


def test_dropout_is_of_the_decoder_of_vectors_too():
    X, y = vectors(40)
    losses = [
        Captioner(**SMALL | {"epochs": 1}, validation=None, **more)
        .fit(X, y)
        .history_.records[-1]
        .train_loss
        for more in ({}, {"dropout": 0.5}, {"input_dropout": 0.5})
    ]
    assert len({*losses}) == 3


def test_several_references_are_all_learnt_and_any_is_right():
    X, y = vectors()
    several = [[one, ALSO[NAMES.index(one)]] for one in y]
    model = Captioner(**SMALL, validation=0.2).fit(X, several)
    assert model.result_["chosen_by"] == "bleu"
    assert model.result_["train_pairs"] == 2 * model.result_["train_items"]
    result = model.evaluate(X, several)
    assert result["references"] == 2 * len(X)
    assert result["exact_of_all"] == 1
    assert result["score"] == result["bleu_of_all"]
    best = model.caption(X[:1], n_best=2)[0]
    assert {one.text for one in best} == set(several[0])


def test_short_captions_are_not_judged_by_bleu():
    X, y = vectors()
    several = [[" ".join(text.split()[:2]), "one"] for text in y]
    model = Captioner(**SMALL | {"epochs": 2}, validation=0.2).fit(X, several)
    assert model.result_["chosen_by"] == "chrf"
    told = model.evaluate(X, several)
    assert (told["metric"], told["score"]) == ("chrf", told["chrf_of_all"])
    assert told["bleu_of_all"] is None


def test_images_are_read_row_by_row_and_looked_back_at(of_images):
    X, y = images(40, seed=1)
    assert of_images.score(X, y) > 0.9
    (found,) = of_images.caption(X[:1], attention=True)
    assert found.attention.shape == (3, 12)  # rows and columns
    assert np.allclose(found.attention.sum(axis=1), 1)
    assert found.ended == "eos"
    assert found.to_dict()["text"] == found.text


def test_what_the_runtime_says_without_torch_is_the_same(of_images, tmp_path):
    X, _ = images(40, seed=1)
    of_images.save(tmp_path / "a.model")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np, elman; m = elman.load(sys.argv[1]);"
        "said = m.predict(np.load(sys.argv[2])); assert 'torch' not in sys.modules;"
        "print(chr(10).join(said))"
    )
    told = [sys.executable, "-c", code, str(tmp_path / "a.model"), str(tmp_path / "X.npy")]
    done = subprocess.run(told, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == of_images.predict(X)


def test_the_epochs_score_is_what_the_saved_model_scores():
    X, y = images(60)
    data = Captions(X, [[one] for one in y])
    held = Captions(*_listed(images(30, seed=2)))
    model = Captioner(**SMALL | {"epochs": 6}, scan="both", validation=held).fit(data)
    best = model.history_.best.validation_score
    assert best == model.model_.evaluate(held, beam_size=1)["exact"]


def _listed(pair: tuple[np.ndarray, list[str]]) -> tuple[np.ndarray, list[list[str]]]:
    return pair[0], [[one] for one in pair[1]]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_batches_change_nothing(of_images, beam_size):
    X, _ = images(70, seed=3)
    together = of_images.caption(X, beam_size=beam_size)
    alone = [of_images.caption(one[None], beam_size=beam_size)[0] for one in X]
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        assert one.log_probabilities.tolist() == other.log_probabilities.tolist()


def test_sequences_may_differ_in_length():
    draws = np.random.default_rng(0)
    lengths = draws.integers(2, 6, size=60)
    X = draws.normal(size=(60, 6, 3))
    X[np.arange(6) >= lengths[:, None]] = np.nan
    X[:, 0, 0] = np.where(draws.random(60) < 0.5, 3, -3)
    y = [[f"{'up' if one[0, 0] > 0 else 'down'}"] for one in X]
    data = Captions(X, y, lengths)
    model = Captioner(**SMALL, validation=None).fit(data)
    assert model.predict(data) == [right[0] for right in y]
    alone = data.select([5])
    cut = Captions(alone.items[:, : lengths[5]], alone.references)
    assert model.predict(cut) == model.predict(alone)
    with pytest.raises(ArgumentError, match="scan: 'both' in strips of 1, of sequences"):
        Captioner(**SMALL, scan="both").fit(data)


def test_images_may_be_distorted_in_training():
    X, y = images(40)
    model = Captioner(**SMALL | {"epochs": 2}, augment={"shift": 1}, validation=None)
    plain = Captioner(**SMALL | {"epochs": 2}, validation=None)
    losses = [one.fit(X, y).history_.records[-1].train_loss for one in (model, plain)]
    assert losses[0] != losses[1]
    assert model.fit(X, y).history_.records[-1].train_loss == losses[0]
    with pytest.raises(ArgumentError, match="augment"):
        model.fit(*vectors())


def test_what_is_not_what_was_learnt_is_refused(of_images):
    with pytest.raises(ShapeError, match=r"bytes \[N, 6, 6\]"):
        of_images.predict(np.zeros((2, 6, 6)))
    with pytest.raises(ShapeError, match=r"found uint8 of shape \[2, 5, 6\]"):
        of_images.predict(np.zeros((2, 5, 6), np.uint8))
    with pytest.raises(ArgumentError, match="banned: is no option of a caption"):
        of_images.caption(images(1)[0], banned=["row"])
    with pytest.raises(DataError, match="X: has no captions"):
        of_images.evaluate(images(1)[0])
    with pytest.raises(DataError, match="X: has no captions"):
        Captioner(**SMALL).fit(images(4)[0])
    with pytest.raises(ArgumentError, match="validation: found 2"):
        Captioner(**SMALL, validation=2.0).fit(*images(4))
    with pytest.raises(ArgumentError, match="leaves one part empty"):
        Captioner(**SMALL, validation=0.01).fit(*images(4))


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1.0, 2.0], [3.0]], ["a", "b"], "X: items of different shapes"),
        (np.eye(3), "abc", "y: found 'abc'; a list of captions"),
        (np.eye(3), iter("abc"), "y: found <.*; a list of captions"),
        (None, ["a"], "items: object of shape"),
        (np.eye(2), ["a"], "y: 1 of them for 2 items"),
        (np.eye(2) * 1e300, ["a", "b"], r"X\[0\]: a number that is not finite"),
    ],
)
def test_what_are_no_items_with_captions_is_refused(X, y, said):
    with pytest.raises((ShapeError, DataError), match=said):
        Captioner(**SMALL).fit(X, y)


def test_training_goes_on_and_damaged_settings_are_refused(of_images, tmp_path):
    of_images.save(tmp_path / "a.model")
    more = Captioner.starting_from(tmp_path / "a.model", epochs=1, validation=None)
    more.fit(*images(20))
    assert more.codec_.hash == of_images.codec_.hash
    bundle = of_images.model_.bundle
    for name, value in (("shape", [6, 7]), ("scan", "up"), ("longest", 0), ("strip", 0)):
        settings = bundle.settings | {name: value}
        with pytest.raises(BundleError, match="setting"):
            type(of_images.model_)(type(bundle)(bundle.task, bundle.blueprint, bundle.weights,
                                                bundle.tensors, settings))  # fmt: skip


def test_facts(of_images):
    facts = of_images.model_.facts()
    assert facts["reads"] == "sequences, or images of 6 by 6"
    assert elman.Captioner is Captioner
