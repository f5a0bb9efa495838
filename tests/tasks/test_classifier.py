from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import elman
from elman.errors import (
    ArgumentError,
    BlueprintError,
    BundleError,
    CheckpointError,
    ShapeError,
)
from elman.kernels import native
from elman.tasks import Classifier
from elman.training import Augmentation, RunFolder
from tests.tasks.sequences import TINY, classes, tiny_classifier


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return Classifier(**TINY | {"epochs": 15}).fit(*classes())


def test_it_learns(fitted):
    assert fitted.score(*classes(seed=1)) > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm"},
        {"cell": "rnn", "activation": "relu"},
        {"cell": "lstm", "layer_norm": True},
        {"units": [5, 4], "dropout": 0.2},
        {"units": 4, "layers": 2, "bidirectional": True},
        {"pool": "mean"},
        {"pool": "max", "scaling": "none"},
        {"optimizer": "adamw", "schedule": "cosine", "weight_decay": 0.01, "warmup_steps": 2},
        {"label_smoothing": 0.1, "clip_norm": None},
        {"batch_tokens": 60, "accumulate": 2, "average": 0.9, "clip_value": 0.5},
        {"validation": None},
        {"augment": {"shift": 1.0, "rotate": 0.1}},
        {"augment": Augmentation(scale=0.1)},
    ],
)
def test_options(options, tmp_path):
    X, y = classes(30)
    model = tiny_classifier(**options).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (30, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    model.save(tmp_path / "model.elman")
    again = elman.load(tmp_path / "model.elman")
    assert (again.predict_proba(X) == probabilities).all()
    assert Classifier.load(tmp_path / "model.elman").get_params()["cell"] == model.cell


@pytest.mark.parametrize("ragged", [False, True])
def test_the_runtime_answers_what_torch_trained(ragged):
    import torch

    X, y = classes(24, ragged)
    model = tiny_classifier(bidirectional=True, layers=2).fit(X, y)
    sequences = elman.data.as_sequences(X)
    scaled = model.model_.input_scaler.transform(sequences.values, sequences.lengths)
    with torch.no_grad():
        logits = model.module_(torch.from_numpy(scaled), torch.from_numpy(sequences.lengths))
    torch_probabilities = torch.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose(model.predict_proba(X), torch_probabilities, atol=2e-6)


def test_ragged_sequences_alone_and_together():
    X, y = classes(30, ragged=True)
    model = tiny_classifier(cell="rnn", epochs=15, validation=None).fit(X, y)
    assert model.score(X, y) > 0.8
    alone = np.concatenate([model.predict_proba([row]) for row in X])
    bound = 0 if native.isa() else 1e-6  # BLAS's order depends on the batch
    np.testing.assert_allclose(alone, model.predict_proba(X), rtol=0, atol=bound)
    objects = np.empty(30, dtype=object)
    objects[:] = X
    assert (model.predict(objects) == model.predict(X)).all()


@pytest.mark.parametrize(
    "names",
    [
        ["ä", "b c", ""],
        [-3, 10, 7],
        np.array(["x", "yy", "zzz"], dtype=object),
        [0.0, 1.0, 2.0],
    ],
)
def test_labels_of_any_kind(names, tmp_path):
    X, y = classes(30)
    labels = np.array(names)[y]
    model = tiny_classifier().fit(X, labels)
    assert model.classes_.tolist() == sorted(names)
    assert set(model.predict(X).tolist()) <= set(labels.tolist())
    assert model.score(X, labels) == np.mean(model.predict(X) == labels)
    model.save(tmp_path / "m")
    again = elman.load(tmp_path / "m")
    assert again.classes_.tolist() == model.classes_.tolist()
    assert again.score(X, labels) == model.score(X, labels)


def test_two_classes_and_booleans():
    X, y = classes(30)
    model = tiny_classifier(epochs=10).fit(X, y > 0)
    assert model.predict(X).dtype == bool
    assert model.score(X, y > 0) > 0.7


def test_several_labels(tmp_path):
    X, y = classes(60)
    labels = np.stack([y > 0, y > 1, y == 0], axis=1).astype(int)
    model = Classifier(**TINY | {"epochs": 15}).fit(X, labels)
    assert model.score(X, labels) > 0.7
    probabilities = model.predict_proba(X)
    assert ((probabilities > 0.5) == model.predict(X)).all()
    found = model.evaluate(X, labels)
    assert found["baselines"]["majority of each label"] < found["score"]
    model.save(tmp_path / "m")
    assert (elman.load(tmp_path / "m").predict(X) == model.predict(X)).all()
    with pytest.raises(ShapeError, match="one label a sequence"):
        model.score(X, y)
    with pytest.raises(ShapeError, match="2 labels a sequence"):
        model.score(X, labels[:, :2])


def test_scikit_learns_conventions():
    model = tiny_classifier(epochs=1)
    assert is_classifier(model)
    assert clone(model).get_params() == model.get_params()
    assert clone(model).set_params(units=3).units == 3
    X, y = classes(36)
    assert model.fit(X, y) is model
    check_is_fitted(model)
    assert "validation=None" in repr(tiny_classifier(validation=None))
    assert cross_val_score(clone(model), X, y, cv=2).shape == (2,)
    assert cross_val_score(clone(model), *classes(36, ragged=True), cv=2).shape == (2,)


def test_pipeline_and_grid_search():
    X, y = classes(36)
    steps = [("halve", FunctionTransformer(lambda X: X / 2)), ("read", tiny_classifier(epochs=1))]
    assert Pipeline(steps).fit(X, y).predict(X).shape == (36,)
    search = GridSearchCV(tiny_classifier(epochs=1), {"units": np.array([2, 3])}, cv=2).fit(X, y)
    assert search.best_params_["units"] in (2, 3)


def test_a_fitted_estimator_can_be_pickled(fitted):
    X, _ = classes(9, seed=2)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(X) == fitted.predict_proba(X)).all()
    assert again.history_ == fitted.history_
    assert again.module_.state_dict().keys() == fitted.module_.state_dict().keys()
    assert (
        pickle.loads(pickle.dumps(tiny_classifier())).get_params() == tiny_classifier().get_params()
    )


def test_the_same_seed_gives_the_same_model():
    X, y = classes(30)
    a, b, c = (
        tiny_classifier(seed=seed, dropout=0.3).fit(X, y).predict_proba(X) for seed in (1, 1, 2)
    )
    assert (a == b).all()
    assert (a != c).any()


def test_weight_zero_is_absence():
    X, y = classes(40)
    weight = np.ones(40)
    weight[::4] = 0
    kept = weight > 0
    a = tiny_classifier().fit(X, y, sample_weight=weight).predict_proba(X)
    b = tiny_classifier().fit(X[kept], y[kept], sample_weight=weight[kept]).predict_proba(X)
    assert (a == b).all()


def test_weights_pull_the_answer():
    X = np.zeros((40, 3, 1))
    y = np.repeat([0, 1], 20)
    options = {"epochs": 30, "batch_size": 40, "validation": None}
    heavy = tiny_classifier(**options).fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    np.testing.assert_allclose(heavy.predict_proba(X)[0], [0.25, 0.75], atol=0.05)
    by_class = tiny_classifier(**options, class_weight={1: 3.0}).fit(X, y)
    np.testing.assert_allclose(by_class.predict_proba(X)[0], [0.25, 0.75], atol=0.05)


def test_balanced_classes_count_alike():
    X, y = np.zeros((40, 3, 1)), np.repeat(["a", "b"], [30, 10])
    model = tiny_classifier(epochs=30, batch_size=40, validation=None, class_weight="balanced").fit(
        X, y
    )
    np.testing.assert_allclose(model.predict_proba(X)[0], 0.5, atol=0.05)


def test_validation_part(fitted):
    assert fitted.result_["validation"] == "6 of 60 sequences, stratified by class, seed 0"
    assert fitted.result_["train_sequences"] == 54
    given = tiny_classifier(validation=classes(12, seed=1)).fit(*classes(30))
    assert given.result_["validation"] == "12 sequences that were given"
    assert given.result_["train_sequences"] == 30
    best = given.history_.best
    assert best.validation_score == pytest.approx(given.score(*classes(12, seed=1)))


def test_evaluate(fitted):
    X, y = classes(30, seed=1)
    found = fitted.evaluate(X, y)
    assert found["metric"] == "accuracy"
    assert found["score"] == fitted.score(X, y)
    assert found["sequences"] == 30
    assert found["baselines"]["majority class"] == pytest.approx(1 / 3)
    assert found["baselines"]["logistic regression on the flattened input"] > 0.9
    probabilities = fitted.predict_proba(X)[np.arange(30), y]
    assert found["log_loss"] == pytest.approx(-np.log(probabilities).mean(), rel=1e-4)
    other = fitted.evaluate(X, np.where(y == 0, 9, y))
    assert other["score"] < found["score"]
    assert "log_loss" not in other
    assert other["notes"] == ["10 sequences have a label that was not trained"]


def test_trace_ends_with_the_answer(fitted):
    X, _ = classes(3, seed=1)
    traced = fitted.trace(X[0])
    assert traced.shape == (6, 3)
    np.testing.assert_allclose(traced[-1], fitted.predict_proba(X[:1])[0], atol=1e-6)
    np.testing.assert_allclose(traced[2], fitted.predict_proba(X[:1, :3])[0], atol=1e-6)


def test_warm_start_goes_on_with_another_rate_of_dropout():
    X, y = classes(30)
    model = tiny_classifier(warm_start=True, validation=None, dropout=0.5).fit(X, y)
    before = model.model_.bundle.weights
    model.set_params(dropout=0.1, epochs=1, learning_rate=1e-9).fit(X, y)
    for name, weight in model.model_.bundle.weights.items():
        np.testing.assert_allclose(weight, before[name], atol=1e-6)
    assert "dropout: 0.1" in model.model_.blueprint.describe()


def test_warm_start_goes_on():
    X, y = classes(30)
    model = tiny_classifier(warm_start=True, validation=None).fit(X, y)
    before = model.model_.bundle.weights
    loss = model.history_.records[-1].train_loss
    model.set_params(learning_rate=1e-9, epochs=1).fit(X, y)
    for name, weight in model.model_.bundle.weights.items():
        np.testing.assert_allclose(weight, before[name], atol=1e-6)
    assert model.history_.records[0].train_loss < loss
    assert model.fit(X[y > 0], y[y > 0]).classes_.tolist() == [0, 1, 2]
    with pytest.raises(
        ArgumentError,
        match=r"warm_start: another network .*: .*9, where that has .*warm_start=False",
    ):
        model.set_params(units=9).fit(X, y)


def test_a_loaded_estimator_is_trained_on(fitted, tmp_path):
    fitted.save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    X, y = classes(30, seed=3)
    assert (loaded.predict_proba(X) == fitted.predict_proba(X)).all()
    assert loaded.get_params() == fitted.get_params() | {"warm_start": True, "threads": None}
    assert loaded.result_ == fitted.result_
    loaded.set_params(epochs=1, learning_rate=1e-9).fit(X, y)
    np.testing.assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), atol=1e-5)


def test_class_weights_survive_a_file(tmp_path):
    X, y = classes(30)
    tiny_classifier(class_weight={0: 2.0, np.int64(1): 0.5}).fit(X, y).save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m").class_weight == {0: 2.0, 1: 0.5}


def test_another_tasks_file(tmp_path):
    from elman.tasks import Regressor

    X, y = classes(30)
    Regressor(**TINY).fit(X, y).save(tmp_path / "m")
    with pytest.raises(BundleError, match="task is 'regressor'"):
        Classifier.load(tmp_path / "m")


def test_run_folder(tmp_path):
    X, y = classes(30)
    folder = RunFolder(tmp_path / "run", about={"data": "three classes"})
    model = tiny_classifier(run=folder, augment={"shift": 0.5}).fit(X, y)
    config = folder.read_config()
    assert config["kind"] == "classifier"
    assert config["about"] == {"data": "three classes"}
    rebuilt = Classifier(**config["task"], **config["training"])
    assert rebuilt.get_params()["units"] == model.units
    assert len(folder.read_metrics()) == 2
    assert (elman.load(folder.model).predict_proba(X) == model.predict_proba(X)).all()
    assert '"parameters"' in folder.result.read_text()
    with pytest.raises(CheckpointError, match="holds a training run already"):
        tiny_classifier(run=tmp_path / "run").fit(X, y)
    again = tiny_classifier(run=folder, augment={"shift": 0.5}, resume=True).fit(X, y)
    assert (again.predict_proba(X) == model.predict_proba(X)).all()


def test_bad_input_leaves_no_folder(tmp_path):
    X, y = classes(30)
    for options in ({"units": 0}, {"validation": None, "early_stopping": 2}):
        with pytest.raises((ArgumentError, BlueprintError)):
            tiny_classifier(run=tmp_path / "run", **options).fit(X, y)
    assert not (tmp_path / "run").exists()


def test_progress_is_shown_only_when_asked(capsys):
    X, y = classes(30)
    tiny_classifier().fit(X, y)
    assert capsys.readouterr().err == ""
    tiny_classifier(verbose=True).fit(X, y)
    shown = capsys.readouterr()
    assert "epoch 2/2" in shown.err
    assert shown.out == ""


def test_readonly_arrays_are_fine():
    X, y = classes(30)
    X.flags.writeable = False
    tiny_classifier(validation=None).fit(X, y).predict(X)
