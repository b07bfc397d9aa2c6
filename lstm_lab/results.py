"""The base class of every result: a summary as text or HTML, a still picture, a live view, a self-contained file.

Results are a lower layer than plots and widgets, so they neither import nor name them: renderers are registered with
`provide_renderer`, and loaded when a picture or a view is asked for.
"""

from __future__ import annotations

import html
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lstm_lab.atomic_files import check_target, write_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["Result", "StillResult", "Summary", "provide_renderer", "type_key"]

Kind: TypeAlias = Literal["picture", "view"]
_RENDERERS: dict[Kind, Callable[[], Any]] = {}


def type_key(kind: type) -> str:
    """Return the name of a type for a registry that must not import it: ``lstm_lab.run:Run``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def provide_renderer(kind: Kind, load: Callable[[], Any]) -> None:
    """Register the renderer of pictures or of views.

    Parameters
    ----------
    kind
        ``picture``: an object with ``plot``, ``png``, ``mimebundle`` and ``to_html``; ``view``: with ``widget`` and
        ``to_html``. Each finds the drawing of a result by its type.
    load
        Returns that object; called each time that a result is drawn, so that nothing is imported before.
    """
    _RENDERERS[kind] = load


@dataclass(frozen=True, slots=True)
class Summary:
    """A title, labelled lines and perhaps a table of numbers, rendered as text or HTML from one source."""

    title: str
    rows: tuple[tuple[str, str], ...]
    table: tuple[tuple[str, ...], ...] = ()
    """Line by line, the header first; a line begins with its name. Columns by falling importance."""

    def text(self, width: int | None = None) -> str:
        """Render for a terminal.

        Parameters
        ----------
        width
            Columns of the terminal: longer lines are wrapped, and the table leaves out its last columns. None: no
            limit.

        Examples
        --------
        >>> print(Summary("Run", (("cell", "lstm"), ("units", "32")), (("", "MAE"), ("lstm", "1.5"))).text())
        Run
          cell   lstm
          units  32
        <BLANKLINE>
                MAE
          lstm  1.5
        """
        margin = max((len(label) for label, _ in self.rows), default=0)
        lines = [self.title]
        for label, value in self.rows:
            head = f"  {label:<{margin}}  "
            room = None if width is None else max(20, width - len(head))
            parts = [value] if room is None else wrap(value, room, break_on_hyphens=False) or [""]
            lines += [head + parts[0], *(" " * len(head) + part for part in parts[1:])]
        return "\n".join(line.rstrip() for line in [*lines, *self._aligned(width)])

    def _aligned(self, width: int | None) -> list[str]:
        """Return the table's lines in aligned columns: names to the left, the rest to the right."""
        columns = list(zip(*self.table, strict=True))
        sizes = [max(map(len, column)) for column in columns]
        while width is not None and len(sizes) > 2 and sum(sizes) + 2 * len(sizes) > width:
            sizes.pop()
        lines = [
            "  " + "  ".join([f"{line[0]:<{sizes[0]}}", *(f"{line[k]:>{sizes[k]}}" for k in range(1, len(sizes)))])
            for line in self.table
        ]
        if len(sizes) < len(columns):
            lines.append(f"  not shown here: {', '.join(column[0] for column in columns[len(sizes) :])}")
        return ["", *lines] if lines else []

    def html(self) -> str:
        """Render for a notebook; every label and value is escaped, for column names are untrusted text."""
        rows = "".join(f"<tr>{_cell(label, head='row')}{_cell(value)}</tr>" for label, value in self.rows)
        caption = f'<caption style="text-align:left;font-weight:bold">{html.escape(self.title)}</caption>'
        facts = f"<table>{caption}<tbody>{rows}</tbody></table>"
        if not self.table:
            return facts
        head, *lines = self.table
        heads = "".join(_cell(name, head="col", left=column == 0) for column, name in enumerate(head))
        body = "".join(
            f"<tr>{_cell(name, head='row')}{''.join(_cell(value, left=False) for value in values)}</tr>"
            for name, *values in lines
        )
        return f"{facts}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cell(text: str, *, head: str = "", left: bool = True) -> str:
    style = f' style="text-align:{"left" if left else "right"}"'
    return f'<th scope="{head}"{style}>{html.escape(text)}</th>' if head else f"<td{style}>{html.escape(text)}</td>"


class Result:
    """Mixin of every result object; a subclass defines `summary_table`."""

    def summary_table(self) -> Summary:
        """Return a title and a few labelled lines that describe the result."""
        raise NotImplementedError

    def plot(self, **options: Any) -> Any:
        """Draw a still picture: a `matplotlib.figure.Figure` that is not registered with pyplot."""
        return _RENDERERS["picture"]().plot(self, **options)

    def save_png(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the still picture and return its path."""
        target = check_target(path, "a picture")
        return write_bytes(target, _RENDERERS["picture"]().png(self.plot(**options)), "a picture")

    def widget(self, **options: Any) -> Any:
        """Build the live view for a notebook."""
        return _RENDERERS["view"]().widget(self, **options)

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the live view as one self-contained file that needs neither kernel nor network."""
        return Path(_RENDERERS["view"]().to_html(self, path, **options))

    def __repr__(self) -> str:
        # Only a terminal has a limited width; a file or a notebook gets every column.
        return self.summary_table().text(get_terminal_size().columns if sys.stdout.isatty() else None)

    def _repr_html_(self) -> str:
        return self.summary_table().html()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Return text, HTML table and still picture by MIME type; the front end shows the richest it can."""
        return dict(_RENDERERS["picture"]().mimebundle(self))


class StillResult(Result):
    """Mixin of a result without a live view: its `to_html` saves the picture and the tables."""

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save title, tables and picture as one self-contained file; options are the picture's."""
        return Path(_RENDERERS["picture"]().to_html(self, path, **options))
