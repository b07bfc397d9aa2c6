"""The still picture of a feature report: the series, candidate transforms, each column's correlation."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.diagnostics.feature_report import FeatureReport
from lstm_lab.formatting import number
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, SMALL, VERMILION, canvas, plain, short
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["features_figure"]

MOST = 24
"""Columns that are drawn."""
FINDINGS = 12
"""Findings that are written out."""


@pictures.register(FeatureReport)
def features_figure(report: FeatureReport, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a report on the inputs.

    Parameters
    ----------
    report
        The report.
    width, height
        In inches.
    """
    count = max(len(report.candidates), min(len(report.summary), MOST))
    tall = 1.3 + 0.24 * count
    finding_lines = [line for finding in report.findings[:FINDINGS] for line in _wrapped(finding.text, width)]
    above = 0.2 + 0.17 * len(finding_lines) if finding_lines else 0.01
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
    finding_count = len(report.findings)
    verdict = f"{finding_count} finding{'s' * (finding_count != 1)}" if finding_count else "nothing to complain of"
    _held_out(first, report)
    # Narrower than the figure, for it begins where the axes do.
    lines = [*wrap(report.reason, round(12 * width)), *wrap(f"{report.rows_in_words()}; {verdict}", round(12 * width))]
    head = figure.add_subplot(grid[0, :]) if finding_lines else first
    style.titles(head, f"Inputs for {short(report.target)}", "\n".join(lines))
    if finding_lines:
        _findings(head, finding_lines, len(report.findings) - FINDINGS)
    _candidates(figure.add_subplot(grid[3, 0]), report)
    _correlations(figure.add_subplot(grid[3, 1]), report)
    return figure


def _series(panel: Axes, report: FeatureReport, values: np.ndarray, label: str) -> None:
    """Draw a series over time, the held-out rows on grey."""
    index = report.frame.index
    times = style.positions(index)
    parts = np.flatnonzero(np.diff(report.analysis.ready.dataset.segments)) + 1
    for part in np.split(np.arange(len(values)), parts):  # no line across a gap
        panel.plot(times[part], values[part], color=BLACK if label != "learnt" else BLUE, linewidth=0.7)
    panel.margins(x=0.01)
    cut = report.analysis.ready.dataset.cuts[0].validation
    if cut < len(times):
        panel.axvspan(times[cut], times[-1], color=LIGHT, alpha=0.45, linewidth=0)
    _plain_axes(panel)
    panel.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    caption = label if label != "learnt" else short(report.frame.columns[0])
    panel.annotate(
        plain(caption), (0, 1), (4, -3), "axes fraction", "offset points",
        va="top", fontsize=SMALL, color=BLACK, bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
    )  # fmt: skip
    style.time_axis(panel, index)


def _held_out(panel: Axes, report: FeatureReport) -> None:
    times, cut = style.positions(report.frame.index), report.analysis.ready.dataset.cuts[0].validation
    if cut < len(times):
        panel.annotate(
            "held out", (times[-1], 1), (-3, -3), ("data", "axes fraction"), "offset points",
            ha="right", va="top", fontsize=SMALL, color=GREY,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
        )  # fmt: skip


def _candidates(panel: Axes, report: FeatureReport) -> None:
    """Draw the error of each transform's naive forecast; the chosen transform is blue."""
    table = report.candidates
    for position, (_, row) in enumerate(table.iterrows()):
        usable = bool(row["usable"]) and np.isfinite(row["error"])
        if usable:
            panel.barh(position, row["error"], color=BLUE if row["learnt"] else LIGHT, height=0.66)
        error_text = number(row["error"]) if usable else ("" if row["usable"] else "refused")
        panel.annotate(
            f"{error_text}{', learnt' if row['learnt'] else ''}", (row["error"] if usable else 0, position), (4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=BLACK if usable else GREY,
        )  # fmt: skip
    panel.set_yticks(np.arange(len(table)), [plain(short(name, 22)) for name in table.index])
    panel.set_xlim(0, 1.45 * float(np.nanmax(np.nan_to_num(table["error"]), initial=0.0)) or 1.0)
    panel.set_ylim(len(table) - 0.4, -0.6)
    _plain_axes(panel)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel("mean absolute error, in the target's unit", fontsize=SMALL, color=GREY)
    style.titles(panel, "Naive forecasts", "that each transform starts from")


def _correlations(panel: Axes, report: FeatureReport) -> None:
    """Draw each column's correlation with the next value and with its size, over the range that chance explains."""
    table = report.summary.iloc[:MOST]
    positions = np.arange(len(table))
    chance = panel.axvspan(-report.chance, report.chance, color=LIGHT, alpha=0.7, linewidth=0)
    panel.axvline(0, color=GREY, linewidth=0.8)
    bars = panel.barh(positions, np.nan_to_num(table["next"]), color=BLUE, height=0.5)
    (dots,) = panel.plot(table["size"], positions, "D", color=VERMILION, markersize=4)
    panel.set_yticks(positions, [plain(short(name, 24)) for name in table.index])
    reach = 1.12 * float(np.nanmax(np.abs(table[["next", "size"]].to_numpy(np.float64)), initial=2 * report.chance))
    panel.set_xlim(-reach, reach)
    panel.set_ylim(len(table) - 0.4, -0.6)
    _plain_axes(panel)
    panel.tick_params(axis="y", length=0)
    left_out = len(report.summary) - len(table)
    style.titles(
        panel,
        "Correlation a row later",
        f"{left_out} more columns are in .summary" if left_out else "with what is learnt",
    )
    panel.legend(
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


def _findings(panel: Axes, lines: list[str], left_out: int) -> None:
    """Write the findings, which a saved notebook would otherwise not keep."""
    panel.set_axis_off()
    more = [f"•  and {left_out} more in .findings"] if left_out > 0 else []
    words = panel.text(
        0, 1, "\n".join([*lines, *more]), fontsize=SMALL, color=BLACK, va="top", transform=panel.transAxes
    )
    words.set_in_layout(False)


def _plain_axes(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LIGHT)
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
