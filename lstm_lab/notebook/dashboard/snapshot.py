"""The picture that a saved notebook keeps of a dashboard.

A display that changes is drawn afresh by the page, and a dashboard that is drawn afresh would lose the keyboard's place
and jump. So a second display, whose live view is empty, stands below it and carries the newest picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from lstm_lab.widgets.saved import picture_metadata, widget_or_still

if TYPE_CHECKING:
    from lstm_lab.results import Result

__all__ = ["Snapshot"]


class Snapshot:
    """The static picture and text of the last result, for the saved notebook."""

    def __init__(self) -> None:
        self.result: Result | None = None
        self.empty = ipywidgets.HTML()
        self.empty.layout.display = "none"
        self._handle: Any = None

    def show(self) -> None:
        """Create the display, in the output of the running cell."""
        self._handle = display(self._bundle(), metadata=self._metadata(), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's

    def keep(self, result: Result) -> None:
        """Show a result's picture in the display."""
        self.result = result
        if self._handle is not None:
            self._handle.update(self._bundle(), metadata=self._metadata(), raw=True)

    def still(self) -> dict[str, str]:
        """Return the text and, where there is one, the picture of the last result."""
        if self.result is None:
            return {"text/plain": "Nothing was trained in this dashboard yet."}
        bundle = self.result._repr_mimebundle_()
        return {name: bundle[name] for name in ("text/plain", "image/png") if name in bundle}

    def _bundle(self) -> dict[str, Any]:
        return widget_or_still({**self.empty._repr_mimebundle_(), **self.still()})

    def _metadata(self) -> dict[str, Any]:
        still = self.still()
        picture = still.get("image/png")
        return {} if picture is None else {"image/png": picture_metadata(picture, still["text/plain"])}
