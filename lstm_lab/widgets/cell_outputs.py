"""The widgets that each cell shows, so that running the cell again closes them in kernel and page.

A widget is closed when every cell that showed it has been run again. Where the page does not say which cell runs,
nothing is closed.
"""

from __future__ import annotations

import os
import weakref
from collections import defaultdict
from typing import Any, Protocol

from IPython.core.getipython import get_ipython

__all__ = ["Closable", "current_cell", "forget_cell", "page_is_there", "remember"]


class Closable(Protocol):
    """A widget, or several that close as one."""

    def close(self) -> None:
        """Close the widget in kernel and page."""


_shown: defaultdict[str, weakref.WeakSet[Closable]] = defaultdict(weakref.WeakSet)
_watched: weakref.WeakSet[Any] = weakref.WeakSet()


def current_cell() -> str | None:
    """Return the id of the running cell, None outside a notebook."""
    shell = get_ipython()
    get_parent = getattr(shell, "get_parent", None)  # a terminal's shell has none
    parent = {} if get_parent is None else get_parent()
    cell = (parent.get("metadata") or {}).get("cellId")
    return cell if isinstance(cell, str) else None


def page_is_there() -> bool:
    """Return whether a page may show the running cell's widgets.

    Every notebook page says something of the cell that it runs. What executes notebooks without a page says nothing:
    nbclient, papermill, ``nbconvert --execute``. A widget in such an output would outrank the picture in nbconvert, for
    these programs save the state of every widget with the notebook. Voila runs a notebook without a page for a page.
    """
    shell = get_ipython()
    get_parent = getattr(shell, "get_parent", None)
    if get_parent is None or os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return True
    return bool(get_parent().get("metadata"))


def remember(widget: Closable) -> None:
    """Record that the running cell shows this widget."""
    cell = current_cell()
    if cell is None:
        return
    shell = get_ipython()
    if shell is not None and shell not in _watched:
        shell.events.register("pre_run_cell", _before_cell)
        _watched.add(shell)
    _shown[cell].add(widget)


def forget_cell(cell: str) -> None:
    """Close the widgets that this cell shows and no other cell does."""
    for widget in list(_shown.pop(cell, ())):
        if not any(widget in others for others in _shown.values()):
            widget.close()


def _before_cell(info: Any) -> None:
    cell = getattr(info, "cell_id", None)
    if isinstance(cell, str):
        forget_cell(cell)
