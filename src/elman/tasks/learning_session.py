"""A language model that learns while it reads: dynamic evaluation, sessions that go on learning.

After every few tokens the weights take a step down the gradient of what was just read, and are
drawn back a little to where they began (Krause et al. 2018, arXiv 1709.07432v2). The steps are
divided by the root mean square of the gradients seen so far, theirs by that of the training text.
"""

from __future__ import annotations

import copy
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from elman import state as states
from elman.blueprint import Blueprint
from elman.data.text_sequences import as_texts
from elman.errors import BundleError
from elman.models import build
from elman.parameters import check_fields, documented, number, parameter, share, whole
from elman.runtime.network import Network
from elman.runtime.writing.scores import scores_of
from elman.runtime.writing.session import Session
from elman.runtime.writing.writer import Writer
from elman.tasks.fitting import weights_of
from elman.tensor_files import Form, Listed, below, read, write

__all__ = ["Dynamic", "LearningSession", "dynamic_scores"]

_FORM = Form(
    entry="elman_learning_session",
    version=1,
    noun="session",
    wanted="give a file that a learning session was saved to",
    folder="give the file in it that a learning session was saved to",
    types={"model": str, "structure": list, "last": int, "tokens": int, "updates": int},
    prefixes=("state.", "start.", "changed.", "squares.", "pending."),
)
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
    """

    def __init__(
        self,
        writer: Writer,
        blueprint: Blueprint,
        weights: Mapping[str, np.ndarray],
        dynamic: Dynamic,
    ) -> None:
        super().__init__(writer)
        self._blueprint, self._base, self.dynamic = blueprint, writer, dynamic
        self._module = _module_of(blueprint, weights)
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
        how = dynamic if isinstance(dynamic, Dynamic) else Dynamic()
        return cls(model.writer, model.blueprint, model.bundle.weights, how)

    def _named(self) -> list[tuple[str, torch.nn.Parameter]]:
        return [*self._module.named_parameters()]

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
        self._module.zero_grad()
        found, self._state = self._run(self._pending, self._start)
        (-found.mean()).backward()
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), _LOUDEST)
        self._updates += 1
        with torch.no_grad():
            for name, one in self._named():
                gradient = torch.zeros_like(one) if one.grad is None else one.grad.to_dense()
                squares = self._squares[name].addcmul_(gradient, gradient)
                size = (squares / self._updates).sqrt_().add_(_SMALL)
                one.addcdiv_(gradient, size, value=-self.dynamic.rate)
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
        other._module = copy.deepcopy(self._module)
        other._squares = {name: one.clone() for name, one in self._squares.items()}
        other._start = None if self._start is None else states.copy(self._start)
        other._pending = self._pending.copy()
        return other

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write where it stands: of the weights what is different from the model's, packed."""
        structure, arrays = states.packed(self._held())
        _, start = states.packed(self._held() if self._start is None else self._start)
        first = {name: one.numpy() for name, one in self._first.items()}
        now = weights_of(self._module)
        squares = {name: one.numpy() for name, one in self._squares.items()}
        named = {f"state.{k}": v for k, v in arrays.items()}
        named |= {f"start.{k}": v for k, v in start.items()}
        named |= {f"changed.{k}": _packed(now[k], first[k]) for k in first}
        named |= {f"squares.{k}": _packed(squares[k], np.zeros_like(squares[k])) for k in squares}
        named |= {"pending.ids": self._pending}
        told = {"structure": [structure], "last": self._last, "tokens": self.tokens_read}
        told |= {"model": self._base.model, "updates": self._updates}
        write(path, _FORM, told, named)

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Go to where the session stood that `save` wrote, in the same bits; gives this session."""
        where, own, like = str(path), self._base.model, self._held()

        def check(description: dict[str, Any], listed: dict[str, Listed]) -> None:
            if description["model"] != own:
                raise BundleError(where, "it is a session of another model", "that model")
            if {*below(listed, "changed.")} != {*self._first} or (
                {*below(listed, "squares.")} != {*self._first}
            ):
                raise BundleError(where, "its weights are none of this model's", _FORM.again)

        told, arrays = read(path, _FORM, check)
        structure, last = told["structure"][0], told["last"]
        found = states.unpacked(structure, below(arrays, "state."), like, where)
        start = states.unpacked(structure, below(arrays, "start."), like, where)
        pending = arrays.get("pending.ids", np.zeros(0, np.int64))
        size, fits = len(self._base.codec), states.describe(found) == states.describe(like)
        fits &= states.describe(start) == states.describe(like) and pending.ndim == 1
        fits &= pending.dtype == np.int64 and len(pending) <= self.dynamic.every
        if not fits or not all(0 <= one < size for one in (last, *pending)) or told["updates"] < 0:
            raise BundleError(where, "its state is none of this model's", _FORM.again)
        first = {name: one.numpy() for name, one in self._first.items()}
        weights = {
            k: _unpacked(packed, first[k], where) for k, packed in below(arrays, "changed.").items()
        }
        squares = {
            k: _unpacked(packed, np.zeros_like(first[k]), where)
            for k, packed in below(arrays, "squares.").items()
        }
        self._module = _module_of(self._blueprint, weights)
        self._squares = {name: torch.from_numpy(one) for name, one in squares.items()}
        self._state, self._start, self._pending = found, start, pending
        self._last, self.tokens_read, self._updates = last, told["tokens"], told["updates"]
        self._stale = True
        return self


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


def _module_of(blueprint: Blueprint, weights: Mapping[str, np.ndarray]) -> Any:
    module = build(blueprint, seed=0)
    module.load_state_dict({name: torch.from_numpy(one.copy()) for name, one in weights.items()})
    return module.eval()


def _tensors(state: Any) -> Any:
    return states.map_leaves(torch.from_numpy, state)


def _packed(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """float32 numbers as what their bits differ by, bytes of one place together, packed."""
    bits = now.view(np.uint32) ^ before.view(np.uint32)
    planes = np.ascontiguousarray(bits.reshape(-1).view(np.uint8).reshape(-1, 4).T)
    return np.frombuffer(zlib.compress(planes.tobytes(), 6), np.uint8)


def _unpacked(packed: np.ndarray, before: np.ndarray, where: str) -> np.ndarray:
    """What `_packed` packed; `BundleError` if it is something else."""
    size, opened = before.nbytes, zlib.decompressobj()
    try:
        content = opened.decompress(packed.astype(np.uint8, casting="safe").tobytes(), size)
        whole = len(content) == size and not opened.decompress(opened.unconsumed_tail, 1)
    except (zlib.error, TypeError) as error:
        raise BundleError(where, f"its weights are damaged ({error})", _FORM.again) from error
    if not whole or not opened.eof:
        raise BundleError(where, "its weights have another size", _FORM.again)
    planes = np.frombuffer(content, np.uint8).reshape(4, -1)
    bits = np.ascontiguousarray(planes.T).reshape(-1).view(np.uint32).reshape(before.shape)
    found = (bits ^ before.view(np.uint32)).view(np.float32)
    if not np.isfinite(found).all():
        raise BundleError(where, "a weight is not finite", _FORM.again)
    return found
