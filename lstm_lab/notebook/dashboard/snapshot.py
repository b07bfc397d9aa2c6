"""The picture that a saved notebook keeps of a dashboard.

A display that changes is drawn afresh by the page, and a dashboard that is drawn afresh would lose the keyboard's place
and jump. So a second display, whose live view is empty, stands below it and carries the newest picture. While work goes
on it carries the view of the work, for a page that is loaded again before the kernel is free to show the dashboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from lstm_lab.widgets.saved import widget_or_still

if TYPE_CHECKING:
    from lstm_lab.results import Result

__all__ = ["Snapshot"]


class Snapshot:
    """The static picture and text of the last result, for the saved notebook."""

    def __init__(self) -> None:
        self.result: Result | None = None
        self.empty = ipywidgets.HTML()
        self.empty.layout.display = "none"
        self._live: Any = None
        self._handle: Any = None

    def show(self) -> None:
        """Create the display, in the output of the running cell."""
        data, metadata = self._output()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's

    def keep(self, result: Result) -> None:
        """Show a result's picture in the display."""
        self.result, self._live = result, None
        self._renew()

    def follow(self, view: Any) -> None:
        """Carry the live view of work that goes on; None: the work has ended without a result."""
        if view is not self._live:
            self._live = view
            self._renew()

    def _renew(self) -> None:
        if self._handle is not None:
            data, metadata = self._output()
            self._handle.update(data, metadata=metadata, raw=True)

    def text(self) -> str:
        """Return the last result as text."""
        return "Nothing was trained in this dashboard yet." if self.result is None else repr(self.result)

    def still(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the text and, where there is one, the picture of the last result, and the picture's metadata."""
        if self.result is None:
            return {"text/plain": self.text()}, {}
        data, metadata = self.result._repr_mimebundle_()
        return {name: data[name] for name in ("text/plain", "image/png") if name in data}, metadata

    def _output(self) -> tuple[dict[str, Any], dict[str, Any]]:
        still, metadata = self.still() if self._live is None else ({"text/plain": self.text()}, {})
        return widget_or_still({**self.empty._repr_mimebundle_(), **still}, self._live), metadata
