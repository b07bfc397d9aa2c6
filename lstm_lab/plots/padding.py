"""The still picture of padding: the steps that batches compute, beside the lengths of the sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.windows.padding import PaddedSteps
from lstm_lab.formatting import percent
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, LIGHT, ORANGE, axes, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["padding_figure"]


@pictures.register(PaddedSteps)
def padding_figure(result: PaddedSteps, *, width: float = 8.0, height: float = 3.2) -> Figure:
    """Draw the sequences by their length, and up to which step batches of like lengths are computed.

    Parameters
    ----------
    result
        The lengths, and what batches of them compute.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = axes(figure, ylabel="steps")
    lengths = np.sort(result.lengths)
    starts = np.arange(0, len(lengths), result.batch)
    tops = np.maximum.reduceat(lengths, starts)
    edges = np.arange(len(lengths) + 1)
    longest = int(lengths[-1])
    panel.fill_between(
        edges[[0, -1]], longest, color=LIGHT, label=f"padded to the longest: {percent(result.shares['to_longest'])}"
    )
    batched = np.append(np.repeat(tops, np.diff(np.append(starts, len(lengths)))), tops[-1])
    panel.fill_between(
        edges,
        batched,
        step="post",
        color=ORANGE,
        label=f"batches of like lengths: {percent(result.shares['by_length'])}",
    )
    panel.fill_between(edges, np.append(lengths, longest), step="post", color=BLUE, label="real steps")
    panel.set_xlim(0, len(lengths))
    panel.set_ylim(0, 1.05 * longest)
    panel.set_xlabel("sequences, by length", fontsize=style.SMALL, color=GREY)
    titles(panel, "Padding among the computed steps", f"batches of {result.batch:,} of {len(lengths):,} sequences")
    style.legend(figure)
    return figure
