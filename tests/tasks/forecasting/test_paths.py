"""A forecaster of paths: what it learns, what it answers, and that it never harms."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import elman
from elman.data.paths import Paths, Scene
from elman.data.sets.walkers import walkers
from elman.errors import ArgumentError, BundleError, DataError
from elman.metrics.displacements import CONSTANT
from elman.tasks import Forecaster
from elman.tasks.forecasting.paths import part_windows
from elman.training import RunFolder

QUICK = {"units": 12, "epochs": 4, "threads": 1, "components": 3}


@pytest.fixture(scope="module")
def data():
    return walkers(5, 1, steps=60)


@pytest.fixture(scope="module")
def held(data):
    return replace(data, scenes=data.scenes[4:])


@pytest.fixture(scope="module")
def fitted(data):
    return Forecaster.of("paths", **{**QUICK, "units": 24, "epochs": 10}).fit(
        replace(data, scenes=data.scenes[:4])
    )


def straight(noise=0.0, agents=40, scale=1.0, name="straight", seed=0):
    """Agents who walk straight on, each for thirty steps."""
    draws = np.random.default_rng(seed)
    steps = np.tile(np.arange(30), agents)
    who = np.repeat(np.arange(agents), 30)
    start, velocity = draws.normal(0, 20, (agents, 2)), draws.normal(0, 0.5, (agents, 2))
    place = start[who] + steps[:, None] * velocity[who]
    place = scale * (place + noise * draws.normal(size=place.shape))
    return Scene(name, tuple(map(str, range(agents))), who, steps, place)


def test_turning_walkers_are_forecast_better_than_by_constant_velocity(fitted, held):
    found = fitted.evaluate(held)
    (scene,) = found["scenes"].values()
    (believed,) = fitted.evaluate(held, follow=False)["scenes"].values()
    for error in ("ade", "fde"):
        usual = scene["baselines"][CONSTANT][error]
        assert believed[error] < 0.85 * usual
        assert scene[error] < 0.95 * usual  # it is believed from some step on
    assert believed["share"] == fitted.model_.share.value
    assert found["score"] == scene["ade"] == -fitted.model_.score(held)
    assert "Better than constant velocity in the one scene." in found["verdict"]
    assert scene["best_of"]["ade"] < scene["ade"]
    assert "best_of" not in found["baselines"]
    assert 0.6 < scene["inside"] <= 1.0


def test_nothing_is_lost_where_nothing_can_be_won():
    scenes = tuple(straight(name=f"s{k}", seed=k) for k in range(4))
    model = Forecaster.of("paths", **QUICK).fit(Paths(scenes[:3]))
    (scene,) = model.evaluate(Paths(scenes[3:]))["scenes"].values()
    assert scene["share"] == 0.0
    assert scene["ade"] == scene["baselines"][CONSTANT]["ade"]
    assert "so the forecast is constant velocity" in model.evaluate(Paths(scenes[3:]))["verdict"]


def standing(noise, quantum=None, seed=1):
    """Some who stand and some who walk straight on, measured with noise or in whole steps."""
    scene = straight(agents=40, seed=seed)
    draws = np.random.default_rng(seed)
    start = np.repeat(scene.values.reshape(40, 30, 2)[:20, :1], 30, axis=1)
    place = np.concatenate([start, scene.values.reshape(40, 30, 2)[20:]]).reshape(-1, 2)
    place = place + noise * draws.normal(size=place.shape)
    return replace(scene, values=place if quantum is None else quantum * np.round(place / quantum))


@pytest.mark.parametrize(
    "scene",
    [
        straight(noise=0.02),
        straight(noise=0.15),
        standing(0.03),
        standing(0.1),
        standing(0.01, quantum=0.1),
        replace(straight(noise=0.05), values=0.4 * straight(noise=0.05).values),
    ],
    ids=["little noise", "noise", "standing", "standing in noise", "whole steps", "slow"],
)
def test_no_unlike_scene_is_worse_than_by_constant_velocity(fitted, scene):
    (told,) = fitted.evaluate(Paths((scene,)), samples=1)["scenes"].values()
    for error in ("ade", "fde"):
        assert told[error] <= 1.002 * told["baselines"][CONSTANT][error]


def test_another_unit_is_noticed_and_left_to_constant_velocity(fitted, held):
    (scene,) = held.scenes
    pixels = replace(held, scenes=(replace(scene, values=60 * scene.values),), unit="px")
    found = fitted.evaluate(pixels)
    (told,) = found["scenes"].values()
    assert told["share"] == 0.0
    assert told["ade"] == told["baselines"][CONSTANT]["ade"]
    assert any("as in another unit: constant velocity" in note for note in found["notes"])
    assert any("paths are in px; learnt was from m" in note for note in found["notes"])


def test_a_scene_turned_and_shifted_has_the_same_errors(fitted, held):
    (scene,) = held.scenes
    turn = np.array([[np.cos(1.0), np.sin(1.0)], [-np.sin(1.0), np.cos(1.0)]])
    moved = replace(held, scenes=(replace(scene, values=scene.values @ turn + [500, -40]),))
    first, second = fitted.evaluate(held), fitted.evaluate(moved)
    assert second["score"] == pytest.approx(first["score"], rel=1e-3)


def test_an_answer_depends_on_what_was_seen_alone(fitted, held):
    (scene,) = held.scenes
    cut = replace(held, scenes=(scene.until(40),))
    found = fitted.predict(cut, samples=5, seed=3)
    again = fitted.predict(cut, samples=3, seed=3)
    np.testing.assert_array_equal(found.samples[:, :3], again.samples)
    assert not np.array_equal(found.samples[:, :3], fitted.predict(cut, samples=3).samples)
    windows = held.windows(8, 12)
    rows = np.flatnonzero(windows.ends == 40)
    told = {name: k for k, name in enumerate(found.agents)}
    said = fitted.model_._correcting.said(windows.select(rows))
    for row, (_, agent) in enumerate(windows.select(rows).agents()):
        share = found.share[told[agent]]
        there = said.plain[row] + share * said.correction[row]
        np.testing.assert_allclose(found.mean[told[agent]], there, atol=1e-9)
        np.testing.assert_array_equal(said.raw[row], said.select([row]).raw[0])


def test_the_samples_lie_about_the_forecast(fitted, held):
    cut = replace(held, scenes=(held.scenes[0].until(40),))
    found = fitted.predict(cut, samples=400)
    middle, spread = found.samples.mean(axis=1), found.samples.std(axis=1)
    assert (np.abs(middle - found.mean) < 0.3 * spread + 0.02).all()
    assert (spread[:, -1] > spread[:, 0]).all()


def test_encounters_are_found_by_the_samples(fitted, held):
    cut = replace(held, scenes=(held.scenes[0].until(40),))
    near, far = fitted.encounters(cut, 0.5), fitted.encounters(cut, 4.0)
    assert len(near) < len(far)
    chances = [one.chance for one in far]
    assert chances == sorted(chances, reverse=True)
    known = {(one.agent, one.other): one.chance for one in far}
    assert all(known[one.agent, one.other] >= one.chance for one in near)
    with pytest.raises(ArgumentError, match="distance"):
        fitted.encounters(cut, 0.0)


def test_short_tracks_and_agents_seen_once_are_told(fitted):
    scene = straight(agents=4)
    kept = (scene.who < 2) | ((scene.who == 2) & (scene.steps > 26)) | (scene.steps == 29)
    short = replace(
        scene,
        who=scene.who[kept],
        steps=scene.steps[kept],
        values=scene.values[kept],
        filled=scene.filled[kept],
    )
    found = fitted.predict(Paths((short,)))
    assert found.agents == ("0", "1", "2")
    assert any("1 agent seen once" in note for note in found.notes)
    assert any("1 agent seen for fewer than 8 steps" in note for note in found.notes)
    with pytest.raises(DataError, match="no agent is seen for 20 steps in a row"):
        fitted.evaluate(Paths((short.after(25),)))


def test_the_model_file_says_the_same_without_the_estimator(fitted, held, tmp_path):
    fitted.save(tmp_path / "model.elman")
    model = elman.load(tmp_path / "model.elman")
    first, second = fitted.predict(held, samples=2), model.predict(held, samples=2)
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(held).mean, first.mean)
    assert model.facts()["forecasts"] == "12 steps of x, y"
    broken = fitted.model_.bundle
    for name in ("frames.basis", "share.curve", "likeness.usual", "width", "baselines.gain"):
        tensors = {k: v for k, v in broken.tensors.items() if k != name}
        with pytest.raises(BundleError):
            type(model)(replace(broken, tensors=tensors))


def test_a_resumed_run_ends_with_the_same_weights(data, tmp_path):
    few = replace(data, scenes=data.scenes[:2])
    whole = Forecaster.of("paths", **QUICK, run=tmp_path / "a").fit(few)

    def stop(event):
        if type(event).__name__ == "EpochEnd" and event.record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Forecaster.of("paths", **QUICK, run=tmp_path / "b", callbacks=[stop]).fit(few)
    again = Forecaster.of("paths", **QUICK, run=RunFolder(tmp_path / "b"), resume=True).fit(few)
    for name, weight in whole.model_.bundle.weights.items():
        np.testing.assert_array_equal(weight, again.model_.bundle.weights[name], err_msg=name)


def test_a_training_goes_on_from_a_model(fitted, data):
    told = {**QUICK, "units": 24, "epochs": 1}
    more = Forecaster.of("paths", **told, warm_start=True)
    more.adopt(fitted)
    more.fit(data)
    assert more.model_.frames.scale == fitted.model_.frames.scale
    with pytest.raises(ArgumentError, match="window, horizon"):
        more.fit(data, horizon=5)


def test_whole_scenes_choose_the_epoch_and_of_one_scene_its_end(data):
    windows = data.windows(8, 12)
    parted = part_windows(windows, 0.1, 0)
    assert not {*parted.train.scene} & {*parted.held_out.scene}
    assert len({*parted.held_out.scene}) == 2  # of five
    one = replace(data, scenes=data.scenes[:1]).windows(8, 12)
    parted = part_windows(one, 0.3, 0)
    assert parted.train.ends.max() + 12 <= parted.held_out.ends.min()
    assert len(parted.held_out) > 0.25 * len(one)
    assert part_windows(one, None, 0).held_out is None
    with pytest.raises(ArgumentError, match="validation"):
        part_windows(one, 1.5, 0)


def test_further_columns_neighbours_and_other_lengths(data):
    scenes = tuple(
        replace(one, values=np.column_stack([one.values, one.velocity[:, 0]]))
        for one in data.scenes[:3]
    )
    more = replace(data, scenes=scenes, columns=("x", "y", "speed"))
    told = {**QUICK, "epochs": 1, "window": 4}
    for how in ("none", "grid"):
        model = Forecaster.of("paths", **told, neighbours=how).fit(more, horizon=3)
        assert (model.model_.seen, model.model_.ahead) == (4, 3)
        assert model.predict(more).mean.shape[1:] == (3, 2)
    with pytest.raises(ArgumentError, match="columns"):
        model.predict(data)


def test_parameters_of_series_are_refused_and_those_of_paths_there(data):
    with pytest.raises(ArgumentError, match="strategy: 'segments' of paths"):
        Forecaster("segments").fit(data)
    with pytest.raises(ArgumentError, match="neighbours: 'grid' of series"):
        Forecaster(neighbours="grid").fit(np.arange(100.0), horizon=3)
    with pytest.raises(ArgumentError, match="horizon: not given"):
        Forecaster().fit(np.arange(100.0))
    with pytest.raises(DataError, match="no agent is seen for 220 steps"):
        Forecaster.of("paths").fit(data, horizon=212)


def test_what_only_series_have_is_refused(fitted, held):
    with pytest.raises(ArgumentError, match="backtest"):
        fitted.backtest(held)
