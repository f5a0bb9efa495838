"""A language model that learns while it reads: dynamic evaluation, sessions that go on learning.

After every few tokens the weights take a step down the gradient of what was just read, and are
drawn back a little to where they began (Krause et al. 2018, arXiv 1709.07432v2). The steps are
divided by the root mean square of the gradients seen so far, theirs by that of the training text.
"""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor
from torch.optim.adagrad import adagrad

from elman import state as states
from elman.blueprint import Blueprint
from elman.data.text_sequences import as_texts
from elman.errors import ArgumentError, BundleError
from elman.models import build
from elman.parameters import check_fields, documented, number, parameter, share, whole
from elman.runtime.network import Network
from elman.runtime.writing.scores import scores_of
from elman.runtime.writing.session import Session
from elman.runtime.writing.writer import Writer
from elman.tasks.fitting import weights_of
from elman.tensor_files import Form, Listed, below

__all__ = ["Dynamic", "LearningSession", "dynamic_scores"]

_SMALL = 1e-8  # beside the root mean square of a gradient
_LOUDEST = 1.0  # joint norm of a gradient, as in training


@documented
@dataclass(kw_only=True)
class Dynamic:
    """How a model learns while it reads.

    Attributes:
        {parameters}

    Raises:
        ArgumentError: A value is outside its range.
    """

    _group: ClassVar = "Learning while reading"
    _table: ClassVar = None

    every: int = parameter(40, whole(1), "Tokens from one step of the weights to the next.")
    rate: float = parameter(
        2e-4, number(above=0), "Step size, of gradients divided by their root mean square."
    )
    decay: float = parameter(
        1e-3, share(), "Share of the way back to the trained weights, at each step."
    )

    def __post_init__(self) -> None:
        check_fields(self)


class LearningSession(Session):
    """A session whose weights learn from what is read; the model itself stays as it is.

    What a token is said with are the weights before it was read. Gradients reach back to the last
    step of the weights; the state goes on. `fork` copies weights, too, so that a session that was
    forked before can be gone back to, in the same bits.

    Args:
        writer: Of the model.
        blueprint: The network.
        weights: The trained ones.
        dynamic: How it learns.

    Raises:
        ArgumentError: `dynamic` is none.
    """

    _form: ClassVar[Form] = Form(
        entry="elman_learning_session",
        version=1,
        noun="session",
        wanted="give a file that a learning session was saved to",
        folder="give the file in it that a learning session was saved to",
        types={
            "model": str,
            "structure": list,
            "last": int,
            "tokens": int,
            "updates": int,
            "dynamic": dict,
        },
        prefixes=("state.", "start.", "changed.", "squares.", "pending."),
    )

    def __init__(
        self,
        writer: Writer,
        blueprint: Blueprint,
        weights: Mapping[str, np.ndarray],
        dynamic: Dynamic,
    ) -> None:
        super().__init__(writer)
        if not isinstance(dynamic, Dynamic):
            raise ArgumentError("dynamic", f"found {dynamic!r:.80}", "True, False or a Dynamic")
        self._blueprint, self._base, self.dynamic = blueprint, writer, dynamic
        self._hold(_module_of(blueprint, weights))
        self._first = {name: one.detach().clone() for name, one in self._named()}
        self._squares = {name: torch.zeros_like(one) for name, one in self._named()}
        self._updates, self._stale = 0, False
        self._start: Any = None  # the state at the last step of the weights
        self._pending = np.zeros(0, np.int64)  # the tokens read since, the one before them first

    @classmethod
    def of(cls, model: Any, dynamic: Dynamic | bool) -> Self:
        """A session of a `GeneratorModel`.

        Args:
            model: It.
            dynamic: How it learns; True: as is usual.
        """
        told = (model.writer, model.blueprint, model.bundle.weights)
        return cls(*told, Dynamic() if dynamic is True else dynamic)  # pyright: ignore

    def _hold(self, module: Any) -> None:
        self._module, self._weights = module, dict(module.named_parameters())

    def _named(self) -> list[tuple[str, torch.nn.Parameter]]:
        return [*self._weights.items()]

    # ---- reading --------------------------------------------------------------------------------

    def _read(self, ids: np.ndarray) -> np.ndarray:
        said = [np.zeros(0)]
        while len(ids):
            if not len(self._pending):
                self._start, self._pending = self._state, np.array([self._last], np.int64)
            room = self.dynamic.every - (len(self._pending) - 1)
            now, ids = ids[:room], ids[room:]
            before = len(self._pending)
            self._pending = np.concatenate([self._pending, now])
            full = len(now) == room
            if before > 1 or not full:  # its first part was said before; or no step yet
                said.append(self._said(now))
            if full:
                found = self._learn()
                if before == 1:
                    said.append(found)
            self._last = int(now[-1])
            self.tokens_read += len(now)
        return np.concatenate(said)

    def _said(self, now: np.ndarray) -> np.ndarray:
        """The log-probabilities of further tokens, without a step."""
        with torch.no_grad():
            line = np.concatenate([[self._last], now])
            found, self._state = self._run(line, self._state)
        return found.double().numpy()

    def _run(self, line: np.ndarray, state: Any) -> tuple[Tensor, Any]:
        """The log-probability of each id but the first, and the state after the last but one."""
        ids = torch.from_numpy(line)[None]
        given = None if state is None else _tensors(state)
        scores, after = self._module.unroll(ids[:, :-1], initial_state=given)
        scores = getattr(scores, "scores", scores)[0]
        found = scores.log_softmax(dim=-1).gather(1, ids[0, 1:, None])[:, 0]
        return found, states.map_leaves(lambda leaf: leaf.detach().numpy(), after)

    def _learn(self) -> np.ndarray:
        """A step of the weights on the pending tokens; their log-probabilities before it."""
        names, weights = zip(*self._named(), strict=True)
        found, self._state = self._run(self._pending, self._start)
        gradients = torch.autograd.grad(-found.mean(), weights, materialize_grads=True)
        self._updates += 1
        with torch.no_grad():
            _take_step(
                [*weights],
                [one.to_dense() for one in gradients],
                [self._squares[name] for name in names],
                self._updates,
                self.dynamic.rate,
            )
            for name, one in zip(names, weights, strict=True):
                one.lerp_(self._first[name], self.dynamic.decay)
        self._stale, self._pending = True, np.zeros(0, np.int64)
        return found.detach().double().numpy()

    def _held(self) -> Any:
        if self._state is not None:
            return self._state
        with torch.no_grad():
            _, like = self._run(np.array([self._last, self._last], np.int64), None)
        return states.map_leaves(np.zeros_like, like)

    # ---- writing --------------------------------------------------------------------------------

    def _ready(self) -> Writer:
        if self._stale:
            network = Network(self._blueprint, weights_of(self._module))
            base = self._base
            self._writer = Writer(network, base.codec, base.framing, base.model)
            self._stale = False
        return self._writer

    def _network_state(self) -> Any:
        if self._state is None:
            return None
        return self._base.network.state_of([*self._state], 1)

    # ---- values ---------------------------------------------------------------------------------

    def fork(self) -> Self:
        """Another session that stands where this one stands, with weights of its own."""
        other = super().fork()
        other._hold(copy.deepcopy(self._module))
        other._squares = {name: one.clone() for name, one in self._squares.items()}
        other._start = None if self._start is None else states.copy(self._start)
        other._pending = self._pending.copy()
        return other

    def _packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Of the weights what is different from the model's."""
        told, named = super()._packed()
        _, start = states.packed(self._held() if self._start is None else self._start)
        now = weights_of(self._module)
        named |= {f"start.{name}": array for name, array in start.items()}
        named |= {f"changed.{name}": _difference(now[name], one) for name, one in self._bits()}
        for name, one in self._squares.items():
            named[f"squares.{name}"] = _difference(one.numpy(), np.zeros(one.shape, np.float32))
        told |= {"updates": self._updates, "dynamic": asdict(self.dynamic)}
        return told, {**named, "pending.ids": self._pending}

    def _check(self, where: str, told: dict[str, Any], listed: dict[str, Listed]) -> None:
        super()._check(where, told, listed)
        if told["dynamic"] != asdict(self.dynamic):
            found = f"it has learnt with {repr(told['dynamic'])[:80]}"
            raise BundleError(where, found, f"a session of that Dynamic; this is {self.dynamic}")
        for kind in ("changed.", "squares."):
            if {*below(listed, kind)} != {*self._first}:
                raise BundleError(where, "its weights are none of this model's", self._form.again)
        pending = listed.get("pending.ids")
        fits = pending is not None and pending.dtype == np.int64 and len(pending.shape) == 1
        if pending is None or not fits or pending.shape[0] > self.dynamic.every:
            found = f"its tokens since the last step do not fit every={self.dynamic.every}"
            raise BundleError(where, found, "the Dynamic that it was begun with")
        if told["updates"] < 0:
            raise BundleError(where, "it says what no session does", self._form.again)

    def _take(self, where: str, told: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        start = self._unpacked(where, told, below(arrays, "start."))
        pending = arrays["pending.ids"]
        if not all(0 <= one < len(self._base.codec) for one in pending):
            raise BundleError(where, "its tokens are none of this model's", self._form.again)
        changed, squares = below(arrays, "changed."), below(arrays, "squares.")
        weights = {name: self._changed(changed[name], one, where) for name, one in self._bits()}
        sums = {
            name: self._changed(squares[name], np.zeros_like(one), where)
            for name, one in self._bits()
        }
        super()._take(where, told, arrays)
        self._hold(_module_of(self._blueprint, weights))
        self._squares = {name: torch.from_numpy(one) for name, one in sums.items()}
        self._start, self._pending = start, pending
        self._updates, self._stale = told["updates"], True

    def _bits(self) -> list[tuple[str, np.ndarray]]:
        """The trained weights, by name."""
        return [(name, one.numpy()) for name, one in self._first.items()]

    def _changed(self, packed: np.ndarray, before: np.ndarray, where: str) -> np.ndarray:
        """What `_difference` packed; `BundleError` if it is something else."""
        try:
            return _with_difference(packed, before)
        except (zlib.error, TypeError, ValueError) as error:
            found = f"its weights are damaged ({error})"
            raise BundleError(where, found, self._form.again) from error


def dynamic_scores(model: Any, X: Any, dynamic: Dynamic | bool) -> dict[str, float | None]:
    """The scores of a model that learns while it reads, each text from the trained weights on.

    Args:
        model: A `GeneratorModel`.
        X: A text, or a list of them.
        dynamic: How it learns; True: as is usual.
    """
    texts, nats = as_texts([X] if isinstance(X, str) else X).texts, 0.0
    tokens = characters = size = 0
    for text in texts:
        said = LearningSession.of(model, dynamic).read(text, ended=True).log_probabilities
        nats -= math.fsum(said)
        tokens, characters = tokens + len(said), characters + len(text)
        size += len(text.encode("utf-8", "surrogatepass"))
    return scores_of(nats, tokens, characters, size)


def _take_step(
    weights: list[Tensor], gradients: list[Tensor], squares: list[Tensor], count: int, rate: float
) -> None:
    """Weights less rate · gradient / (√(squares / count) + small), in one pass over each.

    AdaGrad divides by √squares: the count goes into its rate and its small number.

    Args:
        weights: Written to.
        gradients: Of all together no more than the loudest counts; written to.
        squares: The sums of those before, written to.
        count: Of the gradients, this one included.
        rate: Step size.
    """
    norm = torch.linalg.vector_norm(torch.stack([*map(torch.linalg.vector_norm, gradients)]))
    adagrad(
        weights,
        gradients,
        squares,
        [torch.zeros(()) for _ in weights],  # steps, which would lower the rate
        fused=True,
        grad_scale=(norm / _LOUDEST).clamp(min=1),
        lr=rate * math.sqrt(count),
        eps=_SMALL * math.sqrt(count),
        lr_decay=0.0,
        weight_decay=0.0,
        maximize=False,
    )


def _module_of(blueprint: Blueprint, weights: Mapping[str, np.ndarray]) -> Any:
    module = build(blueprint, seed=0)
    module.load_state_dict({name: torch.from_numpy(one.copy()) for name, one in weights.items()})
    return module.eval()


def _tensors(state: Any) -> Any:
    return states.map_leaves(torch.from_numpy, state)


def _difference(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """float32 numbers as what their bits differ by, bytes of one place together, packed."""
    bits = now.view(np.uint32) ^ before.view(np.uint32)
    planes = np.ascontiguousarray(bits.reshape(-1).view(np.uint8).reshape(-1, 4).T)
    return np.frombuffer(zlib.compress(planes.tobytes(), 6), np.uint8)


def _with_difference(packed: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The numbers that `_difference` packed; another error than ours if it is something else."""
    size, opened = before.nbytes, zlib.decompressobj()
    content = opened.decompress(packed.astype(np.uint8, casting="safe").tobytes(), size)
    more = opened.decompress(opened.unconsumed_tail, 1)
    if len(content) != size or more or not opened.eof:
        raise ValueError("another size")
    planes = np.frombuffer(content, np.uint8).reshape(4, -1)
    bits = np.ascontiguousarray(planes.T).reshape(-1).view(np.uint32).reshape(before.shape)
    found = (bits ^ before.view(np.uint32)).view(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("a weight is not finite")
    return found
