"""One job at a time: a button that starts it, a Stop, how far it is, and one line for a mistake."""

from __future__ import annotations

import html
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

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
    from lstm_lab.results import Shown

__all__ = ["Bar", "PageProgress", "Startable", "Work"]


class PageProgress(LiveProgress):
    """Shows the progress of a job on its page, and its live view in the page's stage; the page has the Stop.

    Parameters
    ----------
    bar
        Where progress is shown.
    place
        Puts a view on the page; it is given the view.
    """

    stop_in_view = False
    in_output = False

    def __init__(self, bar: Bar, place: Callable[[Any], None]) -> None:
        super().__init__()
        self._bar, self._place = bar, place

    def show(self, status: Status) -> None:
        """Move the page's bar, whatever view there is."""
        self._bar.progress(status.share, status.text)

    def close(self, message: str) -> None:
        """Leave the last line; what the page has said stays where there is none."""
        if message:
            self._bar.say(message)

    def put(self, shown: Any, *, raw: bool = False) -> None:  # noqa: ARG002 - what a cell's output takes
        """Put a view on the page; from now on it says how far the work is."""
        self._place(shown)
        self._bar.say(f"{self._bar.name} is running")

    def finish(self, result: Shown) -> None:
        """Give the view its result; the page shows the rest."""
        if self._view is not None:
            self._view.finish(result)

    @property
    def view(self) -> Any:
        """The live view of the work, None where it had none."""
        return self._view


class Bar:
    """The row that a job is started from.

    Parameters
    ----------
    name
        What the job is called while it runs.
    verb
        What the button says.
    lead
        Widgets that stand before the button.
    stops
        The work looks at a Stop; what is over in a moment has no such button.
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
        """The line says what is wrong."""

    def begin(self, *, stoppable: bool) -> None:
        """Offer Stop, or say what else stops the work where a click would not arrive."""
        self.refused = False
        told = self._stops and not stoppable and can_interrupt()
        self._hint = "; to stop, interrupt the kernel (■)" if told else ""
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
        """Say why nothing can be started now."""
        self._before = self.line.value
        self.start.disabled, self.start.tooltip = True, f"waits for the end of: {name}"
        self._put(paragraph(f"{name} is running: stop it, or wait for its end.", "quiet"))

    def rest(self) -> None:
        """Be ready again."""
        if self._before is not None:
            self._put(self._before)
            self._before = None
        self.start.disabled, self.start.tooltip = False, None
        self.stop.description, self.stop.disabled, self.stop.button_style = "Stop", True, ""
        self.stop.tooltip, self._hint = "nothing to stop", ""

    def say(self, text: str) -> None:
        """Say one thing."""
        self._put(paragraph(text + self._hint) if text else "")

    def settle(self, wrong: str | None) -> None:
        """Follow the settings after a refusal: say what is still wrong with them, or nothing once it is mended."""
        if not self.refused:
            return
        if wrong is None:
            self.refused = False
            self._put("")
        else:
            self.refuse(wrong)

    def refuse(self, text: str) -> None:
        """Say what was wrong, in one line."""
        self.refused = True
        line = as_controls(" ".join(text.split()), OPTION_NAMES)
        self._put(f'<p class="lab-wrong" role="alert">{html.escape(line)}</p>')

    def progress(self, share: float, text: str) -> None:
        """Show how far it is."""
        done = f'<progress max="1" value="{share:.3f}" aria-label="{html.escape(self.name)}"></progress>'
        self._put(paragraph(text + self._hint) + done)

    def _put(self, markup: str) -> None:
        if self.line.value != markup:
            self.line.value = markup


class Startable(Protocol):
    """What `Work` can start: a page of the dashboard."""

    bar: Bar

    def job(self, heard: PageProgress) -> None:
        """Do the work, and tell how far it is."""

    def keep(self) -> None:
        """Keep what came of it, once others may start."""

    def place(self, view: Any) -> None:
        """Show a live view of it."""

    def trouble(self, text: str) -> None:
        """Show a traceback of ours."""


class Work:
    """Runs one job at a time, in the main thread."""

    def __init__(self) -> None:
        self.running: str | None = None
        self._pages: list[Startable] = []
        self._until = -float("inf")

    def attach(self, page: Startable) -> None:
        """Let a page's button start its job."""
        self._pages.append(page)
        page.bar.start.on_click(lambda _: in_main(lambda: self.begin(page)))

    def begin(self, page: Startable) -> None:
        """Do a page's job, and say on the page how it went."""
        if self.running is not None or self._late():
            return
        heard = PageProgress(page.bar, page.place)
        with self.busy(page, heard.stop):
            done = _explained(page, lambda: _within(heard, page))
        if done:
            _explained(page, page.keep)

    @contextmanager
    def busy(self, page: Startable, stop: threading.Event | None = None) -> Iterator[None]:
        """Let nothing else start meanwhile, and Stop set a flag."""
        sent, began = sent_at(), time.monotonic()
        self.running = page.bar.name
        pressed = self._offer_stop(page.bar, stop)
        for other in self._pages:
            if other is not page:
                other.bar.wait(page.bar.name)
        try:
            yield
        finally:
            page.bar.stop.on_click(pressed, remove=True)
            self.running = None
            if sent is not None:
                self._until = sent + time.monotonic() - began
            for one in self._pages:
                one.bar.rest()

    @staticmethod
    def _offer_stop(bar: Bar, stop: threading.Event | None) -> Callable[[Any], None]:
        def pressed(_: Any) -> None:
            if stop is not None:
                stop.set()
                bar.stopping()

        bar.stop.on_click(pressed)
        bar.begin(stoppable=stop is not None and stop_arrives())
        return pressed

    def _late(self) -> bool:
        """Say whether the click at hand was made before the last job ended, so that nobody could mean another."""
        sent = sent_at()
        return sent is not None and sent < self._until


def _within(heard: PageProgress, page: Startable) -> None:
    with heard:
        page.job(heard)


def _explained(page: Startable, act: Callable[[], None]) -> bool:
    """Do something; a mistake of the user's is one line on the page, one of ours has its traceback there."""
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
