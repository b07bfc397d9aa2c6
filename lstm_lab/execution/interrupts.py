"""Ctrl-C: a flag for long work, held back where half a step would harm, one line where it ends a magic.

Python turns Ctrl-C into a `KeyboardInterrupt` between any two instructions of the main thread. One that falls into a
weakref callback or a finaliser is printed and lost, and one that falls into an import or into the restoring of weights
leaves half of it: the first is sent again, the second put off or held back. One that follows another means the same and
must not disturb what the first one ends in: it is left out for a moment. Nothing here has an effect outside the main
thread, where no signal arrives.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SAME_PRESS", "Presses", "held_back", "interrupt_sets", "once", "raised_as_such", "sent_again"]

SAME_PRESS = 2.0
"""Seconds for which a further Ctrl-C means the same as the one that has ended a block."""
_IMPORT = 0.05
"""Seconds after which an interrupt that came in an import is sent again."""


@contextmanager
def held_back() -> Iterator[list[int]]:
    """Delay Ctrl-C until the block is over, and raise it there.

    Yields
    ------
    list of int
        The signals that have come; cleared within the block, they are forgotten.
    """
    came: list[int] = []
    with _handling(lambda number, _: came.append(number)):
        yield came
    if came:
        raise KeyboardInterrupt


class Presses:
    """The handler of a block that Ctrl-C ends once, whatever comes while its end is told.

    Parameters
    ----------
    before
        The handler that takes what comes earlier or later.
    """

    before: Callable[[int, Any], object]
    ended: bool

    def __init__(self, before: Callable[[int, Any], object]) -> None:
        # One that an earlier block has left behind has done its work.
        self.before = before
        if isinstance(before, Presses) and before.ended:
            self.before = before.before
        self.any = False
        """Whether one has come."""
        self.ended = False
        """Whether the block is over, or is about to be."""
        self.block: Any = None
        """The frame of the block, above which an import is never broken off."""
        self._silent_until = 0.0
        self._again: threading.Timer | None = None

    def __call__(self, number: int, frame: Any) -> None:
        """Hand a signal on, once an import is over; not one that means the same as an earlier one."""
        if time.monotonic() < self._silent_until:
            return
        self.any = True
        if _is_import(frame, self.block):
            self._again = threading.Timer(_IMPORT, _thread.interrupt_main)
            self._again.daemon = True
            self._again.start()
        else:
            self.before(number, frame)

    def end(self) -> None:
        """Leave out what comes from here on, for `SAME_PRESS` seconds."""
        self.ended, self.block = True, None
        self._silent_until = time.monotonic() + SAME_PRESS

    def forget_later(self) -> None:
        """Send none again that an import has put off beyond the end of the block: it would meet the next cell."""
        if self._again is not None:
            self._again.cancel()


def _is_import(frame: Any, block: Any) -> bool:
    """Return whether a frame is in an import that began within a block; without a block, no."""
    found = False
    while block is not None and frame is not None and frame is not block:
        found = found or frame.f_code.co_filename.startswith("<frozen importlib.")
        frame = frame.f_back
    return found and frame is block


@contextmanager
def once() -> Iterator[Presses]:
    """Let a block be ended by Ctrl-C once, and leave out a further one for a moment after it.

    The message of an interrupted magic is shown behind it by IPython, which shows neither message nor result where
    another Ctrl-C comes meanwhile. The handler therefore stays, for the cell, until a kernel sets its own for the next
    one; a later Ctrl-C goes through it.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield Presses(signal.default_int_handler)
        return
    presses = Presses(before)
    presses.block = sys._getframe(2)  # noqa: SLF001 - the block itself, behind contextlib
    signal.signal(signal.SIGINT, presses)
    try:
        yield presses
    finally:
        if presses.any:
            presses.end()
        else:
            signal.signal(signal.SIGINT, before)
        presses.block = None
        presses.forget_later()


@contextmanager
def interrupt_sets(flag: threading.Event) -> Iterator[None]:
    """Make Ctrl-C set a flag as well: work that checks it ends even where the exception itself is swallowed.

    One that Python cannot raise, in a weakref callback or a finaliser, is not printed but comes again behind it.
    """
    with _handling(_handed_on(flag)), sent_again():
        yield


@contextmanager
def raised_as_such() -> Iterator[None]:
    """Raise `KeyboardInterrupt` where a library turns Ctrl-C into an error of its own, as matplotlib's parser does."""
    pressed = threading.Event()
    with _handling(_handed_on(pressed)):
        try:
            yield
        except Exception:
            if pressed.is_set():
                raise KeyboardInterrupt from None
            raise


@contextmanager
def sent_again() -> Iterator[None]:
    """Send an interrupt again that came where no exception can be raised."""
    before = sys.unraisablehook
    asked: SimpleQueue[bool] = SimpleQueue()
    hook_is_over = threading.Event()

    def send() -> None:
        while asked.get():
            hook_is_over.wait(1.0)  # it cannot be raised from there either
            time.sleep(0.01)
            _thread.interrupt_main()

    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            before(unraisable)
            return
        hook_is_over.clear()
        try:
            with _handling(lambda *_: None):  # a further one means the same
                asked.put(True)
        finally:
            hook_is_over.set()

    sender = threading.Thread(target=send, name="lstm_lab.interrupts", daemon=True)
    sender.start()
    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        asked.put(False)
        sender.join()  # what was sent within the block is raised within it


def _handed_on(flag: threading.Event) -> Callable[[int, Any], object]:
    """Return a handler that sets a flag and hands the signal on to the one before it."""
    before = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: Any) -> None:
        flag.set()
        if callable(before):
            before(number, frame)

    return handle


@contextmanager
def _handling(handle: Callable[[int, Any], object]) -> Iterator[None]:
    """Replace the handler of SIGINT within a block; where it is ignored, or in another thread, it stays as it is."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not main or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
