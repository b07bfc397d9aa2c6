"""The state of a view that an output stores, so that the view works in a notebook that is opened without a kernel.

A renderer for `MIME`, installed with the package (`frontend/src/labextension.ts`), draws it in JupyterLab and
Notebook 7; any other front end shows the picture beside it. The state is gzip of a length (4 bytes, little-endian), so
many bytes of JSON, then the arrays' bytes one after the other. `frontend/src/saved.ts` is the mirror of this module.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from typing import TYPE_CHECKING, Any, Protocol

from lstm_lab.widgets.wire import pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from lstm_lab.widgets.wire import Wire

__all__ = ["MIME", "ROOM", "WIDGET", "encode", "saved", "widget_or_still"]

MIME = "application/vnd.lstm-lab.view.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
ROOM = 150_000
"""Bytes that a view adds to a notebook at most: its picture, its text, and what `saved` gives."""
TRIES = 8


class SavableView(Protocol):
    """What a view must have for its output to keep it; `lstm_lab.widgets.base.LabWidget` does."""

    _view: Any
    _key: Any
    wire: Wire
    model_id: Any

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return the arrays to store, of the optional ones no more than this share."""


def saved(widget: SavableView, room: int = ROOM) -> dict[str, Any] | None:
    """Return a view's state as JSON of at most `room` bytes.

    Parameters
    ----------
    widget
        The view; its `saved_arrays` leaves out optional arrays.
    room
        Bytes of JSON.

    Returns
    -------
    dict or None
        None where even the required arrays are too large: the output then has only the picture.
    """
    snapshot = widget.wire.snapshot()
    fields = {name: getattr(widget, name) for name in ("theme", "height", "label")}
    head = {"view": widget._view, "key": widget._key, "seq": snapshot["seq"], **fields}  # noqa: SLF001 - our own base
    left = room - len(json.dumps({**head, "state": ""}))
    share = 1.0
    for _ in range(TRIES):
        state = encode(snapshot["values"], widget.saved_arrays(share))
        if len(state) <= left:
            return {**head, "state": state}
        share *= min(0.9, 0.9 * max(left, 0) / len(state))
    return None


def widget_or_still(bundle: Mapping[str, Any], live: SavableView | None = None) -> dict[str, Any]:
    """Return a bundle whose widget is shown while a kernel has it, and else a live view, its picture or text.

    Parameters
    ----------
    bundle
        A mimebundle with a widget that is no view of ours.
    live
        The view of work that goes on within the widget, for a page that is loaded again meanwhile.
    """
    kept = {"prefer": "widget", "key": bundle[WIDGET]["model_id"]}
    state = None if live is None else saved(live)
    if live is not None and state is not None:
        kept["live"] = {**state, "model": live.model_id}
    return {**bundle, MIME: kept}


def encode(values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """Pack values and arrays as text."""
    packed = [pack(name, array) for name, array in arrays.items()]
    described = [{name: header[name] for name in ("name", "dtype", "shape")} for header, _ in packed]
    head = json.dumps({"values": dict(values), "arrays": described}, allow_nan=False).encode()
    whole = b"".join([struct.pack("<I", len(head)), head, *(view for _, view in packed)])
    return base64.b64encode(gzip.compress(whole, 9, mtime=0)).decode("ascii")
