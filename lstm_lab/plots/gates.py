"""The still picture of a trace: the window that was read, the influence of its steps, gates, states and half-lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.formatting import number, one_digit, span
from lstm_lab.interpret.description import label_of
from lstm_lab.interpret.trace import Trace
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, PURPLE, SMALL, VERMILION, canvas, short
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.interpret.layer_trace import LayerTrace

__all__ = ["gates_figure"]

COLOURS = {
    "forget": BLUE,
    "update": BLUE,
    "input": ORANGE,
    "reset": ORANGE,
    "output": GREEN,
    "candidate": PURPLE,
    "cell": VERMILION,
    "hidden": BLACK,
}


_GATES = "Gates, 0 shut to 1 open: mean over units, middle half"
_DISTINCT = 0.05
"""Distance between two dots of a scatter, as a share of its axis, from which they can be told apart."""
_SIZES = "Sizes: mean over units, middle half"


@pictures.register(Trace)
def gates_figure(trace: Trace, *, layer: int | None = None, width: float = 9.0, height: float = 10.0) -> Figure:
    """Draw a trace.

    Parameters
    ----------
    trace
        A trace of one window, or of several: then means over them are shown.
    layer
        Index into `Trace.layers`; `Trace.opening` by default.
    width, height
        In inches.

    Raises
    ------
    TraceError
        There is no such layer.
    """
    chosen = trace.layers[_checked(trace, layer)]
    figure = canvas(width, height)
    grid = figure.add_gridspec(5, 3, height_ratios=[1.0, 1.0, 1.1, 1.5, 1.3])
    series = _panel(figure.add_subplot(grid[0, :]))
    _series(series, trace)
    moved = _panel(figure.add_subplot(grid[1, :], sharex=series))
    _influence(moved, trace)
    # A layer behind a pooling has steps of its own, which no date belongs to.
    shared = series if chosen.steps == len(trace.index) else None
    gates = _panel(figure.add_subplot(grid[2, :], sharex=shared))
    _gates(gates, chosen)
    heat = figure.add_subplot(grid[3, :], sharex=shared)
    _heat(figure, heat, chosen)
    for upper in (series, moved, gates):
        upper.tick_params(labelbottom=False)
    _steps(heat, trace, chosen)
    scattered = _scattered(chosen)
    _half_lives(_panel(figure.add_subplot(grid[4, 0] if scattered else grid[4, :2])), chosen)
    if scattered:
        _saturation(_panel(figure.add_subplot(grid[4, 1])), chosen)
    _features(_panel(figure.add_subplot(grid[4, 2])), trace)
    verified = f"verified against the layers' own output, largest difference {one_digit(trace.verified)}"
    windows = "" if trace.windows == 1 else f"; means over {trace.windows} windows"
    reads = f"layer {chosen.name} ({chosen.kind}, {chosen.units} units){windows}; {verified}"
    style.titles(series, f"{trace.heading}: {span(trace.index)}", reads)
    return figure


def _checked(trace: Trace, layer: int | None) -> int:
    if layer is None:
        return trace.opening
    if not 0 <= layer < len(trace.layers):
        raise TraceError(f"layer must be between 0 and {len(trace.layers) - 1}, got {layer}; see trace.layers")
    return layer


def _panel(panel: Axes) -> Axes:
    """Apply the house style to one of several plots, as `style.axes` does to a single one."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LIGHT)
    panel.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    return panel


def _head(panel: Axes, text: str) -> None:
    panel.set_title(style.plain(text), loc="left", fontsize=SMALL, color=BLACK, pad=3)


def _series(panel: Axes, trace: Trace) -> None:
    """Draw the input window: the target in its unit where it is known, else the first input."""
    steps = np.arange(len(trace.index))
    if trace.history is not None:
        panel.plot(steps, trace.history.to_numpy(), color=BLACK, linewidth=1.5)
        if trace.forecast is not None:
            ahead = steps[-1] + 1 + np.arange(len(trace.forecast))
            value = number(float(trace.forecast.iloc[0]))
            panel.plot(ahead, trace.forecast.to_numpy(), "o", color=VERMILION, markersize=6, label=f"forecast {value}")
            panel.legend(frameon=False, fontsize=SMALL, loc="best")
        panel.set_ylabel(style.plain(short(trace.history.name, 24)), fontsize=SMALL, color=BLACK)
        return
    values = trace.batch if trace.batch.ndim == 3 else trace.batch[..., None]
    panel.plot(steps, values[:, :, 0].mean(axis=0), color=BLACK, linewidth=1.5)
    panel.set_ylabel(style.plain(short(trace.feature_names[0], 24)), fontsize=SMALL, color=BLACK)


def _influence(panel: Axes, trace: Trace) -> None:
    """Draw the influence of each step on the output: by gradient, and by replacing it with its mean."""
    unit = f" ({trace.scale.unit})" if trace.scale.unit else ""
    if trace.slow_to_differentiate:
        _head(panel, "What moved the output: ask for trace.connectivity, which takes a while for so many steps")
        return
    try:
        gradient, check = trace.connectivity.step, trace.occlusion
    except TraceError as reason:
        _head(panel, f"no gradient: {short(reason, 100)}")
        return
    steps = np.arange(len(trace.index))
    panel.bar(steps, check.step, width=0.8, color=BLUE, alpha=0.55, label="moved it by (against the mean)")
    panel.plot(steps, gradient.median, color=VERMILION, linewidth=1.5, label="could move it by (a standard deviation)")
    if trace.windows > 1:
        panel.fill_between(steps, gradient.low, gradient.high, color=VERMILION, alpha=0.15, linewidth=0)
    panel.axhline(0, color=GREY, linewidth=0.8)
    panel.legend(frameon=False, fontsize=SMALL, ncols=2, loc="upper left")
    _head(panel, f"What moved {trace.scale.target}{unit}")


def _gates(panel: Axes, layer: LayerTrace) -> None:
    """Draw the mean over units of every gate with its quartiles, or of the size of the state where there is none."""
    steps = np.arange(layer.steps)
    for name, values in _by_unit(layer).items():
        if layer.gates and name not in layer.gates:
            continue
        sized = values if layer.gates else np.abs(values)
        low, mean, high = np.full((3, layer.steps), np.nan)
        seen = _seen(layer)
        low[seen], high[seen] = np.quantile(sized[seen], [0.25, 0.75], axis=1)
        mean[seen] = sized[seen].mean(axis=1)
        panel.plot(steps, mean, color=COLOURS[name], linewidth=1.6, label=name)
        panel.fill_between(steps, low, high, color=COLOURS[name], alpha=0.15, linewidth=0)
    panel.set_ylim(0, 1)
    panel.legend(frameon=False, fontsize=SMALL, ncols=3, loc="upper left")
    _head(panel, _GATES if layer.gates else _SIZES)


def _heat(figure: Figure, panel: Axes, layer: LayerTrace) -> None:
    """Draw the state of every unit, those that remember longest at the top, with the limit of the colours printed."""
    state = "cell" if layer.kind == "lstm" else "hidden"
    values = _by_unit(layer)[state]
    order = np.argsort(-layer.half_life if layer.half_life is not None else np.arange(layer.units), kind="stable")
    limit = float(np.nanmax(np.abs(values))) if state == "cell" else 1.0
    shown = np.where(_seen(layer)[:, None], values, np.nan)[:, order].T
    image = panel.imshow(shown, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    for step in np.flatnonzero(~_seen(layer)):
        panel.axvspan(step - 0.5, step + 0.5, facecolor="white", edgecolor=LIGHT, hatch="////", linewidth=0)
    bar = figure.colorbar(image, cax=panel.inset_axes((1.01, 0, 0.012, 1)), ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"−{limit:.3g}", "0", f"{limit:.3g}"], fontsize=SMALL, color=GREY)
    bar.ax.spines[:].set_visible(False)
    rows = np.unique(np.linspace(0, layer.units - 1, min(layer.units, 7)).round().astype(int))
    lives = layer.half_life_text
    panel.set_yticks(rows, [f"{order[row]}: {lives[order[row]]}" if lives else str(order[row]) for row in rows])
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    panel.spines[:].set_visible(False)
    order_of = "half-life, the longest memory on top (unit: half-life in steps)" if lives else "index"
    meaning = "what it remembers" if state == "cell" else "what it says"
    _head(panel, f"Each unit's {state} state: {meaning}; by {order_of}")


def _steps(panel: Axes, trace: Trace, layer: LayerTrace) -> None:
    """Label the steps with their times, a few of them."""
    if layer.steps != len(trace.index):
        panel.set_xlabel("step of the layer", fontsize=SMALL, color=GREY)
        return
    ticks = np.unique(np.linspace(0, layer.steps - 1, 6).round().astype(int))
    panel.set_xticks(ticks, [label_of(trace.index, tick).removeprefix("step ").removeprefix("row ") for tick in ticks])
    panel.set_xlim(-0.5, len(trace.index) + (0.5 if trace.forecast is not None else -0.5))
    if trace.index.name is not None:
        panel.set_xlabel(style.plain(trace.index.name), fontsize=SMALL, color=GREY)


def _half_lives(panel: Axes, layer: LayerTrace) -> None:
    """Draw the histogram of the units' half-lives."""
    if layer.half_life is None:
        _head(panel, "No gates, no half-life")
        panel.set_axis_off()
        return
    low = max(float(layer.half_life.min()), 1e-2)
    edges = np.geomspace(low, max(layer.window, 1.01 * low), 16)
    panel.hist(np.maximum(layer.half_life, low), bins=edges.tolist(), color=BLUE, alpha=0.8)
    panel.set_xscale("log")
    ticks = [tick for tick in (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000) if low <= tick <= layer.window]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()
    beyond = int((layer.half_life >= layer.window).sum())
    panel.set_xlabel(f"half-life in steps ({beyond} beyond {layer.window})", fontsize=SMALL, color=GREY)
    _head(panel, "How many units remember for how long")


def _scattered(layer: LayerTrace) -> bool:
    """Return whether a scatter of the gates' saturation would show distinct dots."""
    sides = [side for saturation in layer.saturation.values() for side in (saturation.left, saturation.right)]
    return any(float(np.ptp(side)) > _DISTINCT for side in sides)


def _saturation(panel: Axes, layer: LayerTrace) -> None:
    """Draw the scatter of the shares of time that each unit's gates were shut and open."""
    for gate, saturation in layer.saturation.items():
        panel.plot(saturation.left, saturation.right, ".", color=COLOURS[gate], alpha=0.7, markersize=6, label=gate)
    panel.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panel.plot([0, 1], [1, 0], color=LIGHT, linewidth=1)
    panel.set_xlabel("share of time shut (< 0.1)", fontsize=SMALL, color=GREY)
    panel.set_ylabel("open (> 0.9)", fontsize=SMALL, color=GREY)
    panel.legend(frameon=False, fontsize=SMALL, handletextpad=0.1)
    _head(panel, "How often gates are shut and open")


def _features(panel: Axes, trace: Trace) -> None:
    """Draw the influence of each input on the output, by gradient, over all steps."""
    if trace.slow_to_differentiate:
        panel.set_axis_off()
        return
    try:
        spread = trace.connectivity.feature
    except TraceError:
        panel.set_axis_off()
        return
    order = np.argsort(spread.median)[-8:]
    panel.barh(np.arange(len(order)), spread.median[order], color=VERMILION, alpha=0.8)
    if trace.windows > 1:
        errors: Any = np.stack([spread.median - spread.low, spread.high - spread.median])[:, order]
        panel.errorbar(spread.median[order], np.arange(len(order)), xerr=errors, fmt="none", ecolor=GREY, capsize=2)
    panel.set_yticks(np.arange(len(order)), [style.plain(short(trace.feature_names[at], 18)) for at in order])
    # A few inputs must not become a few slabs.
    panel.set_ylim(len(order) - max(len(order), 4) - 0.5, len(order) - 0.5)
    panel.grid(visible=False)
    panel.set_xlabel(f"{trace.scale.unit} per standard deviation (L2)".strip(), fontsize=SMALL, color=GREY)
    _head(panel, "What the output answers to")


def _by_unit(layer: LayerTrace) -> dict[str, np.ndarray]:
    """Return every signal as (time, units), the mean over windows if there are several."""
    seen = np.broadcast_to(layer.mask[..., None], layer.hidden.shape)
    if layer.hidden.ndim == 2:
        return {name: np.where(seen, values, np.nan) for name, values in layer.signals.items()}
    counts = np.maximum(seen.sum(axis=0), 1)
    sums = {name: np.where(seen, values, 0.0).sum(axis=0) for name, values in layer.signals.items()}
    return {name: np.where(seen.any(axis=0), total / counts, np.nan) for name, total in sums.items()}


def _seen(layer: LayerTrace) -> np.ndarray:
    return np.asarray(layer.mask if layer.mask.ndim == 1 else layer.mask.any(axis=0))
