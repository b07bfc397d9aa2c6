"""Still pictures of results: a `matplotlib.figure.Figure` each, drawn by Agg, unknown to pyplot.

`plot` finds the picture of a result by its type. A new one is a function registered with ``@pictures.register(Type)``
in a module that `drawing_modules` imports.
"""

from __future__ import annotations

import base64
import html
import io
import warnings
from functools import cache
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lstm_lab.errors import OptionError, did_you_mean, shown
from lstm_lab.execution.interrupts import raised_as_such
from lstm_lab.results import networks_are_loaded, picture_metadata, pictures
from lstm_lab.storage.atomic_files import write_text

if TYPE_CHECKING:
    import os
    from types import ModuleType

    from matplotlib.figure import Figure

    from lstm_lab.results import Result

__all__ = ["drawing_modules", "mimebundle", "plot", "png", "to_html"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0 auto; padding: 16px; max-width: 1000px; font: 14px/1.5 system-ui, sans-serif; }}
table {{ display: block; overflow-x: auto; margin: 16px 0; border-collapse: collapse; }}
caption {{ font-size: 17px; overflow-wrap: anywhere; }}
th, td {{ padding: 2px 16px 2px 0; vertical-align: top; font-variant-numeric: tabular-nums; }}
th {{ font-weight: 600; }}
thead + tbody td {{ white-space: nowrap; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #121212; color: #e6e6e6; }}
}}
</style>
</head>
<body>
<main>{body}</main>
</body>
</html>
"""


_DARK = Path(__file__).with_name("picture.css")
"""The filter of pictures on a dark page: it inverts lightness and keeps hues.

It follows a notebook's theme, and elsewhere the browser's: an exported page may be dark too. The renderer of saved
views (`labextension.ts`) bundles the same file.
"""


@cache
def _style() -> str:
    """Return the style sheet of pictures, in a line."""
    return f"<style>{''.join(_DARK.read_text(encoding='utf-8').split(chr(10)))}</style>"


def drawing_modules() -> tuple[ModuleType, ...]:
    """Import the modules that register pictures; those of a network's results once there may be such a result."""
    from lstm_lab.plots import (  # noqa: PLC0415 - they import this
        family,
        fan,
        features,
        letters,
        padding,
        panel_features,
        panel_forecast,
        read_window,
        study,
        training_choices,
    )

    explained = (family, letters, read_window, study)
    modules = (fan, features, padding, panel_features, panel_forecast, training_choices, *explained)
    if not networks_are_loaded():
        return modules
    from lstm_lab.plots import (  # noqa: PLC0415 - they import TensorFlow
        backtest,
        band_comparison,
        cell,
        export,
        gates,
        learning,
        lesson,
        memory,
        panel_gates,
        recurrences,
        run,
        run_comparison,
        search,
        spread,
    )

    studies = (backtest, band_comparison)
    inside = (cell, gates, learning, lesson, memory, panel_gates, recurrences)
    return *modules, *studies, *inside, export, run, run_comparison, search, spread


def plot(result: object, **options: Any) -> Figure:
    """Draw the still picture of a result, by the result's type.

    Parameters
    ----------
    result
        A forecast, run, trace, ...
    **options
        Keywords of the function that draws this type of result; `actual` for a forecast, for example.

    Returns
    -------
    matplotlib.figure.Figure
        A figure with an Agg canvas: save it with `png`, or with its own ``savefig``.

    Raises
    ------
    LabError
        No picture is known for this type, or it has no such option.
    """
    drawing_modules()
    draw = pictures.of(result)
    known = list(signature(draw).parameters)[1:]
    for name, value in options.items():
        if name not in known:
            near = f"did you mean {name}s=?" if f"{name}s" in known else did_you_mean(name, known)
            raise OptionError(f"a picture of a {type(result).__name__} has no {name}=, got {name}={value!r}; {near}")
        _check_number(name, value, signature(draw).parameters[name].default)
    with raised_as_such():
        figure: Figure = draw(result, **options)
    return figure


_RANGES = {"width": (1, 100), "height": (1, 100), "dpi": (1, 2400), "colours": (2, 256), "recent": (1, 10**9)}
"""From and to which a picture's numbers go: inches, dots an inch, colours of the palette, steps before a forecast."""
_WHOLE = frozenset({"colours", "recent"})
_PIXELS = 2**28
_SIDE = 2**16


def _check_number(name: str, value: Any, default: float | None) -> None:
    """Refuse a size of a picture that no picture can have."""
    if name not in _RANGES or (value is None and default is None):
        return
    low, high = _RANGES[name]
    kinds: tuple[type, ...] = (int, np.integer) if name in _WHOLE else (int, float, np.integer, np.floating)
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        kind = "whole number" if name in _WHOLE else "number"
        example = low if default is None else default
        raise OptionError(
            f"{name} should be a {kind} from {low} to {high:,}, got {shown(value)}; for example {name}={example:g}"
        )


def _check_pixels(figure: Figure, dpi: float) -> None:
    width, height = (round(side * dpi) for side in figure.get_size_inches())
    if width * height > _PIXELS or max(width, height) >= _SIDE:
        raise OptionError(
            f"a picture has at most {_PIXELS:,} pixels and {_SIDE - 1:,} a side, got {width:,} x {height:,} with"
            f" dpi={dpi:g}; for example dpi=100"
        )


def png(figure: Figure, dpi: float = 100, colours: int = 256, *, last: bool = False) -> bytes:
    """Render a figure as a PNG file with a palette, which takes a third of the bytes of full colour.

    A letter that no installed font has is drawn as a box, without a warning for each. A figure that is drawn for the
    `last` time lets go of its pixels before the palette is made.
    """
    _check_number("dpi", dpi, 100)
    _check_number("colours", colours, 256)
    _check_pixels(figure, dpi)
    with io.BytesIO() as file, io.BytesIO() as small:
        with warnings.catch_warnings(), raised_as_such():
            warnings.filterwarnings("ignore", message="Glyph [0-9]+ .* missing from")
            figure.savefig(file, format="png", dpi=dpi)
        if last:
            _forget_pixels(figure)
        _in_colours(file, colours).save(small, "PNG", optimize=True)
        return small.getvalue()


def _forget_pixels(figure: Figure) -> None:
    """Free what a figure was drawn on, 4 bytes a pixel, which it and its texts keep until they are collected."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to load
    from matplotlib.text import Text  # noqa: PLC0415 - slow to load

    FigureCanvasAgg(figure)
    for text in figure.findobj(Text):
        text._renderer = None  # type: ignore[attr-defined]  # noqa: SLF001 - Matplotlib has no other way to say it


def _in_colours(file: io.BytesIO, colours: int) -> Image.Image:
    """Give a picture a palette, without the alpha channel and without holding it twice."""
    with Image.open(file) as image:
        flat = image.convert("RGB")
    del image
    return flat.quantize(colours, dither=Image.Dither.NONE)


def mimebundle(result: Result, **options: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Render a result for a notebook by MIME type: text, HTML with the picture and the table, PNG; and its metadata.

    The picture is drawn at twice the screen's density and shown at its nominal width, so that it is sharp on any
    screen; its alternative text is the summary. `options` go to `plot`.
    """
    summary = result.summary_table()
    figure = plot(result, **options)
    data = base64.b64encode(png(figure, dpi=200, last=True)).decode("ascii")
    alternative = html.escape(summary.text(), quote=True)
    width = round(figure.get_figwidth() * 100)
    attributes = f'alt="{alternative}" width="{width}" style="max-width:100%;height:auto"'
    image = f'<img class="lstm-picture" src="data:image/png;base64,{data}" {attributes}>'
    text = repr(result)
    shown = {"text/plain": text, "text/html": f"<div>{_style()}{image}{summary.html()}</div>", "image/png": data}
    return shown, {"image/png": picture_metadata(data, text)}


def to_html(result: Result, path: str | os.PathLike[str], **options: Any) -> Path:
    """Save title, picture and tables as one HTML page that needs no kernel and whose policy forbids any network use."""
    page = _PAGE.format(
        title=html.escape(result.summary_table().title), body=mimebundle(result, **options)[0]["text/html"]
    )
    return write_text(path, page, "a page")
