"""What all tasks share: parameters, files, runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from elman import bundle
from elman.blueprint import Blueprint, CellConfig
from elman.bundle import Bundle
from elman.errors import ArgumentError, BundleError, CheckpointError
from elman.errors import NotFittedError as ElmanNotFittedError
from elman.models import build
from elman.parameters import check_values, flag, renamed, told
from elman.registry import Input, loaded, task_of
from elman.runtime.travelling import setting_of
from elman.tasks.fitting import Options, callbacks_of, take_weights, weights_of
from elman.tasks.network import ModuleRun, cell_configs, torch_device
from elman.tasks.own import GIVEN, OWN, CheckedOutputs, packed_models
from elman.tasks.parameters import RunParameters
from elman.training import Augmentation, RunFolder, TrainingConfig, writes
from elman.training.events.history import History
from elman.transforms.sound import SoundDistortion, SoundFeatures

__all__ = ["Estimator", "NotFittedError"]

_TRAINING = tuple(told(TrainingConfig))
_SURROUNDINGS = tuple(told(RunParameters))


class NotFittedError(ElmanNotFittedError, SklearnNotFittedError):
    """An answer was asked of an estimator that has not been fitted; scikit-learn's, too."""


class Estimator(BaseEstimator):
    """Parameters and files of a task; each task adds how it is fitted and what it answers.

    Attributes after `fit`:
        model_: What answers: the runtime's model.
        module_: The torch module that was trained.
        history_: Loss, score and time of each epoch; None after `load`.
        result_: How the model came about, as plain data.
    """

    _task: ClassVar[str]
    _input: str = ""
    _meant: str | None = None  # the kind of input that `of` was told; None: whatever comes
    """The kind of input that it is fitted to; "": the task's usual one."""

    model_: Any
    module_: Any
    history_: History | None
    result_: dict[str, Any]

    @property
    def reading(self) -> Mapping[str, Any]:
        """What is told of the table that the data come from, for the model file.

        Columns by their role, and how the file is written: options of `elman.data.read`.
        """
        return getattr(self, "_reading", {})

    @reading.setter
    def reading(self, told: Mapping[str, Any]) -> None:
        self._reading = dict(told)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as one file, which `elman.load` answers from without torch.

        Raises:
            NotFittedError: Before `fit`.
            BundleError: The network is one of your own: pickle the estimator. Or the file could
                not be written; an older one is unchanged.
        """
        bundle.save(path, self._fitted("save").bundle)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """An estimator with the model in a file; `fit` trains it on (`warm_start` is set).

        Raises:
            BundleError: The file is damaged, or another task's.
        """
        found = bundle.load(path)
        if found.task != cls._task:
            raise BundleError(str(path), f"its task is {found.task!r}", f"give a {cls._task}'s")
        try:
            estimator = cls(**cls.unpacked(found.settings.get("estimator", {})))
        except TypeError as error:
            raise BundleError(str(path), f"other parameters: {error}", "update Elman") from error
        estimator.set_params(warm_start=True)
        estimator._hold(found, _built(found))
        estimator.history_ = None
        return estimator

    @classmethod
    def starting_from(cls, path: str | os.PathLike[str], **parameters: Any) -> Self:
        """An estimator whose `fit` trains the model in a file on, with these parameters.

        Raises:
            BundleError: The file is damaged, or another task's.
        """
        return cls.load(path).set_params(**parameters)

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters from a file: by the names and of the types that they have here."""
        return _unpacked(packed, told(cls))

    @classmethod
    def of(cls, name: str, **parameters: Any) -> Self:
        """An estimator for a kind of input, with the parameters that suit it where none are given.

        Its `fit` refuses data of another kind: a text is no tune, whatever it holds.

        Args:
            name: Of the kind, a row of the task's in `elman.registry`.
            parameters: As of the class.

        Raises:
            ArgumentError: The task takes no such input.
        """
        row = task_of(cls._task).input_of(name)
        made = cls(**{**({} if row is None else row.usual), **parameters})
        made._meant = "" if row is None else row.name
        return made

    def _learns_of(self, data: Any) -> Any:
        """What trains where data are of a further kind of input; None: of the usual one.

        Raises:
            ArgumentError: The task takes no such input, a parameter is not of this kind, or the
                model to go on from is of another one.
        """
        task = task_of(self._task)
        row = task.input_of(getattr(data, "input", ""), "X")
        if self._meant and (row is None or row.name != self._meant):
            found = f"found a {type(data).__name__}, and this {type(self).__name__} is of "
            expected = f"{self._meant.capitalize()}, as their reader in elman.data gives them"
            raise ArgumentError("X", found + self._meant, expected)
        warm = self._warm()
        self._check_kind(row, task.inputs)
        if warm is not None and self._input != ("" if row is None else row.name):
            found = f"{getattr(data, 'input', task.work)}, and the model that goes on reads "
            raise ArgumentError("X", found + (self._input or task.work), "the same, or a fresh fit")
        self._input = "" if row is None else row.name
        return None if row is None else loaded(row.learning)

    def _check_kind(self, row: Input | None, rows: Sequence[Input]) -> None:
        own = () if row is None else row.own
        foreign = {name for one in rows for name in one.own} - {*own}
        for name in (*sorted(foreign), *(() if row is None else row.lacks)):
            value = self.get_params()[name]
            default = told(type(self))[name].default
            if isinstance(value, np.ndarray) or value != default:
                kind = task_of(self._task).work if row is None else row.name
                raise ArgumentError(name, f"{value!r:.60} of {kind}", "leave it out")

    def _fitted(self, method: str) -> Any:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"{name}.{method}", f"this {name} is not fitted", "call fit first")
        return self.model_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # pyright: ignore
        if "model_" in state:  # networks are built anew from their data, if that says all
            state["model_"] = self.model_.bundle
            if self.model_.blueprint.described:
                state["module_"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self.__sklearn_is_fitted__():
            device = torch_device(self.get_params()["device"])
            module = self.module_ if self.module_ is not None else _built(self.model_)
            self._hold(self.model_, module.to(device), device)

    def _hold(self, found: Bundle, module: Any, device: Any = None) -> None:
        """Take a model as what this estimator was fitted to."""
        run, device = None, device or torch.device("cpu")
        blueprint: Any = found.blueprint
        if not blueprint.described:
            run = ModuleRun(CheckedOutputs(module, blueprint), device)
        elif device.type != "cpu":
            run = ModuleRun(module, device)
        self._input = setting_of(found, "input", str, "")
        self.model_ = task_of(self._task).load_model(self._input)(found, run)
        self.module_ = module
        self.result_ = self.model_.metadata
        self.reading = self.model_.reading

    def _warm(self) -> Any:
        """The model to go on from, or None."""
        asked = flag().check("warm_start", self.get_params()["warm_start"])
        return self.model_ if asked and self.__sklearn_is_fitted__() else None

    def _cells(self) -> tuple[CellConfig, ...]:
        """The stack of cells that the parameters describe; errors as `cell_configs`."""
        given = self.get_params()
        return cell_configs(
            **{k: given[k] for k in signature(cell_configs).parameters if k in given}
        )

    def _options(self) -> Options:
        """The parameters that concern the training, checked."""
        given = self.get_params()
        check_values(type(self), given)
        told_of_training = _of_training(given)
        config = TrainingConfig.from_dict(told_of_training)
        folder = given["run"]
        if folder is not None and not isinstance(folder, RunFolder):
            if not isinstance(folder, str | os.PathLike):
                raise ArgumentError("run", f"found {folder!r}", "a folder's path, or a RunFolder")
            folder = RunFolder(Path(folder))
        for name in ("warm_start", "verbose", "resume"):
            if not isinstance(given[name], bool | np.bool_ | int):
                raise ArgumentError(name, f"found {given[name]!r}", "True or False")
        if given["resume"] and folder is None:
            raise CheckpointError("resume", "the run has no folder", "give the folder as run=")
        if given["tensorboard"] and folder is None:
            raise ArgumentError("tensorboard", "the run has no folder", "give the folder as run=")
        packed = _packed(given) | {"device": str(given["device"])}
        tables: dict[str, dict[str, Any]] = {"task": {}, "machine": {}}
        for name, about in told(type(self)).items():
            if about.table in tables and name in packed:
                tables[about.table][name] = packed[name]
        training = {k: v for k, v in config.to_dict().items() if k in told_of_training}
        if _is_data(given["validation"]):  # no text can repeat it; left out it is a share
            tables["task"]["validation"] = GIVEN
        for name in OWN:
            if tables["task"].get(name, GIVEN) is None:
                del tables["task"][name]
        return Options(
            config=config,
            truncation=given.get("truncation"),
            stride=given.get("stride"),
            memory=given["memory"],
            device=torch_device(given["device"]),
            threads=given["threads"],
            folder=folder,
            resume=bool(given["resume"]),
            verbose=bool(given["verbose"]),
            tensorboard=bool(given["tensorboard"]),
            workers=given["workers"],
            callbacks=callbacks_of(given["callbacks"]),
            told={"kind": self._task, "training": training, **tables},
        )

    def _finish(
        self,
        blueprint: Blueprint,
        network: Any,
        options: Options,
        tensors: dict[str, np.ndarray],
        settings: dict[str, Any],
    ) -> None:
        """Hold the trained network with all that travels with it; complete the run's folder."""
        kept = {
            k: v
            for k, v in _packed(self.get_params()).items()
            if k not in (*_SURROUNDINGS, "start")
        }
        settings |= {"estimator": kept, "reading": dict(self.reading)}
        settings |= {"input": self._input} if self._input else {}
        made = Bundle(self._task, blueprint, weights_of(network), tensors, settings)
        self._hold(made, network, options.device)
        if options.folder is not None and writes():
            if made.blueprint.described:
                self.save(options.folder.model)
            options.folder.write_result(self.result_)


def _built(found: Bundle) -> Any:
    """The torch module of a bundle, with its weights."""
    module = build(found.blueprint, seed=0)
    take_weights(module, found.weights)
    return module.eval()


def _is_data(validation: Any) -> bool:
    """Whether a validation part was given: data, rather than a share."""
    return isinstance(validation, tuple | list) or hasattr(validation, "input")


def _of_training(given: dict[str, Any]) -> dict[str, Any]:
    """The trainer's parameters; without the epochs where these wait for the data."""
    found = {name: given[name] for name in _TRAINING if name in given}
    return {k: v for k, v in found.items() if not (k == "epochs" and v is None)}


def _packed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as plain data; a validation part that was given is left out."""
    packed = dict(parameters)
    for name, value in parameters.items():
        if isinstance(value, np.ndarray | np.generic):
            packed[name] = value.tolist()
        elif isinstance(value, Augmentation):
            packed[name] = dict(vars(value))
        elif isinstance(value, SoundFeatures | SoundDistortion):
            told = asdict(value)
            packed[name] = {one: given for one, given in told.items() if given is not None}
        elif isinstance(value, tuple):
            packed[name] = list(value)
        elif isinstance(value, os.PathLike):
            packed[name] = os.fspath(value)
    packed |= {name: GIVEN for name in OWN if callable(parameters.get(name))}
    if not isinstance(parameters.get("codec", ""), str):  # one of your own is in the model file
        packed["codec"] = GIVEN
    if not isinstance(parameters.get("target_codec"), str | None):
        packed["target_codec"] = GIVEN
    if "features_from" in parameters:
        packed["features_from"] = packed_models(parameters["features_from"])
    if _is_data(parameters.get("validation")):
        del packed["validation"]
    if isinstance(parameters.get("class_weight"), Mapping):  # JSON's keys are strings only
        pairs = parameters["class_weight"].items()
        packed["class_weight"] = [[_item(label), _item(weight)] for label, weight in pairs]
    return packed


def _unpacked(packed: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What `_packed` packed, perhaps by names of before."""
    parameters = renamed(packed, known)
    if isinstance(parameters.get("class_weight"), list):
        parameters["class_weight"] = dict(packed["class_weight"])
    return parameters


def _item(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
