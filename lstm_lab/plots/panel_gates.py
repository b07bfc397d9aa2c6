"""Still picture of the gates of several series at the same time: a plot a gate, a line a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lstm_lab.interpret.panel_trace import PanelTrace
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, SMALL, VERMILION, YELLOW
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.interpret.trace import Trace

__all__ = ["panel_gates_figure"]

_COLOURS: Final = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, BLACK)
"""Of the ids, which are as many as are drawn, at most."""


@pictures.register(PanelTrace)
def panel_gates_figure(
    result: PanelTrace, *, layer: int | None = None, width: float = 9.0, height: float | None = None
) -> Figure:
    """Draw what each series was, then the mean of every gate and the size of the state while the network read it.

    Parameters
    ----------
    result
        The traces.
    layer
        Number of the layer; by default the one that remembers longest.
    width, height
        In inches; the height grows with the gates.
    """
    table = result.by_step(layer)
    ids = list(result)[: len(_COLOURS)]
    colours = dict(zip(ids, _COLOURS, strict=False))
    signals = list(table.columns)
    figure = style.canvas(width, 1.7 + 1.35 * (1 + len(signals)) if height is None else height)
    grid = figure.add_gridspec(1 + len(signals), 1)
    top = style.axes_in(figure, grid[0])
    for name in ids:
        _line(top, _standardised(result[name]), colours[name], style.plain(style.short(name, 24)))
    top.set_ylabel("standard deviations", fontsize=SMALL, color=GREY)
    panels = [top]
    for number, signal in enumerate(signals, start=1):
        panel = style.axes_in(figure, grid[number])
        panel.sharex(top)
        for name in ids:
            _line(panel, table[signal].xs(name, level="id"), colours[name])
        if signal != "state":
            panel.set_ylim(0, 1)
        panel.set_title(_head(signal), loc="left", fontsize=SMALL, color=BLACK, pad=3)
        panels.append(panel)
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    chosen = result.layer(ids[0], layer)
    left_out = f"; {len(ids)} of {len(result)} series are drawn" if len(ids) < len(result) else ""
    told = f"layer {chosen.name} ({chosen.kind}, {chosen.units} units), means over its units{left_out}"
    style.titles(top, f"Gates of {len(result):,} series at the same time", told)
    style.legend(figure, columns=min(4, len(ids)))
    return figure


def _head(signal: str) -> str:
    return "size of the state" if signal == "state" else f"{signal} gate, 0 shut to 1 open"


def _line(panel: Axes, values: pd.Series[float], colour: str, label: str = "") -> None:
    panel.plot(values.index, values.to_numpy(), color=colour, linewidth=1.5, label=label)


def _standardised(trace: Trace) -> pd.Series[float]:
    """Return the target that the network read, or the first input, in standard deviations of the window."""
    history = trace.history
    if history is None:
        history = pd.Series(trace.batch[0, :, 0], trace.index)
    spread = float(np.std(history.to_numpy()))
    return (history - history.mean()) / (spread if spread > 0 else 1.0)
