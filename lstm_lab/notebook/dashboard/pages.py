"""A page of results: the options of one thing that can be done, the button that does it, and what came of it."""

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

    from lstm_lab.notebook.dashboard.job_runner import Bar, PageProgress
    from lstm_lab.notebook.dashboard.sections import Sheet
    from lstm_lab.results import Shown

__all__ = ["Page"]


class Page:
    """One thing that can be done.

    Parameters
    ----------
    bar
        Starts it.
    do
        Does it: takes the listener, gives the result and a line that says how it went.
    hint
        What stands in the place of a result before there is one.
    sheet
        Its options; None where it has none of its own, or they stand elsewhere.
    view
        Makes the live view of a result that grew in none.
    """

    def __init__(
        self,
        bar: Bar,
        do: Callable[[PageProgress], tuple[Shown, str]],
        hint: str,
        sheet: Sheet | None = None,
        view: Callable[[Shown], Any] = widget,
    ) -> None:
        self.bar, self.sheet, self._do, self._make = bar, sheet, do, view
        self.result: Shown | None = None
        self.told: Callable[[Shown], None] = lambda _: None
        """Called with every result, once others may start."""
        self.began: Callable[[], None] = lambda: None
        """Called when the work begins."""
        self._hint = ipywidgets.HTML(note(hint))
        self._live: Any = None
        self.stage = box(self._hint, look="stage")
        self.stage.layout.flex_flow = "column"
        self.table = ipywidgets.HTML()
        options = [] if sheet is None else [sheet.view]
        self.body = box(self.stage, self.table, look="column")
        self.view = box(*options, bar.view, self.body, look="page")
        for one in (self.body, self.view):
            one.layout.flex_flow = "column"

    def job(self, heard: PageProgress) -> None:
        """Do it, and show what came of it."""
        self.began()
        self.table.value = ""
        result, line = self._do(heard)
        try:
            self.show(result, heard)
        except KeyboardInterrupt:
            self.result = result
            raise RunError(f"interrupted while it was drawn, but complete: {line}") from None
        self.bar.say(line)

    def show(self, result: Shown, heard: PageProgress) -> None:
        """Show a result, in the view that it grew in where there was one."""
        self.result = result
        if heard.view is not None:
            heard.finish(result)
        else:
            self.place(self._view_of(result))
        self.tell(result)

    def tell(self, result: Shown) -> None:
        """Write the result's table below the view, and tell of it."""
        self.result = result
        table = summary(result.summary_table()) if self._live is not None else ""
        if self.table.value != table:
            self.table.value = table

    def keep(self) -> None:
        """Tell of the result."""
        if self.result is not None:
            self.told(self.result)

    def place(self, view: Any) -> None:
        """Put a view on the stage, and close the one that was there."""
        self._live = view if hasattr(view, "wire") else None
        others = [one for one in self.stage.children if one is not self._hint]
        self.stage.children = (view,)
        for one in others:
            discard(one)

    def trouble(self, text: str) -> None:
        """Show a traceback of ours."""
        self.place(ipywidgets.HTML(f'<pre class="trouble" tabindex="0">{html.escape(text)}</pre>'))

    def _view_of(self, result: Shown) -> Any:
        """Make the live view of a result, or its picture and table where it has none."""
        try:
            return self._make(result)
        except (LabError, TypeError):
            return ipywidgets.HTML(f'<div class="scroll">{mimebundle(result)["text/html"]}</div>')

    def parts(self) -> tuple[Any, ...]:
        """Give all that the page is made of, shown or not."""
        return self.view, self.body, self._hint, self.bar.stop
