"""The base class of every live view: the bundle, a wire, a still picture, and saving as one HTML file.

To add a view: subclass `LabWidget`, set ``_view`` to the name of its module in `frontend/src/entries`, and put its
state on ``self.wire`` (`Wire.set` for values, `put` and `append` for arrays). Override `on_message` to handle messages
of the page; register it for the result it shows with ``@views.register(Type)``, and import it in
`lstm_lab.widgets.view_modules`.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from lstm_lab.errors import LabError
from lstm_lab.results import picture_metadata
from lstm_lab.widgets import cell_outputs as cells
from lstm_lab.widgets.bundle import bundle
from lstm_lab.widgets.offline import write_html
from lstm_lab.widgets.saved import MIME, ROOM, WIDGET, saved
from lstm_lab.widgets.stop import arrived_beside_main, can_interrupt, let_clicks_through
from lstm_lab.widgets.wire import Wire

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from lstm_lab.results import Result

__all__ = ["LabWidget", "bundle"]


class LabWidget(anywidget.AnyWidget):
    """A live view of a result.

    Parameters
    ----------
    result
        What is shown; its still picture stands in where a live view cannot. It may be given later, with `finish`.
    theme
        ``"auto"`` follows the notebook, and in an offline file the browser.
    height
        Of the main chart, in CSS pixels.
    """

    _view = traitlets.Unicode().tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    _offline = traitlets.Bool(default_value=False).tag(sync=True)
    _snapshot = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.wire.snapshot())
    _esm = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    height = traitlets.Int(300, min=80).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    """Name of the view for a screen reader."""
    error = traitlets.Unicode().tag(sync=True)
    """Error message, shown inside the view."""
    density = 2.0
    """Pixels of the still picture for a pixel of the screen."""
    small_picture: ClassVar[Mapping[str, Any] | None] = None
    """Options of a picture of few colours that leaves an output room for the view; None: the usual picture."""

    def __init__(self, result: Result | None = None, **traits: Any) -> None:
        self.result = result
        self.wire = Wire(self._send_message)
        if not can_interrupt():
            self.wire.set(interrupt=False)
        self.fill()
        super().__init__(_key=uuid.uuid4().hex, _esm=bundle(self._view), **traits)
        self.wire.opened()
        let_clicks_through(self.comm)
        self.on_msg(self._receive)

    def fill(self) -> None:
        """Put the first state on the wire: it is sent with the widget's opening, before any page can ask."""

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Handle a message of the page. Kinds in `stop.URGENT` may come in a thread: set a flag and return."""

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:  # noqa: ARG002 - for those that can be thinned
        """Return the arrays that a saved notebook stores.

        Parameters
        ----------
        share
            Share of the optional arrays' bytes that may be stored; 1 stores all of them.
        """
        return self.wire.arrays()

    def finish(self, result: Result) -> None:
        """Set the result, whose still picture the saved notebook stores."""
        self.result = result

    def text(self) -> str:
        """Describe in a line or two what the view shows, for a terminal."""
        return f"{type(self).__name__}: {self.label}" if self.result is None else repr(self.result)

    def picture(self) -> str | None:
        """Return the still picture that an output keeps, PNG in base64; None before there is a result."""
        if self.small_picture is not None and self.result is not None:
            picture = self.result.png(dpi=100 * self.density, colours=32, **self.small_picture)
            return base64.b64encode(picture).decode("ascii")
        return None if self.result is None else self.result._repr_mimebundle_()[0].get("image/png")

    def plot(self, **options: Any) -> Any:
        """Draw the still picture: a `matplotlib.figure.Figure`."""
        return self._shown().plot(**options)

    def save_png(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the still picture."""
        return self._shown().save_png(path, **options)

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
        """Save the view, as it stands, as one interactive file without kernel or network."""
        return write_html(self, path, title=title)

    def close(self) -> None:
        """Close the view in every page, and the layout that ipywidgets opened for it."""
        layout = getattr(self, "layout", None)
        super().close()
        if layout is not None:
            layout.close()

    def _shown(self) -> Result:
        if self.result is None:
            raise LabError(f"{type(self).__name__} has no result yet, so there is no still picture; wait for the end")
        return self.result

    def _send_message(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        if self.comm is not None:
            self.send(content, buffers)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "hello":
            if arrived_beside_main() and self.wire.get("live"):
                self.wire.set(stop=True)
            self.wire.answer_hello(str(content.get("token")), int(content.get("seq", -1)))
        elif isinstance(kind, str):
            try:
                self.on_message(kind, content)
            except LabError as mistake:
                self.error = str(mistake)

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the live view by MIME type, its state for pages without a kernel, a still picture and a text."""
        bundles = super()._repr_mimebundle_(**options)
        if bundles is None:
            return None
        cells.remember(self)
        data, metadata = bundles
        data["text/plain"] = self.text()
        picture = self.picture()
        if picture is not None:
            data["image/png"] = picture
            metadata["image/png"] = picture_metadata(picture, data["text/plain"], self.density)
        state = saved(self, ROOM - len(json.dumps([data, metadata])))
        if state is not None:
            data[MIME] = state
        if not cells.page_is_there():
            del data[WIDGET]
        return data, metadata
