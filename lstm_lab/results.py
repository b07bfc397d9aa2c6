"""The base class of every result: a summary as text or HTML, a still picture, a live view, a self-contained file.

Results are a lower layer than plots and widgets, so they neither import nor name them: `pictures` and `views` hold the
functions that render each type of result, which the modules of plots and widgets register, and `provide_renderer` the
packages, which are imported when a picture or a view is first asked for.
"""

from __future__ import annotations

import base64
import html
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from types import FunctionType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, TypeAlias, TypeVar

from lstm_lab.errors import LabError, named_keywords
from lstm_lab.storage.atomic_files import check_target, write_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = [
    "Renderers",
    "Result",
    "StillResult",
    "Summary",
    "networks_are_loaded",
    "picture_metadata",
    "pictures",
    "provide_renderer",
    "views",
]

Kind: TypeAlias = Literal["picture", "view"]
_RENDERERS: dict[Kind, Callable[[], Any]] = {}

Shown = TypeVar("Shown")
Drawn = TypeVar("Drawn")

_NETWORKS = "lstm_lab.models.backend"
"""The module that imports TensorFlow."""


def networks_are_loaded() -> bool:
    """Return whether results of a network may exist: never before TensorFlow is imported.

    A registry of classes that need TensorFlow asks this first, so that showing a result which needs none, or looking
    for a run among a user's variables, does not import it.
    """
    return _NETWORKS in sys.modules


class Renderers:
    """Functions that render results, by the results' type.

    Parameters
    ----------
    noun
        What they return, in a word.

    Examples
    --------
    >>> letters = Renderers("letter")
    >>> @letters.register(bool)
    ... def letter_of(value: bool) -> str:
    ...     return "y" if value else "n"
    >>> letters.of(True)(True)
    'y'
    >>> letters.of("yes")
    Traceback (most recent call last):
    lstm_lab.errors.LabError: there is no letter of a str; there are letters of: bool
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._functions: dict[type, Callable[..., Any]] = {}

    def register(
        self, kind: type[Shown]
    ) -> Callable[[Callable[Concatenate[Shown, ...], Drawn]], Callable[Concatenate[Shown, ...], Drawn]]:
        """Return a decorator that registers the function or class which renders results of a type.

        Parameters
        ----------
        kind
            The type; its subclasses are rendered likewise, unless they have a function of their own.
        """

        def add(
            render: Callable[Concatenate[Shown, ...], Drawn],
        ) -> Callable[Concatenate[Shown, ...], Drawn]:
            self._functions[kind] = render
            return render

        return add

    def of(self, result: object) -> Callable[..., Any]:
        """Return the function that renders a result.

        Raises
        ------
        LabError
            None is registered for its type.
        """
        for kind in type(result).__mro__:
            if kind in self._functions:
                return self._functions[kind]
        known = ", ".join(sorted(kind.__name__ for kind in self._functions))
        noun, name = self._noun, type(result).__name__
        raise LabError(f"there is no {noun} of a {name}; there are {noun}s of: {known}")


pictures = Renderers("picture")
"""Functions that draw a `matplotlib.figure.Figure` of a result; the modules of `lstm_lab.plots` register them."""
views = Renderers("live view")
"""Functions that build the live view of a result; the modules of `lstm_lab.widgets` register them."""


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
    code: str = ""
    """Lines to copy, such as a cell."""

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
        code = ["", *(f"  {line}" for line in self.code.split("\n"))] if self.code else []
        return "\n".join(line.rstrip() for line in [*lines, *self._aligned(width), *code])

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
        style = "text-align:left;font-weight:bold;white-space:nowrap"  # a long title over few facts is one line
        caption = f'<caption style="{style}">{html.escape(self.title)}</caption>'
        facts = f"<table>{caption}<tbody>{rows}</tbody></table>"
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        if not self.table:
            return facts + code
        head, *lines = self.table
        heads = "".join(_cell(name, head="col", left=column == 0) for column, name in enumerate(head))
        body = "".join(
            f"<tr>{_cell(name, head='row')}{''.join(_cell(value, left=False) for value in values)}</tr>"
            for name, *values in lines
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return facts + table + code


_SHORT = 14
"""Characters of a table's value up to which it stays on one line."""


def _cell(text: str, *, head: str = "", left: bool = True) -> str:
    wrap = ";white-space:nowrap" if not left and len(text) <= _SHORT else ""  # a number and its % are one word
    style = f' style="text-align:{"left" if left else "right"}{wrap}"'
    return f'<th scope="{head}"{style}>{html.escape(text)}</th>' if head else f"<td{style}>{html.escape(text)}</td>"


class Result:
    """Mixin of every result object; a subclass defines `summary_table`.

    An unknown keyword of a public method is refused in one line, as one of an option is.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, member in list(vars(cls).items()):
            if isinstance(member, FunctionType) and not name.startswith("_"):
                setattr(cls, name, named_keywords(member))

    def summary_table(self) -> Summary:
        """Return a title and a few labelled lines that describe the result."""
        raise NotImplementedError

    def plot(self, **options: Any) -> Any:
        """Draw a still picture: a `matplotlib.figure.Figure` that is not registered with pyplot."""
        return _RENDERERS["picture"]().plot(self, **options)

    def save_png(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the still picture and return its path."""
        target = check_target(path, "a picture")
        return write_bytes(target, self.png(**options), "a picture")

    def png(self, *, dpi: float = 100, colours: int = 256, **options: Any) -> bytes:
        """Return the still picture as the bytes of a PNG file."""
        return bytes(_RENDERERS["picture"]().png(self.plot(**options), dpi, colours, last=True))

    def widget(self, **options: Any) -> Any:
        """Build the live view for a notebook."""
        return _RENDERERS["view"]().widget(self, **options)

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save the live view as one self-contained file that needs neither kernel nor network."""
        return Path(_RENDERERS["view"]().to_html(self, check_target(path, "a page"), **options))

    def __repr__(self) -> str:
        # Only a terminal has a limited width; a file or a notebook gets every column.
        return self.summary_table().text(get_terminal_size().columns if sys.stdout.isatty() else None)

    def _repr_html_(self) -> str:
        return self.summary_table().html()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ARG002 - the protocol's
        """Return text, HTML table and still picture by MIME type, and the picture's alternative text and width."""
        data, metadata = _RENDERERS["picture"]().mimebundle(self)
        return dict(data), dict(metadata)


def picture_metadata(picture: str, alternative: str, density: float = 2.0) -> dict[str, Any]:
    """Return the alternative text and the width of a picture, which is drawn at more than the density of a screen.

    Parameters
    ----------
    picture
        PNG, base64.
    alternative
        The alternative text.
    density
        Its pixels for a pixel of the screen.
    """
    (pixels,) = struct.unpack(">I", base64.b64decode(picture[:32])[16:20])
    return {"alt": alternative, "width": round(pixels / density)}


class StillResult(Result):
    """Mixin of a result without a live view: its `to_html` saves the picture and the tables."""

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Save title, tables and picture as one self-contained file; options are the picture's."""
        return Path(_RENDERERS["picture"]().to_html(self, check_target(path, "a page"), **options))
