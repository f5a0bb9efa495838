"""Ctrl-C and termination, held back until a step is complete and its state can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from elman.training.distributed import Ranks

__all__ = ["HeldSignals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class HeldSignals:
    """Within this block the first SIGINT or SIGTERM waits for `deliver`; a second does not.

    Only signals that the program handles in Python are held: one that is ignored, or that
    ends the process at once, is left as it is. Outside the main thread, where Python delivers
    no signals, this does nothing.

    >>> usual = signal.signal(signal.SIGINT, lambda number, frame: print("interrupted"))
    >>> with HeldSignals() as held:
    ...     signal.raise_signal(signal.SIGINT)
    ...     print("the step is complete")
    ...     held.deliver(before=lambda: print("saved"))
    the step is complete
    saved
    interrupted
    >>> _ = signal.signal(signal.SIGINT, usual)
    """

    def __init__(self, ranks: Ranks | None = None) -> None:
        self._ranks = ranks or Ranks()
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._waiting: int | None = None

    def __enter__(self) -> HeldSignals:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self.deliver()

    def deliver(self, before: Callable[[], None] | None = None) -> None:
        """If a signal waits on any rank, call `before` and then the signal's own handler.

        Raises:
            KeyboardInterrupt: Or whatever else that handler raises.
        """
        number = self._ranks.most(self._waiting or 0)
        if not number:
            return
        if before is not None:
            before()
        self._waiting = None
        self._handlers.get(number, signal.default_int_handler)(number, None)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._waiting is not None:
            self._handlers[number](number, frame)
        self._waiting = number
