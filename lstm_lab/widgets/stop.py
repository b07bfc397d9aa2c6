"""The Stop control: how a click reaches a kernel whose main thread is busy with the very cell it should end.

ipykernel 7 runs comm messages in a thread of their own, a subshell, where the page asks for it, as JupyterLab from 4.4
and Notebook from 7.4 do. ipykernel 7.4.0 then overrules the page: a message goes where the comm was last written from,
which for a widget that shows progress is the busy main shell. `let_clicks_through` undoes that for the few messages
that must not wait. Whether a click does arrive is never assumed: the page says hello by the same way, and only when a
hello came in beside the main thread is the button shown.
"""

from __future__ import annotations

import os
import threading
from typing import Any, cast

__all__ = ["URGENT", "arrived_beside_main", "can_interrupt", "keep_to_main", "let_all_through", "let_clicks_through"]

URGENT = frozenset({"hello", "stop"})
"""Messages that only set a flag or read what is there: safe in any thread, and useless if they wait."""


def let_clicks_through(comm: Any) -> None:
    """Let a widget's own comm route urgent messages to the page's subshell, all others to the main shell.

    Does nothing where the kernel has no such routing: before ipykernel 7.4, and outside a kernel.
    """
    original_route = getattr(comm, "_reply_subshell_for", None)
    if original_route is None:
        return

    def route(data: Any, subshell: str | None) -> str | None:
        kind = _kind(data)
        if kind is None:
            return cast("str | None", original_route(data, subshell))
        return subshell if kind in URGENT else None

    comm._reply_subshell_for = route  # noqa: SLF001 - ipykernel 7.4 offers no public way


def keep_to_main(comm: Any) -> None:
    """Let every message of a widget wait for the main shell: what it starts must not run beside a cell.

    Without this ipykernel 7.4 answers in a subshell as soon as a click from one has made the widget write.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, _subshell: None  # noqa: SLF001 - as above


def let_all_through(comm: Any) -> None:
    """Let every message of a widget go where the page sends it: for a button that only sets a flag."""
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, subshell: subshell  # noqa: SLF001 - as above


def can_interrupt() -> bool:
    """Return whether the surrounding page may have a button that interrupts the kernel, as Voila's has not."""
    return not os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def _kind(data: Any) -> str | None:
    """Return the kind of one of our messages, None for the widget protocol's own."""
    content = data.get("content") if isinstance(data, dict) else None
    kind = content.get("kind") if isinstance(content, dict) else None
    return kind if isinstance(kind, str) else None


def arrived_beside_main() -> bool:
    """Return whether the current message arrived in another thread than the main one."""
    return threading.current_thread() is not threading.main_thread()
