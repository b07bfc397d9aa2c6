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
    from lstm_lab.results import Shown

__all__ = ["Keepsake"]


class Keepsake:
    """Keeps what was last shown."""

    def __init__(self) -> None:
        self.result: Shown | None = None
        self.empty = ipywidgets.HTML()
        self.empty.layout.display = "none"
        self._handle: Any = None

    def show(self) -> None:
        """Make the display, in the cell that runs."""
        self._handle = display(self._bundle(), metadata=self._metadata(), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's

    def keep(self, result: Shown) -> None:
        """Put a result's picture into the display."""
        self.result = result
        if self._handle is not None:
            self._handle.update(self._bundle(), metadata=self._metadata(), raw=True)

    def still(self) -> dict[str, str]:
        """Give the text and, where there is one, the picture of what was last shown."""
        if self.result is None:
            return {"text/plain": "Nothing was trained in this dashboard yet."}
        drawn = self.result._repr_mimebundle_()
        return {name: drawn[name] for name in ("text/plain", "image/png") if name in drawn}

    def _bundle(self) -> dict[str, Any]:
        return widget_or_still({**self.empty._repr_mimebundle_(), **self.still()})

    def _metadata(self) -> dict[str, Any]:
        still = self.still()
        picture = still.get("image/png")
        return {} if picture is None else {"image/png": picture_metadata(picture, still["text/plain"])}
