"""What the network would be given: the target and what is learnt of it, the candidates, what each column foretells."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.diagnostics.report import FeatureReport
from lstm_lab.formatting import number
from lstm_lab.plots import plot, style
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, SMALL, VERMILION, canvas, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["features_figure"]

MOST = 24
"""Columns that are drawn."""
FINDINGS = 12
"""Findings that are written out."""


@plot.register(FeatureReport)
def features_figure(report: FeatureReport, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a report on the inputs.

    Parameters
    ----------
    report
        What was measured.
    width, height
        In inches.
    """
    count = max(len(report.candidates), min(len(report.summary), MOST))
    tall = 1.3 + 0.24 * count
    told = [line for found in report.findings[:FINDINGS] for line in _wrapped(found.text, width)]
    above = 0.2 + 0.17 * len(told) if told else 0.01
    figure = canvas(width, 3.6 + tall + above if height is None else height)
    grid = figure.add_gridspec(4, 2, height_ratios=[above, 1.3, 1.3, tall])
    first = figure.add_subplot(grid[1, :])
    second = figure.add_subplot(grid[2, :], sharex=first)
    _series(
        first, report, report.analysis.ready.dataset.frame[report.target].to_numpy(np.float64), short(report.target)
    )
    _series(second, report, report.frame.iloc[:, 0].to_numpy(np.float64), "learnt")
    first.tick_params(labelbottom=False)
    first.xaxis.get_offset_text().set_visible(False)
    found = len(report.findings)
    verdict = f"{found} finding{'s' * (found != 1)}" if found else "nothing to complain of"
    _held_out(first, report)
    # Narrower than the figure, for it begins where the axes do.
    lines = [*wrap(report.reason, round(12 * width)), *wrap(f"{report.rows_in_words()}; {verdict}", round(12 * width))]
    head = figure.add_subplot(grid[0, :]) if told else first
    style.titles(head, f"Inputs for {short(report.target)}", "\n".join(lines))
    if told:
        _findings(head, told, len(report.findings) - FINDINGS)
    _candidates(figure.add_subplot(grid[3, 0]), report)
    _correlations(figure.add_subplot(grid[3, 1]), report)
    return figure


def _series(made: Axes, report: FeatureReport, values: np.ndarray, label: str) -> None:
    """Draw a series over time, the rows that nothing is measured on behind a veil."""
    index = report.frame.index
    place = style.positions(index)
    parts = np.flatnonzero(np.diff(report.analysis.ready.dataset.segments)) + 1
    for part in np.split(np.arange(len(values)), parts):  # no line across a gap
        made.plot(place[part], values[part], color=BLACK if label != "learnt" else BLUE, linewidth=0.7)
    made.margins(x=0.01)
    cut = report.analysis.ready.dataset.cuts[0].validation
    if cut < len(place):
        made.axvspan(place[cut], place[-1], color=LIGHT, alpha=0.45, linewidth=0)
    _plainly(made)
    made.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    shown = label if label != "learnt" else short(report.frame.columns[0])
    made.annotate(
        plain(shown), (0, 1), (4, -3), "axes fraction", "offset points",
        va="top", fontsize=SMALL, color=BLACK, bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
    )  # fmt: skip
    style.time_axis(made, index)


def _held_out(made: Axes, report: FeatureReport) -> None:
    place, cut = style.positions(report.frame.index), report.analysis.ready.dataset.cuts[0].validation
    if cut < len(place):
        made.annotate(
            "held out", (place[-1], 1), (-3, -3), ("data", "axes fraction"), "offset points",
            ha="right", va="top", fontsize=SMALL, color=GREY,
        )  # fmt: skip


def _candidates(made: Axes, report: FeatureReport) -> None:
    """Draw how far off the naive forecast of each transform is; what is learnt is blue."""
    table = report.candidates
    for at, (_, row) in enumerate(table.iterrows()):
        usable = bool(row["usable"]) and np.isfinite(row["error"])
        if usable:
            made.barh(at, row["error"], color=BLUE if row["learnt"] else LIGHT, height=0.66)
        words = number(row["error"]) if usable else ("" if row["usable"] else "refused")
        made.annotate(
            f"{words}{', learnt' if row['learnt'] else ''}", (row["error"] if usable else 0, at), (4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=BLACK if usable else GREY,
        )  # fmt: skip
    made.set_yticks(np.arange(len(table)), [plain(short(name, 22)) for name in table.index])
    made.set_xlim(0, 1.45 * float(np.nanmax(np.nan_to_num(table["error"]), initial=0.0)) or 1.0)
    made.set_ylim(len(table) - 0.4, -0.6)
    _plainly(made)
    made.tick_params(axis="y", length=0)
    made.set_xlabel("mean absolute error, in the target's unit", fontsize=SMALL, color=GREY)
    style.titles(made, "Naive forecasts", "that each transform starts from")


def _correlations(made: Axes, report: FeatureReport) -> None:
    """Draw each column's correlation with the next value and with its size, over the span of chance."""
    table = report.summary.iloc[:MOST]
    at = np.arange(len(table))
    chance = made.axvspan(-report.chance, report.chance, color=LIGHT, alpha=0.7, linewidth=0)
    made.axvline(0, color=GREY, linewidth=0.8)
    bars = made.barh(at, np.nan_to_num(table["next"]), color=BLUE, height=0.5)
    (dots,) = made.plot(table["size"], at, "D", color=VERMILION, markersize=4)
    made.set_yticks(at, [plain(short(name, 24)) for name in table.index])
    reach = 1.12 * float(np.nanmax(np.abs(table[["next", "size"]].to_numpy(np.float64)), initial=2 * report.chance))
    made.set_xlim(-reach, reach)
    made.set_ylim(len(table) - 0.4, -0.6)
    _plainly(made)
    made.tick_params(axis="y", length=0)
    left = len(report.summary) - len(table)
    style.titles(
        made, "Correlation a row later", f"{left} more columns are in .summary" if left else "with what is learnt"
    )
    made.legend(
        [bars, dots, chance],
        ["next value", "its size", "may be chance"],
        loc="upper center",
        bbox_to_anchor=(0.42, -0.12),
        ncols=3,
        frameon=False,
        fontsize=SMALL,
        handlelength=1.2,
        columnspacing=1.2,
    )


def _wrapped(text: str, width: float) -> list[str]:
    """Break a finding into lines that fit, the later ones indented."""
    first, *others = wrap(plain(text.replace("`", "")), round(12.5 * width))
    return [f"•  {first}", *(f"    {line}" for line in others)]


def _findings(made: Axes, lines: list[str], left: int) -> None:
    """Write the findings, which a saved notebook would otherwise not keep."""
    made.set_axis_off()
    more = [f"•  and {left} more in .findings"] if left > 0 else []
    words = made.text(0, 1, "\n".join([*lines, *more]), fontsize=SMALL, color=BLACK, va="top", transform=made.transAxes)
    words.set_in_layout(False)


def _plainly(made: Axes) -> None:
    made.spines[["top", "right"]].set_visible(False)
    made.spines[["left", "bottom"]].set_color(LIGHT)
    made.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
