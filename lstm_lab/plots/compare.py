"""Still pictures of a comparison and of an ablation: one mark per seed, so that the spread over seeds is seen."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lstm_lab.evaluation.ablate import Ablation
from lstm_lab.evaluation.compare import Comparison
from lstm_lab.evaluation.kinds import BASE, NETWORKS, UNCALIBRATED
from lstm_lab.evaluation.panel_ablate import PanelAblation
from lstm_lab.evaluation.panel_compare import PanelComparison
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, LIGHT, ORANGE, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.evaluation.experiments import StudyResult
    from lstm_lab.evaluation.panel_study import PanelStudyResult

__all__ = ["ablation_figure", "comparison_figure", "panel_ablation_figure", "panel_comparison_figure"]


@dataclass(frozen=True)
class _Look:
    """Colour and shape of a model's marks, and their entry in the legend."""

    meaning: str
    colour: str
    mark: str = "o"
    filled: bool = True


_NETWORK: Final = _Look("network, a mark a seed", BLUE)
_BASELINE: Final = _Look("baseline", ORANGE, "s")
_BASE: Final = _Look(f"{BASE}, a mark a seed", BLUE)
_CLEAR: Final = _Look("changed: a clear effect on the error", VERMILION, "s")
_CHANCE: Final = _Look("changed: the effect may be chance", VERMILION, "s", filled=False)
_SAME: Final = _Look("changed: the error is the same", GREY, "D")


@pictures.register(Comparison)
def comparison_figure(result: Comparison, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw error, coverage and width of every kind, a mark a seed; baselines are squares, the best one a line.

    Parameters
    ----------
    result
        The comparison.
    width, height
        In inches; the height grows with the kinds.
    """
    return _comparison(result, (width, height))


@pictures.register(PanelComparison)
def panel_comparison_figure(result: PanelComparison, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a comparison on many series as `comparison_figure` draws that on one; a baseline has no band."""
    return _comparison(result, (width, height))


def _comparison(result: Comparison | PanelComparison, size: tuple[float, float | None]) -> Figure:
    kinds = [str(kind) for kind in result.summary.index]
    looks = {kind: _NETWORK if kind in NETWORKS else _BASELINE for kind in kinds}
    best = next((kind for kind in kinds if kind not in NETWORKS), None)
    subtitle = "\n".join(text for text in (result.verdict, result.best_network) if text is not None)
    return _dots(result, looks, best, (f"Comparison for {result.target}", subtitle), size)


@pictures.register(Ablation)
def ablation_figure(result: Ablation, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw error, coverage and width of every variant, a mark a seed, beside the lines of the base.

    Parameters
    ----------
    result
        The ablation.
    width, height
        In inches; the height grows with the variants.
    """
    return _ablation(result, (width, height))


@pictures.register(PanelAblation)
def panel_ablation_figure(result: PanelAblation, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw an ablation on many series as `ablation_figure` draws that on one."""
    return _ablation(result, (width, height))


def _ablation(result: Ablation | PanelAblation, size: tuple[float, float | None]) -> Figure:
    clear = result.summary["clear"]
    looks = {name: _CLEAR if clear[name] else _CHANCE for name in result.variants}
    looks |= {name: look for name, look in ((BASE, _BASE), (UNCALIBRATED, _SAME)) if name in looks}
    subtitle = f"one thing changed at a time; {result.details['judged at']}"
    return _dots(result, looks, BASE, (f"Ablation for {result.target}", subtitle), size)


def _dots(
    result: StudyResult | PanelStudyResult,
    looks: Mapping[str, _Look],
    reference: str | None,
    heading: tuple[str, str],
    size: tuple[float, float | None],
) -> Figure:
    """Draw a row of marks for each name in three columns, under a title and above a legend."""
    width, height = size
    figure = style.canvas(width, 2.6 + 0.34 * len(looks) if height is None else height)
    grid = figure.add_gridspec(2, 3, height_ratios=[1e-3, 1])
    head = figure.add_subplot(grid[0, :])
    head.set_axis_off()
    # The title begins where the axes do, beside names of any length.
    style.titles(head, heading[0], "\n".join(fill(line, round(12 * width)) for line in heading[1].split("\n")))
    by_id = result.error == "mase"
    unit = "mean changes of a series" if by_id else style.short(result.target, 16)
    labels = {
        result.error: f"mean absolute error ({unit})",
        "coverage": f"measured coverage of the band ({result.band(reference) or result.band()})",
        "width": f"width of the band ({unit})",
    }
    for column_number, (column, label) in enumerate(labels.items()):
        panel = style.axes(figure)
        panel.set_subplotspec(grid[1, column_number])
        panel.grid(axis="x", color=LIGHT, linewidth=0.6, alpha=0.7)
        panel.grid(visible=False, axis="y")
        panel.set_yticks(
            range(len(looks)), [style.plain(style.short(name, 28)) if column_number == 0 else "" for name in looks]
        )
        panel.set_ylim(len(looks) - 0.4, -0.6)
        panel.set_xlabel(style.plain(fill(label, 34)), fontsize=style.SMALL, color=GREY)
        _marks(panel, result, looks, column)
        if column == "coverage":
            _coverages(panel, result, list(looks))
        elif reference is not None:
            value = float(result.scores.xs(reference, level=0)[column].mean())
            panel.axvline(value, color=looks[reference].colour, linewidth=1, alpha=0.6, zorder=0)
            style.scale_for(panel, result.scores[column].dropna().to_numpy(np.float64))
    _legend(figure, looks, reference)
    return figure


def _marks(panel: Axes, result: StudyResult | PanelStudyResult, looks: Mapping[str, _Look], column: str) -> None:
    """Draw one mark for each seed, and a bar at their mean."""
    for row, (name, look) in enumerate(looks.items()):
        values = np.atleast_1d(result.scores.xs(name, level=0)[column].to_numpy(np.float64))
        face = look.colour if look.filled else "white"
        panel.plot(values, np.full(len(values), row), look.mark, color=look.colour, markerfacecolor=face, markersize=5)
        panel.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=look.colour, linewidth=1.5)


def _coverages(panel: Axes, result: StudyResult | PanelStudyResult, names: list[str]) -> None:
    """Draw the 95 % interval of each coverage and the nominal coverage, and label the axis in percent."""
    nominal = result.interval / 100
    for row, name in enumerate(names):
        scores = result.scores.xs(name, level=0)
        bounds = float(scores["coverage_low"].mean()), float(scores["coverage_high"].mean())
        panel.plot(bounds, [row, row], color=GREY, linewidth=0.8, zorder=1)
    panel.axvline(nominal, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    low, _ = panel.get_xlim()
    low = min(low, nominal - 0.1)
    panel.set_xlim(low, 1.02)  # room for a mark at 100 %, but no tick beyond it
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, 1.0)
    panel.set_xticks([tick for tick in ticks if low <= tick <= 1.001])
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def _legend(figure: Figure, looks: Mapping[str, _Look], reference: str | None) -> None:
    """Add the legend of marks and lines."""
    panel = figure.axes[0]
    for look in dict.fromkeys(looks.values()):
        face = look.colour if look.filled else "white"
        panel.plot([], [], look.mark, color=look.colour, markerfacecolor=face, markersize=5, label=look.meaning)
    if reference is not None:
        panel.plot([], [], color=looks[reference].colour, linewidth=1, alpha=0.6, label=f"mean of: {reference}")
    panel.plot([], [], color=GREY, linewidth=0.8, label="95 % interval of a coverage")
    panel.plot([], [], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="nominal coverage")
    style.legend(figure, columns=3)
