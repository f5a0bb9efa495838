"""Frames, files, tensors and both orders of axes, from `fit` to `score`: always the same model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman import Classifier, Forecaster, Regressor
from elman.errors import ArgumentError, DataError, ShapeError

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

SMALL = {"cell": "gru", "units": 3, "epochs": 1, "seed": 1, "threads": 1}
N, T = 12, 5


def rows(seed: int = 0) -> list[np.ndarray]:
    draws = np.random.default_rng(seed)
    return [draws.normal(n % 2, 1.0, size=(T - n % 3, 2)).astype(np.float32) for n in range(N)]


X = rows()
Y = np.array([("low", "high")[n % 2] for n in range(N)])


def long_frame(columns: dict[str, str] | None = None) -> pandas.DataFrame:
    """A row a step, the last step first; each sequence's label in all its rows."""
    parts = [
        pandas.DataFrame({"id": f"s{n}", "time": range(len(x)), "a": x[:, 0], "b": x[:, 1],
                          "kind": Y[n]})[::-1]
        for n, x in enumerate(X)
    ]  # fmt: skip
    return pandas.concat(parts, ignore_index=True).rename(columns=columns or {})


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return Classifier(**SMALL).fit(X, Y).predict_proba(X)


def same(model, given, expected):
    np.testing.assert_array_equal(model.predict_proba(given), expected)


def by_index(frame):
    return frame.set_index(["id", "time"])


def test_frames_with_a_row_a_step(expected):
    frame = long_frame()
    for given in (frame, polars.from_pandas(frame), by_index(frame)):
        model = Classifier(**SMALL).fit(given, "kind")
        same(model, given, expected)
        assert model.feature_names_in_.tolist() == ["a", "b"]
        assert model.score(given) == model.score(X, Y)
        same(model, given[["b", "a"]] if given is by_index else given, expected)
    unnamed = by_index(frame).rename_axis([None, None])
    same(Classifier(**SMALL).fit(unnamed, "kind"), unnamed, expected)


def test_labels_beside_a_frame(expected):
    frame = by_index(long_frame())
    features = frame[["a", "b"]]
    by_name = pandas.Series(Y, [f"s{n}" for n in range(N)])[::-1]
    for y in (Y, Y.tolist(), by_name, frame["kind"], frame["kind"].to_numpy()):
        same(Classifier(**SMALL).fit(features, y), features, expected)
    with pytest.raises(DataError, match="no label for the sequence 's0'"):
        Classifier(**SMALL).fit(features, by_name.drop("s0"))
    with pytest.raises(DataError, match=r"no column 'kinds'; did you mean 'kind'\?"):
        Classifier(**SMALL).fit(frame, "kinds")
    with pytest.raises(ShapeError, match="another index"):
        Classifier(**SMALL).fit(features, frame["kind"][::-1])
    with pytest.raises(ArgumentError, match="y: not given, and X has no labels"):
        Classifier(**SMALL).fit(features)


def test_columns_that_are_told_travel_with_the_model(expected, tmp_path):
    frame = long_frame({"id": "unit", "time": "cycle"})
    model = Classifier(**SMALL).fit(frame, "kind", series="unit", time="cycle")
    model.save(tmp_path / "m.elman")
    same(elman.load(tmp_path / "m.elman"), frame.drop(columns="kind"), expected)
    assert elman.load(tmp_path / "m.elman").evaluate(frame)["sequences"] == N
    with pytest.raises(ArgumentError, match="series: given, and X is no table"):
        Classifier(**SMALL).fit(X, Y, series="unit")


def test_a_file_from_python(expected, tmp_path):
    long_frame().to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False, encoding="utf-16")
    with pytest.warns(UserWarning, match="encoding utf-16, fields between ';', decimal commas"):
        model = Classifier(**SMALL).fit(tmp_path / "t.csv", "kind")
    np.testing.assert_allclose(model.predict_proba(str(tmp_path / "t.csv")), expected, atol=1e-6)
    assert "decimal commas" in model.result_["notes"][0]


def test_numbers_at_each_step_and_validation_from_frames():
    frame = by_index(long_frame()).drop(columns="kind")
    target = frame["a"] * 2
    model = Regressor(per_step=True, validation=(frame, target), **SMALL).fit(frame, target)
    sums = pandas.DataFrame({"p": np.arange(N), "q": -np.arange(N)}, [f"s{n}" for n in range(N)])
    assert len(model.predict(frame)) == N
    assert Regressor(**SMALL).fit(frame, sums).predict(frame).shape == (N, 2)
    assert np.isfinite(model.score(frame, target))


def test_tensors_and_packed_sequences(expected):
    tensors = [torch.tensor(x, requires_grad=True) for x in X]
    packed = torch.nn.utils.rnn.pack_sequence(tensors, enforce_sorted=False)
    for given in (tensors, packed):
        same(Classifier(**SMALL).fit(given, Y), given, expected)
    whole = torch.randn(N, T, 2)
    model = Classifier(**SMALL).fit(whole, Y)
    np.testing.assert_array_equal(
        model.predict_proba(whole.double()), model.predict_proba(whole.numpy())
    )
    assert model.predict(whole.bfloat16()).shape == (N,)


def test_both_orders_of_axes(tmp_path):
    whole = np.stack([x[:3] for x in X])
    one = Classifier(**SMALL).fit(whole, Y)
    other = Classifier(axes="NIT", **SMALL).fit(whole.transpose(0, 2, 1), Y)
    other.save(tmp_path / "m.elman")
    for model in (other, elman.load(tmp_path / "m.elman")):
        same(model, whole.transpose(0, 2, 1), one.predict_proba(whole))
        np.testing.assert_array_equal(model.trace(whole[0].T), one.trace(whole[0]))
        same(model, [x.T for x in X], one.predict_proba(X))
    with pytest.raises(ShapeError, match=r"found 3 features; 2 features are needed.*axes='NIT'"):
        one.predict(whole.transpose(0, 2, 1))
    with pytest.raises(ArgumentError, match=r"axes: not told, .*\(12, 1, 30\); 'NIT' for one"):
        Classifier(**SMALL).fit(np.zeros((N, 1, 30)), Y)
    assert Classifier(axes="NTI", **SMALL).fit(np.zeros((N, 1, 30)), Y).n_features_in_ == 30
    with pytest.raises(ArgumentError, match="axes: found 'NFT'"):
        Classifier(axes="NFT", **SMALL).fit(whole, Y)


def test_a_forecaster_keeps_how_its_file_is_written(tmp_path):
    days = np.arange("2024-01-01", "2024-03-01", dtype="M8[D]")
    lines = [f"{day}~{k % 7 + 1},250\n" for k, day in enumerate(days)]
    (tmp_path / "s.csv").write_text("day~v\n" + "".join(lines))
    told = {"separator": "~", "decimal": ","}
    model = Forecaster(window=7, **SMALL).fit(tmp_path / "s.csv", horizon=2, **told)
    model.save(tmp_path / "m.elman")
    kept = elman.load(tmp_path / "m.elman")
    assert kept.reading == told
    assert kept.predict(tmp_path / "s.csv").mean.shape == (1, 2, 1)


def names() -> list[str]:
    return [f"s{n}" for n in range(N)]


def test_weights_and_groups_beside_a_table_go_by_name(tmp_path):
    """As labels do, whichever table it is, and from `partial_fit` on, too."""
    frame = by_index(long_frame())
    features = frame[["a", "b"]]
    frame.reset_index().drop(columns="kind").to_csv(tmp_path / "t.csv", index=False)
    weight = pandas.Series(np.linspace(0, 2, N), names())
    groups = pandas.Series(np.arange(N) // 3, names())
    labels = pandas.Series(Y, names())
    options = SMALL | {"validation": 0.4}
    expected = Classifier(**options).fit(X, Y, weight.to_numpy(), groups.to_numpy())
    rows = frame.index.get_level_values(0)
    mixed = labels[::-1], weight[::-1], groups[::-1]
    from_file = Classifier(**options).fit(tmp_path / "t.csv", *mixed)
    same(from_file, X, expected.predict_proba(X))
    for w, g in ((weight[::-1], groups[::-1]), (weight[rows].to_numpy(), groups[rows].to_numpy()),
                 (weight[rows].set_axis(frame.index), groups)):  # fmt: skip
        same(Classifier(**options).fit(features, labels, w, g), X, expected.predict_proba(X))
    with pytest.raises(DataError, match="sample_weight: has no weight for the sequence 's0'"):
        Classifier(**SMALL).fit(features, Y, weight[1:])
    with pytest.raises(DataError, match="groups: has no group for the sequence 's3'"):
        Classifier(**SMALL).fit(features, Y, groups=groups.drop("s3"))
    one, other = Classifier(**SMALL), Classifier(**SMALL)
    one.partial_fit(X, Y, ["low", "high"], weight.to_numpy())
    other.partial_fit(features, labels[::-1], ["low", "high"], weight[::-1])
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.filterwarnings("ignore:X was read as one sequence a row")
def test_rows_in_another_order_than_a_wide_frame():
    wide = pandas.DataFrame({f"t{k}": [x[min(k, len(x) - 1), 0] for x in X] for k in range(3)},
                            names())  # fmt: skip
    labels, weight = pandas.Series(Y, names()), pandas.Series(np.arange(N), names())
    one = Classifier(**SMALL).fit(wide, Y, weight.to_numpy())
    other = Classifier(**SMALL).fit(wide, labels[::-1], weight[::-1])
    np.testing.assert_array_equal(one.predict_proba(wide), other.predict_proba(wide))
    with pytest.raises(ShapeError, match="sample_weight: has another index than X"):
        Classifier(**SMALL).fit(wide, Y, weight.rename({"s1": "s99"}))


def test_a_column_of_groups_and_what_to_read():
    """The options that messages advise are those that `fit` takes."""
    frame = long_frame().assign(patient="p", note="text")
    frame["patient"] = [f"p{int(name[1:]) // 3}" for name in frame["id"]]
    options = SMALL | {"validation": 0.4}
    expected = Classifier(**options).fit(X, Y, groups=np.arange(N) // 3)
    with pytest.raises(DataError, match="features=, or what to ignore="):
        Classifier(**options).fit(frame, "kind", groups="patient")
    for told in ({"ignore": ["note"]}, {"features": ["a", "b"]}):
        model = Classifier(**options).fit(frame, "kind", groups="patient", **told)
        assert model.result_["validation"] == expected.result_["validation"]
        same(model, frame, expected.predict_proba(X))
    with pytest.raises(ArgumentError, match=r"featurs: is no option of a table; did you mean 'f"):
        Classifier(**options).fit(frame, "kind", featurs=["a"])
    with pytest.raises(ArgumentError, match="separator: does not apply to this X"):
        Classifier(**options).fit(frame, "kind", separator=";")
    with pytest.raises(ArgumentError, match="groups: 'patient', and X is no table"):
        Classifier(**options).fit(X, Y, groups="patient")
    with pytest.raises(DataError, match=r"no group column"):
        Classifier(**options).fit(frame, "kind", groups="pateint", ignore=["note", "patient"])


def test_what_goes_on_and_what_tries_rates_takes_tables(tmp_path):
    frame = long_frame({"id": "unit"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    expected = Classifier(**SMALL).partial_fit(X, Y, ["low", "high"]).partial_fit(X, Y)
    model = Classifier(**SMALL).partial_fit(frame, "kind", ["low", "high"], series="unit")
    model.partial_fit(tmp_path / "t.csv")
    same(model, frame, expected.predict_proba(X))
    rates = elman.learning_rate_range(Classifier(**SMALL), X, Y, steps=20)
    fresh = Classifier(**SMALL)
    for given in (frame, str(tmp_path / "t.csv")):
        found = elman.learning_rate_range(fresh, given, "kind", steps=20, series="unit")
        assert found.losses == rates.losses
    assert not fresh.reading
    numbers = frame.assign(kind=frame["kind"] == "high").astype({"kind": float})
    Regressor(**SMALL).partial_fit(numbers, "kind", series="unit").partial_fit(numbers)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "object"])
def test_a_missing_value_of_pandas_own_types_names_its_column(dtype):
    rows = len(long_frame())
    frame = long_frame().assign(a=pandas.array([1, pandas.NA, *[0] * (rows - 2)], dtype))
    with pytest.raises(DataError, match=r"row 1, column 'a': found nothing; .*missing='linear'"):
        Classifier(**SMALL).fit(frame, "kind")
    with pytest.warns(UserWarning, match="1 missing value filled"):
        Classifier(**SMALL).fit(frame, "kind", missing="previous")


def test_fewer_steps_than_features_are_warned_of_unless_told():
    values = np.random.default_rng(0).normal(size=(12, 2, 24)).astype(np.float32)
    with pytest.warns(UserWarning, match="axes='NIT'") as warned:
        Classifier(**SMALL).fit(values, Y).predict(values)
    assert len(warned) == 1
    for axes in ("NIT", "NTI"):  # warnings are errors here
        Classifier(**SMALL, axes=axes).fit(values, Y)
