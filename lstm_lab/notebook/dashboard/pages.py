"""A page of the dashboard: the options of one job, its start button and its result."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.errors import LabError, RunError
from lstm_lab.notebook.dashboard.style import box, discard, note, summary
from lstm_lab.plots import mimebundle
from lstm_lab.widgets import widget

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.notebook.dashboard.job_runner import JobBar, PageProgress
    from lstm_lab.notebook.dashboard.sections import OptionForm
    from lstm_lab.results import Result

__all__ = ["Page"]


class Page:
    """The page of one job.

    Parameters
    ----------
    bar
        Starts the job.
    do
        The job: takes the listener, returns the result and a line about it.
    hint
        Text shown before there is a result.
    form
        Options of the job; None where it has none on this page.
    view
        Makes the view of a result that had no live view.
    """

    def __init__(
        self,
        bar: JobBar,
        do: Callable[[PageProgress], tuple[Result, str]],
        hint: str,
        form: OptionForm | None = None,
        view: Callable[[Result], Any] = widget,
    ) -> None:
        self.bar, self.form, self._do, self._make = bar, form, do, view
        self.result: Result | None = None
        self.on_result: Callable[[Result], None] = lambda _: None
        """Called with every result, once other jobs may start."""
        self.on_start: Callable[[], None] = lambda: None
        """Called when the work begins."""
        self.on_live: Callable[[Any], None] = lambda _: None
        """Called with the live view of the work, and with None where the work ends without a result."""
        self._hint = ipywidgets.HTML(note(hint))
        self._live: Any = None
        self.stage = box(self._hint, look="stage")
        self.stage.layout.flex_flow = "column"
        self.table = ipywidgets.HTML()
        options = [] if form is None else [form.view]
        self.body = box(self.stage, self.table, look="column")
        self.view = box(*options, bar.view, self.body, look="page")
        for column in (self.body, self.view):
            column.layout.flex_flow = "column"

    def job(self, progress: PageProgress) -> None:
        """Run the job and show its result."""
        self.on_start()
        self.table.value = ""
        try:
            result, line = self._do(progress)
        except BaseException:
            self.on_live(None)
            raise
        try:
            self.show(result, progress)
        except KeyboardInterrupt:
            self.result = result
            raise RunError(f"interrupted while it was drawn, but complete: {line}") from None
        self.bar.say(line)

    def show(self, result: Result, progress: PageProgress) -> None:
        """Show a result, in its live view where there was one."""
        self.result = result
        if progress.view is not None:
            progress.finish(result)
        else:
            self.place(self._view_of(result))
        self.tell(result)

    def tell(self, result: Result) -> None:
        """Write the result's table below the view."""
        self.result = result
        table = summary(result.summary_table()) if self._live is not None else ""
        if self.table.value != table:
            self.table.value = table

    def keep(self) -> None:
        """Pass the result to `on_result`."""
        if self.result is not None:
            self.on_result(self.result)

    def place(self, view: Any) -> None:
        """Put a view on the page, and close the previous one."""
        self._live = view if hasattr(view, "wire") else None
        others = [child for child in self.stage.children if child is not self._hint]
        self.stage.children = (view,)
        for child in others:
            discard(child)

    def place_live(self, view: Any) -> None:
        """Put the live view of the work on the page."""
        self.place(view)
        self.on_live(view)

    def trouble(self, text: str) -> None:
        """Show the traceback of an internal error."""
        self.place(ipywidgets.HTML(f'<pre class="trouble" tabindex="0">{html.escape(text)}</pre>'))

    def _view_of(self, result: Result) -> Any:
        """Return the live view of a result, or its picture and table where it has none."""
        try:
            return self._make(result)
        except LabError:
            return ipywidgets.HTML(f'<div class="scroll">{mimebundle(result)[0]["text/html"]}</div>')

    def parts(self) -> tuple[Any, ...]:
        """Return all widgets of the page, shown or not."""
        return self.view, self.body, self._hint, self.bar.stop
