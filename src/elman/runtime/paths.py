"""A trained forecaster of paths, answering without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.blueprint import Mixture
from elman.bundle import Bundle
from elman.data.paths import Paths, PathWindows, Scene
from elman.data.sets.paths import open_paths
from elman.errors import ArgumentError, BundleError, DataError
from elman.metrics.displacements import PathBaselines, apart
from elman.parameters import flag, real, whole_number
from elman.printable import many, quoted
from elman.runtime.moving.correcting import Correcting, Said
from elman.runtime.moving.encounters import Encounter, encounters
from elman.runtime.moving.futures import Futures
from elman.runtime.moving.judging import OF, SceneJudged, judged, verdict_on
from elman.runtime.moving.likeness import Likeness, traits_of
from elman.runtime.moving.shares import Past, Share, errors_by_share
from elman.runtime.network import Network, Run
from elman.runtime.travelling import below, metadata_of, reading_of, setting_of
from elman.transforms.path_frames import PathFrames

__all__ = ["PathModel"]

_OTHER_UNIT = 4.0  # times the typical step of the training part, or a part of it


class PathModel:
    """Says how agents go on.

    A forecast is constant velocity and a share of the network's correction. In a scene like those
    that were learnt from it is the one that was chosen on validation scenes; in others it is none
    until corrections have proved right there. Where agents move in quite other steps than those
    that were learnt from (another unit), it stays none.

    Args:
        bundle: Of the task `forecaster`, of the input `paths`.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        seen: Steps that are read.
        ahead: Steps that are forecast.
        columns: What is read of an observation: x, y and perhaps more.
        unit: Of the data that were learnt from; empty where it is not known.
        frames: How windows are told to the network.
        share: How much of the correction is believed.
        likeness: Whether agents move as those did that were learnt from.
        baselines: What its errors are held against.
        metadata: How the model was trained: plain data.
        reading: What the training was told of how its files are written.
        held_out: Which scenes of which data were held out for a test: `digest`, `scenes`; or None.

    Raises:
        BundleError: The bundle is none of these, or lacks a part.
    """

    task: ClassVar[str] = "forecaster"
    input: ClassVar[str] = "paths"
    score_name: ClassVar[str] = "−(average displacement), typical steps"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != self.task or bundle.settings.get("input") != self.input:
            found = f"its task is {bundle.task!r}, its input {bundle.settings.get('input')!r}"
            raise BundleError("bundle", found, "give a forecaster of paths")
        self.bundle, self.blueprint = bundle, bundle.blueprint
        self.seen = setting_of(bundle, "seen", int, 0)
        neighbours = setting_of(bundle, "neighbours", str, "none")
        self.frames = PathFrames.from_tensors(below(bundle, "frames."), neighbours)
        self.ahead = self.frames.ahead
        self.columns = _columns(bundle, len(self.frames.mean))
        self.unit = setting_of(bundle, "unit", str, "")
        self.share = Share.from_tensors(below(bundle, "share."))
        self.likeness = Likeness.from_tensors(below(bundle, "likeness."))
        self.baselines = PathBaselines.from_tensors(below(bundle, "baselines."))
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        self.held_out = setting_of(bundle, "held_out", dict, None)
        width = below(bundle, "width").get("")
        block = self.blueprint.chains["body"][-1]
        fits = isinstance(block, Mixture) and block.parts == (("gaussian", 2 * self.ahead),)
        fits = fits and self.blueprint.input_size == self.frames.features and self.seen >= 2
        if not fits or width is None or width.shape != (1,) or not 0 < width[0] < 1e6:
            raise BundleError("network", "it does not fit its frames", "save the model again")
        assert isinstance(block, Mixture)  # for the type checker
        self._network = Network(bundle.blueprint, bundle.weights)
        self._given = run
        self._correcting = Correcting(run or self._network.run, block, self.frames, float(width[0]))

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        return {
            "reads": f"{self.seen} steps of {', '.join(self.columns)}",
            "forecasts": f"{self.ahead} steps of x, y",
            "unit": self.unit or "the data's own",
            "typical step": f"{self.frames.scale:.4g}",
            "neighbours": self.frames.neighbours,
            "share of the correction": f"{self.share.value:g}",
            "notes": self.metadata.get("notes", []),
        }

    # ---- how agents go on ---------------------------------------------------------------------

    def predict(
        self,
        paths: Any,
        *,
        every: bool = False,
        samples: int = 0,
        seed: int = 0,
        follow: bool = True,
    ) -> Futures:
        """How agents go on from the last step of their scene.

        Args:
            paths: `elman.data.paths.Paths`, a file or folder of them, or a set's name.
            every: Whether agents are asked for, too, that had gone before the scene's last step:
                each from its own last one.
            samples: How many ways in which each may go on are drawn, ≥ 0.
            seed: Of these, ≥ 0: an agent's do not depend on the others that are asked for.
            follow: Whether the share of the correction follows what was seen of the scene; else it
                is the one that was chosen.

        Raises:
            DataError, FormatError: The paths cannot be used; or no agent can be forecast.
            ArgumentError: A number is out of its range, or columns are missing.
        """
        whole_number("samples", samples, 0)
        whole_number("seed", seed, 0)
        data, notes = self._read(paths)
        windows, counted = data.latest(self.seen, flag().check("every", every))
        notes += _counted(counted, self.seen)
        if not len(windows):
            found = "no agent whose velocity is known at the last step of its scene"
            raise DataError(data.name, found, "agents seen twice or more; or every=True")
        said = self._correcting.said(windows)
        share, more = self._shares(data, windows, follow)
        mean = said.plain + share[:, None, None] * said.correction
        steps = windows.ends[:, None] + np.arange(1, self.ahead + 1)
        frames = [data.scenes[k].frame(one) for k, one in zip(windows.scene, steps, strict=True)]
        scenes, agents = zip(*windows.agents(), strict=True)
        drawn = self._correcting.samples(said, share, samples, seed)
        return Futures(
            tuple(scenes),
            tuple(agents),
            windows.values()[..., :2],
            np.stack(frames),
            mean,
            share,
            drawn,
            (*notes, *more),
        )

    def sample(
        self, paths: Any, *, samples: int = OF, seed: int = 0, every: bool = False
    ) -> Float[np.ndarray, "N K H 2"]:
        """Ways in which each agent may go on; arguments and errors as of `predict`."""
        return self.predict(paths, every=every, samples=samples, seed=seed).samples

    def encounters(
        self, paths: Any, distance: float, *, samples: int = 200, seed: int = 0
    ) -> list[Encounter]:
        """Who may come nearer to whom than a distance, the most likely first.

        All agents' futures are sampled, those of each apart from the others'; the chance of a pair
        is the share of samples in which it comes nearer, between two steps, too. A pair that does
        in no sample is not told.

        Args:
            paths: As of `predict`.
            distance: In the data's own unit, > 0.
            samples: How many, ≥ 1.
            seed: As of `predict`.

        Raises:
            DataError, FormatError, ArgumentError: As of `predict`.
        """
        real("distance", distance)
        whole_number("samples", samples, 1)
        futures = self.predict(paths, samples=samples, seed=seed)
        return self.met(futures, distance)

    def met(self, futures: Futures, distance: float) -> list[Encounter]:
        """As `encounters`, of futures that were sampled."""
        scenes, found = np.array(futures.scenes, dtype=object), list[Encounter]()
        for scene in dict.fromkeys(futures.scenes):
            rows = np.flatnonzero(scenes == scene)
            names = [futures.agents[row] for row in rows]
            last, drawn = futures.seen[rows, -1], futures.samples[rows]
            found += encounters(scene, names, last, drawn, distance)
        return sorted(found, key=lambda one: (-one.chance, one.step, one.scene))

    # ---- how good that is ---------------------------------------------------------------------

    def evaluate(
        self, paths: Any, *, samples: int = OF, seed: int = 0, follow: bool = True
    ) -> dict[str, Any]:
        """The errors in each scene, beside those of the baselines, in the data's own unit.

        All windows of `seen + ahead` steps in which an agent is there all the time are forecast.

        Args:
            paths: As of `predict`.
            samples: Of how many the best is told, apart from the errors, ≥ 1.
            seed: As of `predict`.
            follow: As of `predict`: of a window no more is used than was seen by its last step.

        Returns:
            `metric` ("ade"), `score` (the mean of it over scenes), `unit`, `seen`, `ahead`,
            `windows`, `scenes` (by name `ade`, `fde`, `windows`, `agents`, `share`, `baselines`,
            `best_of` and `inside`, the share of places within the circle that holds nine tenths of
            the samples), `baselines` (each one's mean ADE), `mean` (over scenes, as of a scene),
            `verdict`, `notes`.

        Raises:
            DataError, FormatError, ArgumentError: As of `predict`; or there is no such window.
        """
        whole_number("samples", samples, 1)
        data, notes = self._read(paths)
        windows = data.windows(self.seen, self.ahead)
        if not len(windows):
            found = f"no agent is seen for {self.seen + self.ahead} steps in a row"
            raise DataError(data.name, found, "longer paths")
        whole = data.windows(self.seen, 0)
        told = self._correcting.said(whole)
        said = told.select(_places(windows, whole))
        share, more = self._shares(data, windows, follow, told)
        values = windows.values()[..., :2]
        seen, came = values[:, : self.seen], values[:, self.seen :]
        mean = said.plain + share[:, None, None] * said.correction
        others = self.baselines.answers(seen, self.ahead)
        scenes: dict[str, Any] = {}
        for k in np.unique(windows.scene):
            rows = windows.scene == k
            drawn = self._correcting.samples(said.select(rows), share[rows], samples, seed)
            one = SceneJudged(
                data.scenes[k].name,
                len(np.unique(windows.who[rows])),
                float(share[rows].mean()),
                came[rows],
                mean[rows],
                drawn,
                {name: found[rows] for name, found in others.items()},
            )
            scenes[one.scene] = judged(one)
        left = [scene.name for scene in data.scenes if scene.name not in scenes]
        if left:
            notes.append(f"{many(len(left), 'scene')} without such a path: {', '.join(left[:5])}")
        return self._summed(scenes, len(windows), data, [*notes, *more])

    def _summed(
        self, scenes: dict[str, Any], windows: int, data: Paths, notes: list[str]
    ) -> dict[str, Any]:
        each = list(scenes.values())
        names = list(each[0]["baselines"])
        mean = {error: float(np.mean([one[error] for one in each])) for error in ("ade", "fde")}
        usual = {
            name: {
                error: float(np.mean([one["baselines"][name][error] for one in each]))
                for error in ("ade", "fde")
            }
            for name in names
        }
        best = {e: float(np.mean([one["best_of"][e] for one in each])) for e in ("ade", "fde")}
        inside = float(np.mean([one["inside"] for one in each]))
        told = {"samples": each[0]["best_of"]["samples"], **best}
        return {
            "metric": "ade",
            "score": mean["ade"],
            "unit": data.unit or self.unit,
            "seen": self.seen,
            "ahead": self.ahead,
            "windows": windows,
            "scenes": scenes,
            "mean": {**mean, "baselines": usual, "best_of": told, "inside": inside},
            "baselines": {name: one["ade"] for name, one in usual.items()},
            "verdict": verdict_on(scenes, self.share.value, self.share.scenes),
            "notes": notes,
        }

    def score(self, paths: Any) -> float:
        """Minus the mean average displacement error over scenes: larger is better."""
        return -float(self.evaluate(paths)["score"])

    # ---- how much of the correction is believed -----------------------------------------------

    def _followed(
        self, scene: Scene, windows: PathWindows, said: Said, now: Int[np.ndarray, "N"]
    ) -> Float[np.ndarray, "N"]:
        """The share of the correction at some steps of a scene, by what was seen by then.

        Args:
            scene: It.
            windows: All of it, as far as agents were seen for the steps that are read.
            said: What was said of them.
            now: The steps, growing.
        """
        came = windows.came(self.ahead)
        errors = errors_by_share(said.plain, said.correction, came)
        chosen = said.plain + self.share.value * said.correction
        both = np.stack([apart(said.plain, came), apart(chosen, came)], axis=2)
        past = Past(errors, both, windows.who, windows.ends)
        seen = windows.values()[..., :2]
        traits = traits_of(seen, said.correction, self.frames.scale)
        steps = np.arange(scene.last + 1)
        like = self.likeness.holds(traits, windows.who, windows.ends, steps)
        found = self.share.following(past, like, now)
        factors = _typical(scene)[now] / self.frames.scale
        return np.where(_is_other_unit(factors), 0.0, found)

    def _shares(
        self, data: Paths, windows: PathWindows, follow: bool, said: Said | None = None
    ) -> tuple[Float[np.ndarray, "W"], list[str]]:
        """The share of the correction in each window, and what is to be said of it.

        Args:
            data: All that was seen.
            windows: Those that are forecast.
            follow: Whether it follows what was seen before.
            said: What was said of `data.windows(self.seen, 0)`; None: nothing yet.
        """
        found, unlike = np.full(len(windows), self.share.value), []
        flag().check("follow", follow)
        notes, whole = list[str](), None if said is None else data.windows(self.seen, 0)
        for k in np.unique(windows.scene):
            scene, rows = data.scenes[k], windows.scene == k
            factor = float(_typical(scene)[-1]) / self.frames.scale
            other = bool(_is_other_unit(np.array(factor)))
            if other:
                notes.append(
                    f"{scene.name}: its steps are {factor:.2g} times as long as those that were "
                    "learnt from, as in another unit: constant velocity is forecast"
                )
            if not follow:
                found[rows] *= not other
                continue
            own, told = self._own(data, int(k), whole, said)
            now, place = np.unique(windows.ends[rows], return_inverse=True)
            found[rows] = self._followed(scene, own, told, now)[place]
            unlike += [] if found[rows].any() else [scene.name]
        if unlike and self.share.value:
            notes.append(
                f"{many(len(unlike), 'scene')} of which nothing says that corrections are right "
                f"there: constant velocity is forecast ({quoted(unlike, 5)})"
            )
        return found, notes

    def _own(
        self, data: Paths, k: int, whole: PathWindows | None, said: Said | None
    ) -> tuple[PathWindows, Said]:
        """The windows of one scene, and what is said of them."""
        if whole is None or said is None:
            own = replace(data, scenes=data.scenes[k : k + 1]).windows(self.seen, 0)
            return own, self._correcting.said(own)
        rows = whole.scene == k
        return whole.select(rows), said.select(rows)

    # ---- what is read -------------------------------------------------------------------------

    def _read(self, paths: Any) -> tuple[Paths, list[str]]:
        """Paths as this model reads them."""
        if isinstance(paths, str | os.PathLike):
            paths = open_paths(paths, **{**self.reading, "unit": self.unit})
        if not isinstance(paths, Paths):
            raise ArgumentError("paths", f"found {type(paths).__name__}", "Paths, or a file's path")
        notes = list(paths.notes)
        if paths.columns != self.columns:
            expected = f"{list(self.columns)}, which were learnt from"
            raise ArgumentError("columns", f"found {list(paths.columns)}", expected)
        if paths.unit and self.unit and paths.unit != self.unit:
            notes.append(f"the paths are in {paths.unit}; learnt was from {self.unit}")
        return paths, notes


def _places(some: PathWindows, every: PathWindows) -> Int[np.ndarray, "W"]:
    """Where windows stand among all of the same data."""
    most = max(int(every.rows.max(initial=0)), int(some.rows.max(initial=0))) + 1
    return np.searchsorted(every.scene * most + every.rows, some.scene * most + some.rows)


def _typical(scene: Scene) -> Float[np.ndarray, " steps"]:
    """The root mean square of all movements up to each step of a scene."""
    moved = np.square(scene.velocity).sum(axis=1)
    total = np.cumsum(np.bincount(scene.steps, moved, scene.last + 1))
    count = np.cumsum(np.bincount(scene.steps, minlength=scene.last + 1))
    return np.sqrt(total / np.maximum(count, 1))


def _is_other_unit(factors: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
    """Whether steps are so many times as long as those learnt from that their unit is another."""
    return (factors > 0) & ((factors > _OTHER_UNIT) | (factors < 1 / _OTHER_UNIT))


def _columns(bundle: Bundle, extra: int) -> tuple[str, ...]:
    found = setting_of(bundle, "columns", list, [])
    fits = len(found) == 2 + extra and all(isinstance(one, str) for one in found)
    if not fits or found[:2] != ["x", "y"]:
        raise BundleError("setting columns", f"found {found!r:.80}", "save the model again")
    return tuple(found)


def _counted(counted: Mapping[str, int], seen: int) -> list[str]:
    """What is said of agents that are forecast otherwise, or not."""
    said = {
        "gone": "{} gone before the last step of the scene: not forecast",
        "once": "{} seen once: how it moves is not known, not forecast",
        "short": f"{{}} seen for fewer than {seen} steps: before, taken to have moved as at first",
    }
    return [said[name].format(many(count, "agent")) for name, count in counted.items() if count]
