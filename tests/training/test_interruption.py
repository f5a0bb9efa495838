from __future__ import annotations

import signal
import threading

import pytest

from elman.training.run.interruption import HeldSignals


def test_a_signal_waits_for_delivery():
    done = []
    with HeldSignals() as held:
        signal.raise_signal(signal.SIGINT)
        done.append("step")
        with pytest.raises(KeyboardInterrupt):
            held.deliver(before=lambda: done.append("saved"))
    assert done == ["step", "saved"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_nobody_delivered_is_not_lost():
    with pytest.raises(KeyboardInterrupt), HeldSignals():
        signal.raise_signal(signal.SIGINT)


def test_another_exception_goes_first():
    def fail():
        with HeldSignals():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        fail()


def test_nothing_to_deliver():
    with HeldSignals() as held:
        held.deliver(before=lambda: pytest.fail("there is no signal"))


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with HeldSignals() as held:
            signal.raise_signal(signal.SIGINT)
            held.deliver(before=lambda: pytest.fail("it was to be ignored"))
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_is_touched():
    handlers = []

    def work():
        with HeldSignals():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
