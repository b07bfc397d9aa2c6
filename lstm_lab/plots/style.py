"""The look of all still pictures: canvas, colours, sizes, times on an axis, untrusted text."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from lstm_lab.data.tables.periods import starts_of
from lstm_lab.evaluation import study_marks
from lstm_lab.formatting import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.gridspec import SubplotSpec

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "LIGHT",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "Ticks",
    "axes",
    "axes_in",
    "canvas",
    "legend",
    "plain",
    "positions",
    "scale_for",
    "short",
    "time_axis",
    "titles",
]

# The colours of the views on a light page, so that a view and its picture are alike: `frontend/src/theme.ts` and these
# are held to tests/widgets/palette.json. After Okabe & Ito (2008), darker: told apart with any colour vision, and read.
BLACK: Final = "#1f2328"
BLUE: Final = "#0072b2"
SKY: Final = "#56b4e9"
GREEN: Final = "#00795a"
ORANGE: Final = "#cc8400"
VERMILION: Final = "#b03000"
PURPLE: Final = "#a8507f"
YELLOW: Final = "#8a7a00"
GREY: Final = "#57606a"
LIGHT: Final = "#d9d9d9"

SMALL: Final = 9.0
NORMAL: Final = 10.0
LARGE: Final = 12.0


def canvas(width: float = 8.0, height: float = 4.2) -> Figure:
    """Create an empty figure, in inches, that is not registered with pyplot and so needs no closing."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def axes(figure: Figure, *, ylabel: str = "") -> Axes:
    """Add a plot in the house style: no box, a faint grid across, small ticks."""
    panel = axes_in(figure)
    panel.set_ylabel(plain(ylabel), fontsize=NORMAL, color=BLACK)
    return panel


def axes_in(figure: Figure, place: SubplotSpec | None = None) -> Axes:
    """Add a plot in the house style to a cell of a grid, or to the whole figure."""
    panel = figure.add_subplot() if place is None else figure.add_subplot(place)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LIGHT)
    panel.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    panel.yaxis.set_major_formatter(Ticks())
    return panel


_FAR: Final = 1e6
_FINE: Final = 1e-5
"""Ticks from this size on, and those that are closer than this, are written with an exponent."""


class Ticks(Formatter):
    """Write every tick out, as the views do: a factor "1e-8" above the axis would be read as part of the title."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one number."""
        del pos
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write evenly spaced numbers with as many digits as the step between them needs.

        >>> Ticks().format_ticks([-0.5, 0.0, 0.5]), Ticks().format_ticks([3.8e9, 4e9])
        (['−0.5', '0.0', '0.5'], ['3.8e9', '4.0e9'])
        """
        step = (abs(values[1] - values[0]) if len(values) > 1 else max(map(abs, values), default=1.0)) or 1.0
        last = _last_digit(step)
        return [_written(float(value), step, last).replace("-", "−", 1 if value < 0 else 0) for value in values]


def _last_digit(step: float) -> int:
    """Return the power of ten of a step's last digit: -3 for 0.025, 4 for 250,000."""
    power = math.floor(math.log10(step) + 1e-9)
    for _ in range(10):
        if abs(step / 10.0**power - round(step / 10.0**power)) <= 1e-4:
            break
        power -= 1
    return power


def _written(value: float, step: float, last: int) -> str:
    if abs(value) < 1e-9 * step:
        return f"{0:.{max(0, -last)}f}" if step >= _FINE else "0"
    if abs(value) >= _FAR or step < _FINE:
        digits = math.floor(math.log10(abs(value)) + 1e-9) - last
        mantissa, power = f"{value:.{min(max(0, digits), 10)}e}".split("e")
        return f"{mantissa}e{int(power)}"
    return f"{value:,.{min(max(0, -last), 10)}f}"


def legend(figure: Figure, *, columns: int | None = None) -> None:
    """Put one legend below everything: in so many columns, else in a row of up to six entries or in two."""
    entries = sum(len(panel.get_legend_handles_labels()[1]) for panel in figure.axes)
    figure.legend(
        loc="outside lower center",
        ncols=columns or (entries if entries <= 6 else -(-entries // 2)),
        frameon=False,
        fontsize=SMALL,
        labelcolor=BLACK,
    )


def titles(panel: Axes, title: str, subtitle: str = "") -> None:
    """Put a bold title and, below it, a smaller line, flush left; the text may be untrusted."""
    figure_width = panel.figure.bbox.width / panel.figure.dpi
    head = "\n".join(wrap(plain(title), round(9 * figure_width)))
    lines = [part for line in plain(subtitle).split("\n") for part in wrap(line, round(14 * figure_width))]
    panel.set_title(head, loc="left", fontsize=LARGE, fontweight="bold", color=BLACK, pad=8 + 13 * len(lines))
    if lines:
        panel.annotate(
            "\n".join(lines),
            (0, 1),
            (0, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=SMALL,
            color=GREY,
            va="bottom",
            linespacing=1.25,
        )


def plain(text: object) -> str:
    r"""Escape the dollar signs that matplotlib reads as mathematics; control characters become spaces.

    >>> print(plain("price in $ and $"))
    price in \$ and \$
    """
    cleaned = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in str(text))
    return cleaned.replace("$", r"\$")


def short(text: object, longest: int = 40) -> str:
    """Shorten a name that would take the picture's room."""
    name = str(text)
    return name if len(name) <= longest else name[: longest - 1] + "…"


def positions(index: pd.Index) -> np.ndarray:
    """Turn an index into positions on an axis: times as local wall-clock times, numbers as they are."""
    if isinstance(index, pd.PeriodIndex):
        index = starts_of(index)
    if isinstance(index, pd.DatetimeIndex):
        return np.asarray(index.tz_localize(None))
    if pd.api.types.is_numeric_dtype(index):
        return np.asarray(index, dtype=np.float64)
    return np.arange(len(index), dtype=np.float64)


def time_axis(panel: Axes, index: pd.Index, *, few: int = 4, many: int = 9) -> None:
    """Label the horizontal axis for an index: concise dates, or whole numbers."""
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        locator = _typed(AutoDateLocator)(minticks=few, maxticks=many)
        panel.xaxis.set_major_locator(locator)
        panel.xaxis.set_major_formatter(_typed(ConciseDateFormatter)(locator))
        panel.xaxis.get_offset_text().set(fontsize=SMALL, color=GREY)
    else:
        panel.xaxis.set_major_locator(MaxNLocator(many, integer=True, min_n_ticks=1))
        panel.set_xlabel(plain(index.name if index.name is not None else "row"), fontsize=SMALL, color=GREY)


_DECADES: Final = 1e4
"""Ratio from which a logarithmic axis has room for powers of ten alone."""
_NEAR: Final = (1e-4, 1e6)
"""Ticks of a logarithmic axis that are written out."""


def scale_for(panel: Axes, values: np.ndarray) -> None:
    """Make the horizontal axis logarithmic where one large value would hide the rest, else give it few ticks.

    A value of 0 or less has no place on a logarithmic axis, and keeps it linear.
    """
    if study_marks.scale_for(values) == "linear":
        panel.xaxis.set_major_locator(MaxNLocator(5))
        return
    panel.set_xscale("log")
    panel.set_xlabel(panel.get_xlabel() + "\nlogarithmic scale", fontsize=SMALL, color=GREY)
    few_decades = values.max() < _DECADES * values.min()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few_decades else (1,), numticks=6))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _decade(value)))
    panel.xaxis.set_minor_formatter(NullFormatter())


def _decade(value: float) -> str:
    """Format a tick of a logarithmic axis; far ones as powers of ten."""
    return number(value) if _NEAR[0] <= value < _NEAR[1] else f"{value:.0e}"


def _typed(function: Any) -> Any:
    """Return a function of matplotlib that has no annotations as `Any`, so that mypy allows the call."""
    return function
