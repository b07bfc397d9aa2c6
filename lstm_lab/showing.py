"""How a result shows itself, whatever the face: a table of text, a still picture, a live view, a file to mail.

A result lives on a lower floor than the pictures of it, so it never imports them: the one upward step of the house is
the two `import_module` calls here, taken only when somebody asks to see something.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

__all__ = ["Shown", "Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A title and labelled lines, rendered as text or HTML from one source."""

    title: str
    rows: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Render for a terminal.

        >>> print(Summary("Run", (("cell", "lstm"), ("units", "32"))).text())
        Run
          cell   lstm
          units  32
        """
        width = max((len(label) for label, _ in self.rows), default=0)
        return "\n".join([self.title, *(f"  {label:<{width}}  {value}" for label, value in self.rows)])

    def html(self) -> str:
        """Render for a notebook; every label and value is escaped, for column names are untrusted text."""
        cells = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(label)}</th>'
            f'<td style="text-align:left">{html.escape(value)}</td></tr>'
            for label, value in self.rows
        )
        caption = f'<caption style="text-align:left;font-weight:bold">{html.escape(self.title)}</caption>'
        return f"<table>{caption}<tbody>{cells}</tbody></table>"


class Shown:
    """Mixin of every result object; a subclass says what it is in `summary`."""

    def summary_table(self) -> Summary:
        """Say in a title and a few labelled lines what this is."""
        raise NotImplementedError

    def plot(self, **options: Any) -> Any:
        """Draw a still picture: a `matplotlib.figure.Figure` that pyplot knows nothing of."""
        return import_module("lstm_lab.plots").plot(self, **options)

    def save_png(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the still picture and give back its path."""
        Path(path).write_bytes(import_module("lstm_lab.plots").png(self.plot(**options)))
        return Path(path)

    def widget(self, **options: Any) -> Any:
        """Build the live view for a notebook."""
        return import_module("lstm_lab.widgets").widget(self, **options)

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the live view as one self-contained file that needs neither kernel nor network."""
        return Path(import_module("lstm_lab.widgets").to_html(self, path, **options))

    def __repr__(self) -> str:
        return self.summary_table().text()

    def _repr_html_(self) -> str:
        return self.summary_table().html()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Give text, a table and the still picture; the front end takes the richest it can show."""
        return dict(import_module("lstm_lab.plots").mimebundle(self))
