"""Listeners that show the progress of training, sampling and other long work, as text or as a bar in a notebook.

`listener` chooses one for a terminal or a pipe. Each is a context manager, so that no bar stays half drawn above an
error.
"""

from __future__ import annotations

import html
import shutil
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TextIO

from lstm_lab.events import SamplingListener, SamplingPlan, TrainingListener
from lstm_lab.execution.interrupts import interrupt_sets

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.events import Batch, Chunk, Epoch, Progress, SamplingEnd, TrainingEnd, TrainingPlan, WorkPlan
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.results import Result

__all__ = ["HtmlProgress", "LineProgress", "Listener", "Status", "TerminalProgress", "listener", "seconds_text"]


SHORT = 2.0
"""Seconds before the remaining time is estimated: the start of any work is not typical of the rest."""


def seconds_text(seconds: float) -> str:
    """Format a duration in its largest units.

    >>> seconds_text(0.4), seconds_text(8.2), seconds_text(95), seconds_text(7260)
    ('0.4 s', '8 s', '1 min 35 s', '2 h 1 min')
    """
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@dataclass(frozen=True, slots=True)
class Status:
    """Progress of some work: the share that is done, and a text."""

    share: float
    text: str


_PREPARING = Status(0, "preparing")
"""Importing TensorFlow takes some seconds the first time, in which nothing would be seen to happen."""


class Listener(TrainingListener, SamplingListener):
    """Turns events into a `Status` and shows it, no more often than `pause` seconds; this one shows nothing."""

    pause = 0.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.stop = threading.Event()
        """Set by Ctrl-C, and by a Stop button where there is one."""
        self._armed = ExitStack()
        self._clock = clock
        self._begun = self._shown = clock()
        self._plan: TrainingPlan | SamplingPlan | None = None
        self._last: Epoch | None = None
        self._steady: tuple[float, float] | None = None
        self._unended = False

    def __enter__(self) -> Self:
        self._armed.enter_context(interrupt_sets(self.stop))
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._armed.close()
        self.close("")

    def open(self) -> None:
        """Begin to show, before the plan of the work is known."""

    def finish(self, result: Result) -> None:
        """Show the result, where this is not left to IPython."""

    def offer(self, more: Callable[[int, SamplingListener], Forecast]) -> None:
        """Pass a live view the callback for a forecast with more paths; other listeners ignore it."""

    def show(self, status: Status) -> None:
        """Show the progress."""

    def close(self, message: str) -> None:
        """Show a last line, if any, and stop showing; a second call does nothing."""

    def on_start(self, plan: TrainingPlan | SamplingPlan) -> None:
        """Start the clock and show the plan."""
        self._plan = plan
        self._begun = self._clock()
        self._shown = float("-inf")
        self._last = self._steady = None
        if isinstance(plan, SamplingPlan):
            self._offer(0, f"0/{plan.paths} paths")
        else:
            takes = "" if plan.seconds is None else f", about {seconds_text(plan.seconds)}"
            epochs = "1 epoch" if plan.epochs == 1 else f"at most {plan.epochs} epochs"
            takes += " if all are needed" if takes and plan.epochs > 1 else ""
            self._offer(0, f"{plan.title}: {plan.windows:,} windows, {epochs}{takes}")

    def on_batch(self, batch: Batch) -> None:
        """Move the bar within the epoch."""
        done = batch.epoch - 1 + batch.batch / self._training.batches
        self._offer(done / self._training.epochs, self._epoch_text(batch.epoch, batch.loss, done))

    def on_epoch(self, epoch: Epoch) -> None:
        """Show the losses of the epoch."""
        self._last = epoch
        self._offer(epoch.epoch / self._training.epochs, self._epoch_text(epoch.epoch, epoch.loss, epoch.epoch))

    def on_chunk(self, chunk: Chunk) -> None:
        """Move the bar by some paths."""
        self._offer(chunk.done / chunk.total, f"{chunk.done}/{chunk.total} paths")

    def on_work(self, plan: WorkPlan) -> None:
        """Show the number of tasks, and the estimated time where it is known."""
        self._begun = self._clock()
        self._shown = float("-inf")
        self._unended = True
        takes = "" if plan.seconds is None else f"; about {seconds_text(plan.seconds)} in all"
        self._offer(0, f"{plan.label} 0/{plan.total}{takes}")

    def on_progress(self, progress: Progress) -> None:
        """Move the bar of any other work, and show the estimated time of the rest at the present rate.

        The end of work whose plan was shown is never left out, or a log would end at ``0/12``.
        """
        share = progress.done / max(progress.total, 1) if progress.share is None else progress.share
        spent = self._clock() - self._begun
        text = f"{progress.label} {progress.done}/{progress.total}"
        if spent >= SHORT and 0 < share < 1:
            text += f"; {seconds_text(spent)}, about {seconds_text(spent / share * (1 - share))} left"
        if self._unended and progress.done >= progress.total:
            self._unended, self._shown = False, float("-inf")
        self._offer(share, text)

    def on_end(self, end: TrainingEnd | SamplingEnd) -> None:
        """Show the closing message."""
        self.close(end.message)

    @property
    def _training(self) -> TrainingPlan:
        if self._plan is None or isinstance(self._plan, SamplingPlan):
            raise RuntimeError("on_start(TrainingPlan) comes before batches and epochs")
        return self._plan

    def _epoch_text(self, epoch: int, loss: float, done: float) -> str:
        plan = self._training
        parts = [f"epoch {epoch}/{plan.epochs}", f"loss {loss:.4g}"]
        if self._last is not None and self._last.val_loss is not None:
            parts.append(f"validation {self._last.val_loss:.4g}, best in epoch {self._last.best_epoch}")
        return "; ".join([*parts, self._time_text(done, plan.epochs)])

    def _time_text(self, done: float, total: float) -> str:
        """Return the time spent and the most that is left, without the first batch, which compiles the network."""
        now = self._clock()
        spent = seconds_text(now - self._begun)
        if self._steady is None:
            self._steady = now, done
        since, from_here = now - self._steady[0], done - self._steady[1]
        if since < 1 or from_here <= 0:
            return spent
        return f"{spent}, at most {seconds_text(since / from_here * (total - done))} left"

    def _offer(self, share: float, text: str) -> None:
        now = self._clock()
        if now - self._shown >= self.pause:
            self._shown = now
            self.show(Status(share, text))


class LineProgress(Listener):
    """Progress as whole lines for a log or a pipe, without control characters."""

    pause = 2.0

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = sys.stdout if stream is None else stream

    def on_partial(self, result: Any, line: str) -> None:  # noqa: ARG002 - a view shows all of it
        """Write the line of a partial result."""
        self.close(line)

    def show(self, status: Status) -> None:
        """Write one line."""
        print(status.text, file=self._stream, flush=True)

    def close(self, message: str) -> None:
        """Write the last line."""
        if message:
            print(message, file=self._stream, flush=True)


class TerminalProgress(LineProgress):
    """Progress as one line of a terminal, rewritten in place."""

    pause = 0.1
    _open = False

    def open(self) -> None:
        """Show the bar."""
        self.show(_PREPARING)

    def show(self, status: Status) -> None:
        """Rewrite the line; never wider than the terminal, or rewriting would scroll."""
        full_block, empty_block = "█░" if _can_write(self._stream, "█░") else "#-"
        filled = round(24 * min(max(status.share, 0), 1))
        line = full_block * filled + empty_block * (24 - filled) + " " + status.text
        self._open = True
        self._stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def close(self, message: str) -> None:
        """Put the last line where the bar was."""
        if self._open:
            self._stream.write("\r\x1b[K")
            self._open = False
        super().close(message)


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class HtmlProgress(Listener):
    """Progress as one output of a notebook cell, updated in place through its display id."""

    pause = 0.2

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._handle: Any = None

    def open(self) -> None:
        """Show the bar."""
        self.show(_PREPARING)

    def finish(self, result: Result) -> None:
        """Show the result's title where the work has shown no closing line."""
        if self._handle is not None:
            self.close(result.summary_table().title)

    def show(self, status: Status) -> None:
        """Show the bar and its text."""
        text = html.escape(status.text)
        self._put(f'<progress max="1" value="{status.share:.4f}" style="width:16em"></progress> {text}', status.text)

    def close(self, message: str) -> None:
        """Put the last line where the bar was."""
        if message or self._handle is not None:
            self._put(html.escape(message), message)
        self._handle = None

    def _put(self, markup: str, text: str) -> None:
        self.put({"text/html": f"<div>{markup}</div>", "text/plain": text}, raw=True)

    def put(self, shown: Any, *, raw: bool = False) -> None:
        """Replace the present output by anything that IPython displays."""
        from IPython.display import display  # noqa: PLC0415 - the command line needs no IPython

        if self._handle is None:
            self._handle = display(shown, raw=raw, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        else:
            self._handle.update(shown, raw=raw)


def listener(*, silent: bool = False, stream: TextIO | None = None) -> Listener:
    """Return the listener for a terminal, for a pipe, or one that shows nothing.

    Parameters
    ----------
    silent
        Show nothing at all.
    stream
        The stream to write to; stdout by default.

    Returns
    -------
    Listener
        A context manager: use it in a ``with`` statement.
    """
    if silent:
        return Listener()
    target = sys.stdout if stream is None else stream
    return TerminalProgress(target) if target.isatty() else LineProgress(target)
