"""One HTML file that holds a view: the bundle, the data, a picture for browsers without scripts.

It needs no kernel and no network. Its content policy names the one script by its hash, so that it opens from a
disk, an attachment or a strict server alike, and no name in the data can become markup or code.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from lstm_lab.storage.atomic_files import write_text
from lstm_lab.widgets.bundle import bundle

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lstm_lab.results import Result
    from lstm_lab.widgets.wire import Wire

__all__ = ["inline_bundle", "page", "write_html"]


class View(Protocol):
    """The members of a view that are saved; `lstm_lab.widgets.base.LabWidget` has them."""

    _view: Any
    wire: Wire
    label: str
    result: Result | None

    def text(self) -> str:
        """Describe in a line or two what the view shows."""


_EXPORT = re.compile(r"export\s*\{\s*([\w$]+) as default\s*\};?")

# The part of an anywidget model that the views need.
_BOOT = """
const revive = (key, value) => (value && value.base64 !== undefined
  ? new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer) : value);
const state = JSON.parse(document.getElementById("state").textContent, revive);
const model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; },
  on: () => {}, off: () => {}, send: () => {}, save_changes: () => {},
};
lab.initialize({ model });
lab.render({ model, el: document.getElementById("view") });
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-{digest}'; \
style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0 auto; padding: 16px; max-width: 1100px; font: 14px system-ui, sans-serif; }}
h1 {{ font-size: 17px; overflow-wrap: anywhere; }}
.unseen {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #e6e6e6; }} }}
</style>
</head>
<body>
<main>
<h1 class="{seen}">{title}</h1>
<div id="view"></div>
<noscript>{fallback}</noscript>
</main>
<script type="application/json" id="state">{state}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def write_html(
    widget: View, path: str | os.PathLike[str], *, title: str | None = None, wire: Wire | None = None
) -> Path:
    """Save a view, as it stands, as one self-contained file.

    Parameters
    ----------
    widget
        The view.
    path
        Where to; replaced if it exists.
    title
        Heading of the page; the view's label if None.
    wire
        Values and arrays of the page, where it holds more than the live view was sent; the view's own if None.
    """
    return write_text(path, page(widget, title=title, wire=wire), "a page")


def page(widget: View, *, title: str | None = None, wire: Wire | None = None) -> str:
    """Return the HTML text of the file."""
    script = inline_bundle(widget._view) + _BOOT  # noqa: SLF001 - our own base
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.format(
        digest=digest,
        title=html.escape(title or widget.label or "lstm_lab"),
        # A view shows its own label: without a title of its own the page hides the heading.
        seen="unseen" if title is None else "",
        state=_json(_state(widget, wire)),
        script=script,
        fallback=_fallback(widget),
    )


def _state(widget: View, wire: Wire | None = None) -> dict[str, Any]:
    names = ("_view", "_key", "theme", "height", "label", "error")
    snapshot = (widget.wire if wire is None else wire).snapshot()
    # What only a kernel can do is not offered.
    values = {**snapshot["values"], "live": False, "stop": False, "can_add": False}
    return {
        **{name: getattr(widget, name) for name in names},
        "_offline": True,
        "_snapshot": {**snapshot, "values": values},
    }


def _json(state: dict[str, Any]) -> str:
    """Return JSON that a script element can hold: no text in it can end the element."""

    def encode(value: object) -> dict[str, str]:
        if not isinstance(value, memoryview):
            raise TypeError(f"an offline file holds JSON and bytes, got {type(value).__name__}; convert it")
        return {"base64": base64.b64encode(value).decode()}

    text = json.dumps(state, default=encode, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def inline_bundle(view: str) -> str:
    """Return the module of a view as a script that calls its export `lab`, for an inline module can export nothing."""
    script, count = _EXPORT.subn(lambda match: f"const lab = {match[1]};", bundle(view))
    if count != 1:
        raise RuntimeError(f"the bundle must export one default, found {count}; see frontend/build.mjs")
    # An end tag inside a string of the bundle would end the script; a line comment's end needs a line of its own.
    return script.replace("</script", "<\\/script") + "\n"


def _fallback(widget: View) -> str:
    if widget.result is None:
        return f"<p>{html.escape(widget.text())}</p>"
    picture = widget.result._repr_mimebundle_()[0].get("image/png")
    if not isinstance(picture, str):
        return f"<p>{html.escape(widget.text())}</p>"
    return f'<img alt="{html.escape(widget.label)}" src="data:image/png;base64,{picture}">'
