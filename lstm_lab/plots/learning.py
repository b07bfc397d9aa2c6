"""The still picture of a training that was watched: some of its epochs beside each other."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from lstm_lab.interpret.learning import Learning
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREY
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["learning_figure"]

_COLUMNS = 4


@pictures.register(Learning)
def learning_figure(
    learning: Learning, *, epoch: int | None = None, width: float | None = None, height: float = 4.6
) -> Figure:
    """Draw held-out forecasts above and the first gate below, one column for each of four epochs.

    Parameters
    ----------
    learning
        What was recorded.
    epoch
        Draw this epoch alone.
    width, height
        In inches.
    """
    chosen = _epochs(learning) if epoch is None else [learning.at(epoch)]
    figure = style.canvas((2.5 * len(chosen) if len(chosen) > 1 else 6.0) if width is None else width, height)
    first_series, *others = learning.pieces
    rows = 1 + len(others) + (1 if learning.gates else 0)
    grid = figure.add_gridspec(rows, len(chosen), height_ratios=[3] * (1 + len(others)) + [2] * bool(learning.gates))
    first: tuple[Axes, Axes] | None = None
    banded = next((at for at in chosen if _has_band(learning, at)), None)
    for column, at in enumerate(chosen):
        panels = [style.axes_in(figure, grid[row, column]) for row in range(rows)]
        upper, lower = panels[0], panels[-1]
        for panel, piece in zip(panels, (first_series, *others), strict=False):
            shaded = "middle 80 % of the paths" if at == banded and panel is upper else "_band"
            _forecasts(panel, learning, at, piece, told=column == 0 and panel is upper, shaded=shaded)
            panel.set_ylim(*_range(learning, piece))
            if column:
                panel.tick_params(labelleft=False)
            elif piece[0]:
                panel.set_ylabel(style.plain(style.short(piece[0])), fontsize=style.SMALL, color=BLACK)
        image = _gates(lower, learning, at) if learning.gates else None
        caption = "\n".join(wrap(style.plain(learning.captions[at]), 32 if len(chosen) > 1 else 76))
        kept = learning.epochs[at] == learning.kept
        upper.set_title(caption, loc="left", fontsize=style.SMALL, color=BLACK, fontweight="bold" if kept else "normal")
        if first is None:
            first = upper, lower
        else:
            lower.tick_params(labelleft=False)
    assert first is not None  # noqa: S101 - there is always an epoch
    if not others:
        first[0].set_ylabel(style.plain(style.short(learning.target, 24)), fontsize=style.NORMAL, color=BLACK)
    if image is not None:
        first[1].set_ylabel("unit", fontsize=style.SMALL, color=GREY)
        _colours(figure, image, lower, learning)
    style.legend(figure)
    return figure


def _colours(figure: Figure, image: AxesImage, lower: Axes, learning: Learning) -> None:
    """Draw the colours of the gates beside the last panel."""
    bar = figure.colorbar(image, ax=lower, fraction=0.08, pad=0.03)
    bar.set_label(_gate_words(learning), fontsize=style.SMALL, color=GREY)
    bar.ax.tick_params(labelsize=style.SMALL, labelcolor=GREY)
    bar.outline.set_visible(False)


def _epochs(learning: Learning) -> list[int]:
    """Choose epochs that tell most: the first, one on the way, the kept, the last."""
    kept = learning.at(learning.kept)
    last = len(learning.epochs) - 1
    wanted = dict.fromkeys([0, max(1, kept // 3), kept, last])
    chosen = [at for at in wanted if at <= last]
    middle = [at for at in (1, kept // 2, (kept + last) // 2, *range(last + 1)) if 0 <= at <= last]
    for at in middle:
        if len(chosen) < _COLUMNS and at not in chosen:
            chosen.append(at)
    return sorted(chosen)


def _range(learning: Learning, piece: tuple[str, int, int]) -> tuple[float, float]:
    """Return the range of what happened, with room for forecasts; an untrained one may leave it."""
    observed = learning.observed.to_numpy(np.float64)[piece[1] : piece[2]]
    low, high = float(np.nanmin(observed)), float(np.nanmax(observed))
    room = 0.35 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _has_band(learning: Learning, at: int) -> bool:
    return learning.bands is not None and bool(np.isfinite(learning.bands[at]).all())


def _forecasts(
    panel: Axes, learning: Learning, at: int, piece: tuple[str, int, int], *, told: bool, shaded: str
) -> None:
    _, begin, end = piece
    index = learning.observed.index[begin:end]
    places = style.positions(index)
    panel.plot(
        places,
        learning.observed.to_numpy(np.float64)[begin:end],
        color=BLACK,
        linewidth=1.1,
        label="observed" if told else "_observed",
    )
    inside = np.flatnonzero((learning.starts >= begin) & (learning.starts < end))
    starts = learning.starts[inside] - begin
    label = "forecast of held-out rows" if told else "_forecast"
    if learning.horizon == 1:
        panel.plot(places[starts], learning.forecasts[at, inside, 0], color=BLUE, linewidth=1.8, label=label)
        starts = starts[:0]
    for number, start in zip(inside, starts, strict=False):
        rows = slice(start, start + learning.horizon)
        panel.plot(
            places[rows], learning.forecasts[at, number].astype(np.float64), color=BLUE, linewidth=1.8, label=label
        )
        label = "_forecast"
        if learning.bands is not None and _has_band(learning, at):
            low, high = learning.bands[at, :, number].astype(np.float64)
            panel.fill_between(places[rows], low, high, color=BLUE, alpha=0.2, linewidth=0, label=shaded)
            shaded = "_band"
    style.time_axis(panel, index, few=2, many=3)


def _gates(panel: Axes, learning: Learning, at: int) -> AxesImage:
    name, values = next(iter(learning.gates.items()))
    signed = name == "hidden"
    steps = np.arange(-values.shape[1] + 0.5, 1)
    limits = (-1.0, 1.0) if signed else (0.0, 1.0)
    image = panel.imshow(
        values[at].T.astype(np.float32),
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r" if signed else "viridis",
        vmin=limits[0],
        vmax=limits[1],
        extent=(steps[0] - 0.5, 0.5, values.shape[2] - 0.5, -0.5),
    )
    panel.grid(visible=False)
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))  # units are whole
    panel.set_xlabel("steps before the last origin", fontsize=style.SMALL, color=GREY)
    return image


def _gate_words(learning: Learning) -> str:
    name = next(iter(learning.gates))
    return "hidden state" if name == "hidden" else f"{name} gate, 1 open"
