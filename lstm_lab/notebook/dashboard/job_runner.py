"""Runs one job of a dashboard at a time: its start and Stop buttons, progress, and one line for a mistake."""

from __future__ import annotations

import html
import time
import traceback
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import ipywidgets

from lstm_lab.errors import LabError
from lstm_lab.notebook.dashboard.clicks import in_main, sent_at, stop_arrives
from lstm_lab.notebook.dashboard.style import box, paragraph
from lstm_lab.notebook.live import LiveProgress
from lstm_lab.options import OPTION_NAMES
from lstm_lab.options.spelling import as_controls
from lstm_lab.widgets.stop import can_interrupt

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from lstm_lab.progress import Status
    from lstm_lab.results import Result

__all__ = ["JobBar", "JobRunner", "PageProgress", "Startable"]


class PageProgress(LiveProgress):
    """Shows the progress of a job on its page, and its live view in the page's stage.

    The page has the Stop; the view's own is seen where the view stands alone, in a page that was loaded again.

    Parameters
    ----------
    bar
        Where progress is shown.
    show_view
        Puts the given view on the page.
    """

    in_output = False

    def __init__(self, bar: JobBar, show_view: Callable[[Any], None]) -> None:
        super().__init__()
        self._bar, self._show_view = bar, show_view

    def show(self, status: Status) -> None:
        """Update the page's bar, whether or not there is a view."""
        self._bar.progress(status.share, status.text)

    def close(self, message: str) -> None:
        """Show the last line; without one, the page's line stays."""
        if message:
            self._bar.say(message)

    def put(self, shown: Any, *, raw: bool = False) -> None:  # noqa: ARG002 - what a cell's output takes
        """Put a view on the page; from then on the view shows the progress."""
        self._show_view(shown)
        self._bar.say(f"{self._bar.name} is running")

    def finish(self, result: Result) -> None:
        """Pass the view its result; the page shows the rest."""
        if self._view is not None:
            self._view.finish(result)

    @property
    def view(self) -> Any:
        """The live view of the work, None where it had none."""
        return self._view


class JobBar:
    """The row of a page with a job's buttons and its line of text.

    Parameters
    ----------
    name
        Name of the job while it runs.
    verb
        Label of the start button.
    lead
        Widgets that stand before the button.
    stops
        Whether the job can be stopped; a short one has no Stop button.
    """

    def __init__(self, name: str, verb: str, *lead: Any, stops: bool = True) -> None:
        self.name = name
        self._stops = stops
        self.start = ipywidgets.Button(description=verb, button_style="primary")
        self.stop = ipywidgets.Button(description="Stop", disabled=True, tooltip="nothing to stop")
        self.line = ipywidgets.HTML()
        self.view = box(*lead, self.start, *[self.stop] * stops, self.line, look="bar")
        self._hint = ""
        self._show_stop(works=False)
        self._before: str | None = None
        self.refused = False
        """Whether the line shows a mistake."""

    def begin(self, *, stoppable: bool) -> None:
        """Enable Stop, or name the kernel's interrupt where a click would not arrive."""
        self.refused = False
        hinted = self._stops and not stoppable and can_interrupt()
        self._hint = "; to stop, interrupt the kernel (■)" if hinted else ""
        self._show_stop(works=stoppable)
        self.start.disabled = True
        self.stop.description, self.stop.disabled = "Stop", not stoppable
        self.stop.button_style, self.stop.tooltip = "danger" if stoppable else "", "end it and keep what there is"

    def _show_stop(self, *, works: bool) -> None:
        """Hide a Stop that will not work where nothing else stops the kernel either: it would promise too much."""
        self.stop.layout.display = None if works or can_interrupt() else "none"

    def stopping(self) -> None:
        """Show that the click has arrived."""
        self.stop.description, self.stop.disabled = "Stopping", True

    def wait(self, name: str) -> None:
        """Describe why nothing can be started now."""
        self._before = self.line.value
        self.start.disabled, self.start.tooltip = True, f"waits for the end of: {name}"
        self._put(paragraph(f"{name} is running: stop it, or wait for its end.", "quiet"))

    def rest(self) -> None:
        """Enable the start button again after a job."""
        if self._before is not None:
            self._put(self._before)
            self._before = None
        self.start.disabled, self.start.tooltip = False, None
        self.stop.description, self.stop.disabled, self.stop.button_style = "Stop", True, ""
        self.stop.tooltip, self._hint = "nothing to stop", ""

    def say(self, text: str) -> None:
        """Show a line of text."""
        self._put(paragraph(text + self._hint) if text else "")

    def choose_inputs(self, wrong: str | None) -> None:
        """Update a refusal after a change of settings: show what is still wrong, or clear it."""
        if not self.refused:
            return
        if wrong is None:
            self.refused = False
            self._put("")
        else:
            self.refuse(wrong)

    def refuse(self, text: str) -> None:
        """Show a mistake, in one line."""
        self.refused = True
        line = as_controls(" ".join(text.split()), OPTION_NAMES)
        self._put(f'<p class="lab-wrong" role="alert">{html.escape(line)}</p>')

    def progress(self, share: float, text: str) -> None:
        """Show the share that is done, and a text."""
        done = f'<progress max="1" value="{share:.3f}" aria-label="{html.escape(self.name)}"></progress>'
        self._put(paragraph(text + self._hint) + done)

    def _put(self, markup: str) -> None:
        if self.line.value != markup:
            self.line.value = markup


class Startable(Protocol):
    """What `JobRunner` can start: a page of the dashboard."""

    bar: JobBar

    def job(self, progress: PageProgress) -> None:
        """Do the job and report its progress."""

    def keep(self) -> None:
        """Keep the result, once other jobs may start."""

    def place_live(self, view: Any) -> None:
        """Show the job's live view."""

    def trouble(self, text: str) -> None:
        """Show the traceback of an internal error."""


class JobRunner:
    """Runs one job at a time, in the main thread: while a dashboard works, those beside it wait and say so."""

    _open: ClassVar[weakref.WeakSet[JobRunner]] = weakref.WeakSet()

    def __init__(self) -> None:
        self.running: str | None = None
        self.pages: list[Startable] = []
        self.until = -float("inf")
        self._open.add(self)

    def close(self) -> None:
        """Wait for no other dashboard any more."""
        self._open.discard(self)
        self.pages.clear()

    def attach(self, page: Startable) -> None:
        """Let a page's button start its job."""
        self.pages.append(page)
        page.bar.start.on_click(lambda _: in_main(lambda: self.begin(page)))

    def begin(self, page: Startable) -> None:
        """Run a page's job, and show on the page how it ended."""
        if any(runner.running is not None for runner in self._open) or self._late():
            return
        progress = PageProgress(page.bar, page.place_live)
        with self.busy(page, progress.stop):
            done = _explained(page, lambda: _within(progress, page))
        if done:
            _explained(page, page.keep)

    @contextmanager
    def busy(self, page: Startable, stop: threading.Event | None = None) -> Iterator[None]:
        """Block all other jobs within the context, and let Stop set `stop`."""
        sent, began = sent_at(), time.monotonic()
        self.running = page.bar.name
        pressed = self._offer_stop(page.bar, stop)
        for other in self._everyones():
            if other is not page:
                other.bar.wait(page.bar.name)
        try:
            yield
        finally:
            page.bar.stop.on_click(pressed, remove=True)
            self.running = None
            if sent is not None:
                for runner in self._open:
                    runner.until = sent + time.monotonic() - began
            for waiting in self._everyones():
                waiting.bar.rest()

    def _everyones(self) -> list[Startable]:
        """Return the pages of all dashboards that are open."""
        return [page for runner in self._open for page in runner.pages]

    @staticmethod
    def _offer_stop(bar: JobBar, stop: threading.Event | None) -> Callable[[Any], None]:
        def pressed(_: Any) -> None:
            if stop is not None:
                stop.set()
                bar.stopping()

        bar.stop.on_click(pressed)
        bar.begin(stoppable=stop is not None and stop_arrives())
        return pressed

    def _late(self) -> bool:
        """Return whether the current click was made before the last job ended, and so cannot ask for another."""
        sent = sent_at()
        return sent is not None and sent < self.until


def _within(progress: PageProgress, page: Startable) -> None:
    with progress:
        page.job(progress)


def _explained(page: Startable, act: Callable[[], None]) -> bool:
    """Call `act` and return whether it succeeded; show a user's mistake in one line, others with a traceback."""
    try:
        act()
    except LabError as mistake:
        page.bar.refuse(str(mistake))
    except KeyboardInterrupt:
        page.bar.refuse("interrupted before there was anything to keep; start it again")
    except Exception:  # noqa: BLE001 - a click has no cell to show a traceback in: the page shows it
        page.bar.refuse("this is a mistake of lstm_lab's, not yours; the traceback is below")
        page.trouble(traceback.format_exc())
    else:
        return True
    return False
