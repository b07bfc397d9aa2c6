"""A trace in words: a few sentences, every number in them computed from the trace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError

if TYPE_CHECKING:
    from lstm_lab.interpret.attribution import Connectivity, Occlusion
    from lstm_lab.interpret.layer_trace import LayerTrace

__all__ = ["DescribedTrace", "Scale", "describe", "heading", "label_of", "layer_line"]

_UNNAMED = re.compile(r"(forecaster|sequential|functional|model)(_\d+)?")
"""Names that networks get where nobody names them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What the numbers of the model mean outside of it."""

    inputs: tuple[float, ...] | None = None
    """The standard deviation of each input column, in the unit in which the model takes it; None: all 1."""
    output: float = 1.0
    """By how much the forecast moves, in its unit, when the model's output moves by 1."""
    unit: str = ""
    target: str = "the output"


class DescribedTrace(Protocol):
    """What the words of a trace are made of; `lstm_lab.interpret.trace.Trace` has it."""

    @property
    def model(self) -> Any:
        """The network that was traced."""

    @property
    def layers(self) -> tuple[LayerTrace, ...]:
        """Every pass of a recurrent layer."""

    @property
    def batch(self) -> np.ndarray:
        """(batch, time, features), as the model took it."""

    @property
    def index(self) -> pd.Index:
        """One label a step."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each input."""

    @property
    def scale(self) -> Scale:
        """Units of inputs and output."""

    @property
    def opening(self) -> int:
        """Number of the layer that remembers longest."""

    @property
    def windows(self) -> int:
        """How many sequences were traced together."""

    @property
    def verified(self) -> float:
        """The largest difference between replay and layer."""

    @property
    def connectivity(self) -> Connectivity:
        """Gradients of the output."""

    @property
    def occlusion(self) -> Occlusion:
        """What the output owes to each input."""


def heading(trace: DescribedTrace) -> str:
    """Title a trace: by the network's name where somebody gave it one."""
    name = str(trace.model.name)
    return "Inside the network" if _UNNAMED.fullmatch(name) else f"Inside {name}"


def describe(trace: DescribedTrace) -> str:
    """Describe in three to six sentences what a trace shows.

    Which units remember longest and for how long, how the gates stood, which steps and inputs the output depends on and
    by how much, and what is uncertain about saying so.

    Parameters
    ----------
    trace
        Of one window or of several.

    Returns
    -------
    str
        Plain text in one paragraph.
    """
    gated = [layer for layer in trace.layers if layer.half_life is not None]
    sentences = [_memory(trace) if gated else _ungated(trace), *([_saturation(gated)] if gated else [])]
    try:
        sentences += [_moved(trace), _checked(trace)]
    except TraceError as reason:
        sentences.append(f"{_capital(str(reason))}.")
    sentences.append(_verified(trace))
    return " ".join(sentences)


def layer_line(layer: LayerTrace) -> str:
    """Describe a layer in a line of a table."""
    text = f"{layer.kind}, {layer.units} units"
    text += ", read backwards" if layer.direction == "backward" else ""
    if layer.half_life is None:
        return text
    median = float(np.median(layer.half_life))
    return f"{text}, half-life {_steps(median, layer.window)} (median), {_longest(layer)} (longest)"


def label_of(index: pd.Index, step: int) -> str:
    """Write a step's label as a person would: a date without its midnight, a number as its row, or step."""
    label = index[step]
    if not isinstance(label, pd.Timestamp):
        return f"step {label}" if label == step % len(index) else f"row {label}"
    midnight = isinstance(index, pd.DatetimeIndex) and bool((index == index.normalize()).all())
    return f"{label:%Y-%m-%d}" if midnight else f"{label:%Y-%m-%d %H:%M}"


def _memory(trace: DescribedTrace) -> str:
    """Describe the units that remember longest in the layer that the pictures open on."""
    longest = trace.layers[trace.opening]
    lives = _lives(longest)
    top = np.argsort(-lives, kind="stable")[:3]
    beyond = int((lives >= longest.window).sum())
    units = ", ".join(f"{unit} ({longest.half_life_text[unit]})" for unit in top)
    typical = _steps(float(np.median(lives)), longest.window)
    text = f"In layer {longest.name} the units that remember longest are {units}, by half-life in steps"
    text += f"; the median unit's is {typical}"
    if beyond > 3:
        text += f", and {beyond} of {longest.units} units outlast the window of {longest.window} steps"
    others = [
        f"{layer.name} {_steps(float(np.median(_lives(layer))), layer.window)}"
        for layer in trace.layers
        if layer is not longest and layer.half_life is not None
    ]
    return f"{text} (elsewhere: {', '.join(others)})." if others else f"{text}."


def _ungated(trace: DescribedTrace) -> str:
    layer = trace.layers[0]
    size = float(np.abs(layer.hidden[layer.mask]).mean())
    return (
        f"Layer {layer.name} is a plain RNN: without gates it has no half-life; its state averages {size:.2f} in size."
    )


def _saturation(layers: list[LayerTrace]) -> str:
    """Describe how often the gates stood shut or open, over all gated layers of the first one's kind."""
    alike = [layer for layer in layers if layer.kind == layers[0].kind]
    shares = {}
    for gate in alike[0].gates:
        saturations = [layer.saturation[gate] for layer in alike]
        left, right = (
            np.concatenate(side).mean() for side in zip(*((s.left, s.right) for s in saturations), strict=True)
        )
        shares[gate] = (right, left)
    if max(max(pair) for pair in shares.values()) < 0.005:
        return "No gate is saturated: all stood between 0.1 and 0.9 more than 99.5% of the time."
    parts = [f"{gate} {right:.0%} and {left:.0%}" for gate, (right, left) in shares.items()]
    return f"Share of the time that gates stood open (> 0.9) and shut (< 0.1): {', '.join(parts)}."


def _moved(trace: DescribedTrace) -> str:
    """Describe the inputs and steps that change the output most, by gradient."""
    gradient = trace.connectivity
    by_feature, by_step = gradient.feature.median, np.nan_to_num(gradient.step.median)
    features, steps = (np.argsort(-values, kind="stable") for values in (by_feature, by_step))
    first = int(features[0])
    text = f"{_capital(trace.scale.target)} answers most to {trace.feature_names[first]}"
    text += f" ({_amount(by_feature[first], trace)} per standard deviation, L2 over the steps{_quartiles(trace, first)}"
    if len(features) > 1:
        second = int(features[1])
        text += f"; next {trace.feature_names[second]}, {_amount(by_feature[second], trace)}"
    strongest = sorted(int(step) for step in steps[: min(3, len(steps))])
    held = float((by_step[strongest] ** 2).sum() / max(float((by_step**2).sum()), np.finfo(float).tiny))
    labels = ", ".join(f"{label_of(trace.index, step)} ({_amount(by_step[step], trace)})" for step in strongest)
    return f"{text}), and most of all at {labels}, which hold {held:.0%} of the squared gradient."


def _quartiles(trace: DescribedTrace, feature: int) -> str:
    """Return the quartiles over windows, where there are windows."""
    if trace.windows == 1:
        return ""
    spread = trace.connectivity.feature
    return f", quartiles {spread.low[feature]:.2g} to {spread.high[feature]:.2g} over {trace.windows} windows"


def _checked(trace: DescribedTrace) -> str:
    """Describe what replacing values by their mean did, and how well that agrees with the gradient."""
    check = trace.occlusion
    feature, step = int(np.argmax(np.abs(check.feature))), int(np.argmax(np.abs(check.step)))
    text = (
        f"Against its mean over the window, {trace.feature_names[feature]} as a whole moves {trace.scale.target}"
        f" by {_amount(check.feature[feature], trace, sign=True)}"
    )
    if check.block == 1:
        text += f", and {label_of(trace.index, step)} alone by {_amount(check.step[step], trace, sign=True)}"
    if check.agreement is None:
        return f"{text}; that the gradient agrees cannot be said of so few steps."
    verdict = "so the two may be believed together" if check.agreement > 0.7 else "so read single steps with care"
    return f"{text}; gradient and replacement rank the steps with a correlation of {check.agreement:.2f}, {verdict}."


def _amount(value: float, trace: DescribedTrace, *, sign: bool = False) -> str:
    """Write an amount of the output in its unit."""
    number = f"{value:+.2g}" if sign else f"{value:.2g}"
    return f"{number} {trace.scale.unit}".rstrip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _verified(trace: DescribedTrace) -> str:
    return (
        f"The replay is at most {trace.verified:.1g} off the layers' own output, so the gates are the network's own; "
        "a half-life counts the keeping gate alone and not what the layer writes back."
    )


def _lives(layer: LayerTrace) -> np.ndarray:
    return np.zeros(layer.units) if layer.half_life is None else layer.half_life


def _steps(life: float, window: int) -> str:
    return f"> {window} steps" if life >= window else f"{life:.3g} steps"


def _longest(layer: LayerTrace) -> str:
    return _steps(float(np.max(_lives(layer))), layer.window)
