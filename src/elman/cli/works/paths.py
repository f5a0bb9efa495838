"""Paths of agents: training a forecaster on them, and how it says that they go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.works import Answers, Options
from elman.cli.works.conclusion import check_picture, conclude, save_figures
from elman.cli.works.held_out import check_part, check_share, judged_part_of
from elman.cli.works.path_report import path_report_text, print_paths_judged
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.paths import AHEAD, SEEN, Paths, Scene
from elman.data.sets.paths import are_paths, open_paths
from elman.data.sets.walkers import path_set_names
from elman.errors import ArgumentError, DataError
from elman.printable import many
from elman.runtime.moving.futures import Futures

__all__ = ["PathWork"]

_FILES: Options = {
    "columns": (
        str,
        "What the columns of files of paths are, as frame,agent,x,-,y; - is not read; else the "
        "header says it, or they are frame, agent, x, y.",
    ),
    "extra": (str, "Names of columns that are further numbers of each place, as a,b."),
    "step": (float, "Frames from one step to the next; else found. What is between is left out."),
    "unit": (str, "Of x and y, as m or px."),
    "track_gaps": (
        str,
        "Where steps of an agent are missing: fill (up to 3 in a row, by straight lines; default), "
        "part (its path ends there), refuse.",
    ),
    "encoding": (str, "Text table: its encoding, as cp1252 or utf-16; else found out."),
}
_SAMPLES: Options = {
    "samples": (int, "Ways in which each agent may go on, so many."),
    "seed": (int, "Of samples."),
}
_DISTANCE: Options = {
    "distance": (float, "Who may come nearer to whom than this, in the data's unit: chances.")
}
_EVERY: Options = {"every": (bool, "Agents, too, that had gone before their scene's last step.")}
_PLACE: Options = {
    "scene": (str, "Which scene is drawn; default: the first that can be."),
    "frame": (float, "The last frame that is seen; default: the last of which what came is known."),
}
_TEST_SHARE = 0.2
_USUAL = 100  # samples of a picture or of chances


class PathWork:
    """What is read, printed and drawn of paths; see `elman.cli.works.Work`."""

    title = "Paths"
    about: ClassVar[Options] = {
        "test": (str, "Scenes to test the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of whole scenes that is held out for that; of one scene its last part; "
            "default 0.2; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        "horizon": (int, "How many steps ahead; default 12."),
        **_FILES,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": {
            **_FILES,
            **_SAMPLES,
            **_DISTANCE,
            **_EVERY,
        },
        "forecast": {
            **_FILES,
            **_DISTANCE,
            **_EVERY,
        },
        "evaluate": {**_FILES, **_SAMPLES, "report": REPORT},
        "plot": {**_FILES, **_DISTANCE, **_PLACE},
    }
    pictures = ("paths",)
    usual_data = "walkers"

    def takes(self, source: str) -> bool:
        """Whether data are paths: a set's name, or files whose lines look like theirs."""
        return are_paths(source)

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The scenes that a forecaster is trained on and tested on."""
        return _Training(about, estimator)

    def answers(
        self,
        model: Any,
        source: str,
        part: str | None,
        samples: int | None = None,
        seed: int | None = None,
        distance: float | None = None,
        every: bool | None = None,
        **files: Any,
    ) -> Answers:
        """How each agent goes on; or who may come near whom."""
        data = _read(model, source, part or "all", files)
        count = (_USUAL if distance is not None else 0) if samples is None else samples
        futures = model.predict(data, every=bool(every), samples=count, seed=seed or 0)
        if distance is not None:
            if every:
                found = "given with --distance: agents of one time are held against each other"
                raise ArgumentError("--every", found, "one of the two")
            met = model.met(futures, distance)
            what = (
                f"{many(len(met), 'pair')} that may come nearer than {distance:g}, by {kernels()}"
            )
            return Answers((one._asdict() for one in met), what, futures.notes)
        what = f"Forecasts of {many(len(futures), 'agent')} by {kernels()}"
        return Answers(_rows(futures), what, futures.notes)

    def forecast(
        self,
        model: Any,
        source: str,
        part: str | None,
        plot: Path | None,
        samples: int | None,
        seed: int,
        **given: Any,
    ) -> Answers:
        """As `answers`, and drawn, if that is asked for: the first scene, at its end."""
        if plot is not None:
            data = _read(model, source, part or "all", given)
            last = float(data.scenes[0].frame(data.scenes[0].last))
            figure = picture(model, data, None, last, given.get("distance"))
            plots.save(figure, plot)
            note(f"The picture is in {plot}")
        return self.answers(model, source, part, samples=samples, seed=seed, **given)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        samples: int | None = None,
        seed: int | None = None,
        report: str | None = None,
        **files: Any,
    ) -> None:
        """The errors in each scene, beside those of the baselines in the model's file."""
        data, which = _judged(model, source, part, files)
        given = {} if samples is None else {"samples": samples}
        result = _scored(model, data, which, seed=seed or 0, **given)
        print_json(result) if json else print_paths_judged(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, path_report_text({**told, "data": _facts(data), "test": result}))

    def draw(self, request: Any, model: Any) -> Any:
        """The fan of futures over the paths of one scene at one time, and what came."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        given = {name: value for name, value in request.given.items() if value is not None}
        files = {name: given.get(name, told.get(name)) for name in _FILES}
        data, _ = _judged(model, source, request.part, files, told)
        return picture(model, data, given.get("scene"), given.get("frame"), given.get("distance"))


def picture(
    model: Any,
    data: Paths,
    name: str | None = None,
    frame: float | None = None,
    distance: float | None = None,
) -> Any:
    """The figure of one scene at one time.

    Args:
        model: What forecasts.
        data: Scenes.
        name: Of the scene; None: the first in which an agent can be forecast.
        frame: The last one that is seen; None: the last of which the whole future is known.
        distance: Who comes nearer is marked; None: nobody.
    """
    scenes = data.scenes if name is None else data.select([name]).scenes
    scene = next((one for one in scenes if one.last >= 1), scenes[0])
    step = _moment(scene, model, frame)
    cut = replace(data, scenes=(scene.until(step),), notes=())
    futures = model.predict(cut, samples=_USUAL)
    met = [] if distance is None else model.met(futures, distance)
    came, after = {}, scene.after(step)
    for agent in futures.agents:
        rows = after.who == scene.agents.index(agent)
        steps = after.steps[rows] - step
        whole = np.cumprod(steps == np.arange(1, len(steps) + 1)) == 1
        kept = whole & (steps <= model.ahead)
        came[agent] = after.values[rows][kept, :2]
    told = {"came": came, "met": met, "distance": distance, "unit": data.unit or model.unit}
    return plots.paths(futures, scene=scene.name, **told)


def _moment(scene: Scene, model: Any, frame: float | None) -> int:
    """The last step that is seen in a picture."""
    if frame is not None:
        step = round((frame - scene.first) / scene.every)
        if not 1 <= step <= scene.last:
            last = scene.frame(scene.last)
            raise ArgumentError("--frame", f"found {frame:g}", f"{scene.frame(1)} to {last}")
        return step
    there = np.bincount(scene.steps, minlength=scene.last + 1)
    known = np.arange(scene.last + 1)
    usable = (known >= model.seen - 1) & (known <= scene.last - model.ahead)
    if not usable.any():
        return scene.last
    return int(np.flatnonzero(usable & (there == there[usable].max()))[-1])


def _rows(futures: Futures) -> Iterator[dict[str, Any]]:
    """The answers as a table: a row for each agent and step, and each sample."""
    for n, (scene, agent) in enumerate(zip(futures.scenes, futures.agents, strict=True)):
        named = {"scene": scene, "agent": agent}
        if futures.samples.shape[1]:
            for k, sample in enumerate(futures.samples[n]):
                for frame, (x, y) in zip(futures.frames[n], sample, strict=True):
                    yield {**named, "sample": k, "frame": frame.item(), "x": x, "y": y}
            continue
        for frame, (x, y) in zip(futures.frames[n], futures.mean[n], strict=True):
            yield {**named, "frame": frame.item(), "x": float(x), "y": float(y)}


def _read(model: Any, source: str, part: str | None, files: Mapping[str, Any]) -> Paths:
    """Paths as a model, or None, has them read: what is told counts more."""
    told = {name: files[name] for name in _FILES if files.get(name) is not None}
    known = {} if model is None else {**model.reading, "unit": model.unit or None}
    named = source in path_set_names() and not Path(source).exists()
    return open_paths(source, part if named else None, **({} if named else {**known, **told}))


def _parted(data: Paths, share: float, seed: int) -> tuple[Paths, Paths, str]:
    """Scenes to train on, those to test on, and how they were parted."""
    if len(data) > 1:
        count = min(max(1, round(share * len(data))), len(data) - 1)
        chosen = set(np.random.default_rng(seed).permutation(len(data))[:count].tolist())
        kept = [one for k, one in enumerate(data.scenes) if k not in chosen]
        held = [one for k, one in enumerate(data.scenes) if k in chosen]
        names = ", ".join(one.name for one in held[:5])
        how = f"{count} of {many(len(data), 'scene')} (seed {seed}): {names}"
        return replace(data, scenes=tuple(kept)), replace(data, scenes=tuple(held)), how
    (scene,) = data.scenes
    cut = int((1 - share) * scene.last)
    before, after = scene.until(cut), scene.after(cut)
    if not len(before) or not len(after):
        found = f"{share:g} of one scene of {scene.last + 1} steps leaves one part empty"
        raise ArgumentError("--test-share", found, "a longer scene, or another share")
    how = f"the scene from frame {scene.frame(cut + 1)} on"
    return replace(data, scenes=(before,)), replace(data, scenes=(after,)), how


def _judged(
    model: Any,
    source: str,
    part: str | None,
    files: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
) -> tuple[Paths, str]:
    """Scenes to judge a model on, and which part of the data they are."""
    check_part(part)
    if told and "test" in told and part in (None, "test"):
        source = told["test"]
    if source in path_set_names() and not Path(source).exists():
        return _read(model, source, part or "test", files), part or "test"
    data = _read(model, source, None, files)
    return judged_part_of(model, data, part, Paths.fingerprint, _parted)


def _scored(model: Any, data: Paths, part: str, **given: Any) -> dict[str, Any]:
    return {"data": data.name, "part": part, **model.evaluate(data, **given)}


def _facts(data: Paths) -> dict[str, Any]:
    return {
        "name": data.name,
        "scenes": len(data),
        "agents": data.agents,
        "observations": data.observations,
        "unit": data.unit,
        "notes": list(data.notes),
    }


class _Training:
    """What a forecaster of paths is trained on and tested on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        source, files = about["data"], {name: about.get(name) for name in _FILES}
        asked, seed = about.get("test_share"), about.get("test_seed", 0)
        check_share(about)
        self._horizon = about.get("horizon")
        model = getattr(estimator, "model_", None)
        named = source in path_set_names() and not Path(source).exists()
        self._data = self._training = _read(model, source, "train", files)
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if "test" in about:
            self._test = _read(model, about["test"], "test", files)
            how = f"{self._test.described()} of {self._test.name}"
        elif named and asked is None:
            self._test = _read(model, source, "test", files)
            how = f"the test part of {source}: {many(len(self._test), 'scene')}"
        elif asked != 0:
            share = _TEST_SHARE if asked is None else asked
            self._training, self._test, how = _parted(self._data, share, seed)
            digest = self._data.fingerprint()
            estimator.held_out = {"digest": digest, "share": share, "seed": seed}
        self._split = {"how": how}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        note(f"{self._training.described()} of {self._training.name}")
        note(f"Test part: {self._split['how']}")
        for sentence in self._data.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train; before that, refuse a test part that nothing could be tested on."""
        test = self._test
        seen, ahead = estimator.window or SEEN, self._horizon or AHEAD
        if test is not None and min(seen, ahead) > 0 and not len(test.windows(seen, ahead)):
            found = f"its test part has no agent that is seen for {seen + ahead} steps in a row"
            wanted = "longer paths, a larger --test-share, or --test-share 0 for none"
            raise DataError(self._data.name, found, wanted)
        estimator.fit(self._training, horizon=self._horizon)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        model, test = estimator.model_, self._test
        result = {**estimator.result_, "data": _facts(self._data), "split": self._split}
        if test is not None:
            result["test"] = _scored(model, test, "test")
        folder.write_result(result)
        drawn = self._drawn(estimator, folder) if pictures else []
        conclude(result, folder, drawn, json, path_report_text, print_paths_judged)

    def _drawn(self, estimator: Any, folder: Any) -> list[Path]:
        history = [record.to_dict() for record in estimator.history_.records]
        model = estimator.model_
        figures = {
            "paths": picture(model, self._test or self._training),
            "curves": plots.learning_curves(history, score_name=model.score_name),
        }
        return save_figures(figures, folder.pictures)
