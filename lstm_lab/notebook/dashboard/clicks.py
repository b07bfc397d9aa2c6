"""Threads and times of clicks: all but Stop run in the main thread, and clicks sent before a job ended are ignored.

ipykernel runs what comes from widgets either in the main shell or in a thread of its own; see `lstm_lab.widgets.stop`.
Nothing here trains beside a running cell: what a click starts is done in the main thread, in its turn.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from lstm_lab.widgets.stop import arrived_beside_main, keep_to_main, let_all_through

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["every", "in_main", "sent_at", "settle_messages", "stop_arrives"]


def in_main(act: Callable[[], Any]) -> None:
    """Call `act` in the main thread: at once if this is it, else as soon as it is free."""
    loop = getattr(_kernel(), "io_loop", None)
    if threading.current_thread() is threading.main_thread() or loop is None:
        act()
    else:
        loop.add_callback(act)


def sent_at() -> float | None:
    """Return the time, by the page's clock, at which the current message was sent; None where there is none."""
    date = _header().get("date")
    return date.timestamp() if isinstance(date, dt.datetime) else None


def stop_arrives() -> bool:
    """Return whether a Stop arrives while the main thread works: whether this page sends beside the main shell."""
    return _kernel() is None or arrived_beside_main() or _header().get("subshell_id") is not None


def every(widget: Any) -> Iterator[Any]:
    """Yield a widget and all its descendants."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every(child)


def settle_messages(widget: Any, flags: Collection[Any]) -> None:
    """Make the messages of a widget and its descendants wait for the main shell, except those of `flags`.

    Parameters
    ----------
    widget
        The root of the widgets.
    flags
        Widgets whose clicks may come in at any time.
    """
    for part in every(widget):
        (let_all_through if part in flags else keep_to_main)(part.comm)


def _kernel() -> Any:
    return getattr(get_ipython(), "kernel", None)


def _header() -> dict[str, Any]:
    kernel = _kernel()
    parent = {} if kernel is None else kernel.get_parent()
    return dict(parent.get("header") or {})
