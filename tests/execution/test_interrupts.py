"""Ctrl-C: held back, forgotten, or a flag beside the exception."""

import importlib
import signal
import sys
import threading
import time
import weakref
from queue import SimpleQueue

import pytest

from lstm_lab.execution import interrupts
from lstm_lab.execution.interrupts import SAME_PRESS, Presses, held_back, interrupt_sets, once, raised_as_such
from lstm_lab.progress import Listener


def press():
    signal.raise_signal(signal.SIGINT)


def wait():
    # A signal that another thread simulates does not wake a sleep.
    for _ in range(500):
        time.sleep(0.01)


def test_what_is_held_back_comes_once_at_the_end():
    before = signal.getsignal(signal.SIGINT)
    done = []
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012 - that all of the block is done is the test
        press()
        press()
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_forgotten_never_comes():
    with held_back() as pressed:
        press()
        assert pressed == [signal.SIGINT]
        pressed.clear()


def test_a_listener_hears_of_an_interrupt_that_a_callback_swallows():
    with Listener() as heard:
        with pytest.raises(KeyboardInterrupt):
            press()
        assert heard.stop.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_changes_nothing():
    before = signal.getsignal(signal.SIGINT)

    def work():
        with interrupt_sets(threading.Event()), held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    seen = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_interrupt_in_a_weakref_callback_comes_again_behind_it(capfd):
    class Thing:
        pass

    thing, hook = Thing(), sys.unraisablehook
    reference = weakref.ref(thing, lambda _: press())
    with Listener() as heard:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - which of the steps raises it is Python's to choose
            del thing
            wait()
        assert heard.stop.is_set()
    assert reference() is None
    assert sys.unraisablehook is hook
    assert capfd.readouterr() == ("", "")


def test_a_further_press_while_one_is_sent_again_means_the_same(monkeypatch, capfd):
    class PressedQueue:
        def __init__(self):
            self.kept, self.first = SimpleQueue(), True

        def put(self, item):
            if self.first:
                self.first = False
                press()
            self.kept.put(item)

        def get(self):
            return self.kept.get()

    class Thing:
        pass

    monkeypatch.setattr(interrupts, "SimpleQueue", PressedQueue)
    thing = Thing()
    reference = weakref.ref(thing, lambda _: press())
    with Listener(), pytest.raises(KeyboardInterrupt):  # noqa: PT012 - as above
        del thing
        wait()
    assert reference() is None
    assert capfd.readouterr() == ("", "")


def test_a_further_press_does_not_disturb_what_the_first_has_ended(monkeypatch):
    before, clock = signal.getsignal(signal.SIGINT), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with pytest.raises(KeyboardInterrupt), once():
        press()
    press()  # while IPython shows the message of the first
    clock[0] += SAME_PRESS
    with pytest.raises(KeyboardInterrupt):
        press()
    with pytest.raises(KeyboardInterrupt), once() as presses:
        press()
    assert presses.before is before  # handlers do not pile up
    signal.signal(signal.SIGINT, before)


def test_a_block_without_a_press_leaves_the_handler_as_it_was():
    before = signal.getsignal(signal.SIGINT)
    with once():
        assert isinstance(signal.getsignal(signal.SIGINT), Presses)
    assert signal.getsignal(signal.SIGINT) is before


def parse_while_pressed():
    try:
        press()
    except KeyboardInterrupt:
        raise ValueError("a parser's") from None


def test_a_press_that_a_library_turns_into_its_own_error_is_a_press_again():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), raised_as_such():
        parse_while_pressed()
    with pytest.raises(ValueError, match="without a press"), raised_as_such():
        raise ValueError("without a press")
    assert signal.getsignal(signal.SIGINT) is before


def test_an_import_is_never_broken_off(tmp_path, monkeypatch):
    (tmp_path / "module_that_is_pressed.py").write_text("import signal\nsignal.raise_signal(2)\ndone = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    before, reached = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt), once():  # noqa: PT012 - what is not reached is the test
        reached.append(importlib.import_module("module_that_is_pressed").done)
        wait()
        reached.append("the end")
    assert reached == [True]
    press()  # the same press, for a moment
    signal.signal(signal.SIGINT, before)
    monkeypatch.delitem(sys.modules, "module_that_is_pressed")
    with pytest.raises(KeyboardInterrupt):  # without a block nothing is put off
        importlib.import_module("module_that_is_pressed")


def test_an_interrupt_that_an_import_puts_off_does_not_meet_what_comes_after_the_block(tmp_path, monkeypatch):
    (tmp_path / "pressed_at_the_end.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = signal.getsignal(signal.SIGINT)
    with once():
        importlib.import_module("pressed_at_the_end")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel does for its next cell
    for _ in range(20):
        time.sleep(0.01)
    signal.signal(signal.SIGINT, before)
