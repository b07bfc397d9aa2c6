"""The lesson that any run can give: guess what a gate does, what holding it open would do, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.interpret.cell_step import decimal

if TYPE_CHECKING:
    from lstm_lab.interpret.trace import Trace

__all__ = ["default_lesson"]

_BOUNDS = (1 / 3, 2 / 3)
_SAME = 0.1
"""Share of the state's largest size within which it counts as hardly changed."""


def default_lesson(trace: Trace, reveal: Any, horizon: int) -> str:
    """Write the Markdown of a lesson about one window and one forecast whose future is known.

    Parameters
    ----------
    trace
        The newest window.
    reveal
        A `lstm_lab.forecasting.reveal.Reveal`.
    horizon
        Its steps.
    """
    layer = trace.layers[trace.opening]
    name = _code(reveal.forecast.target)
    slides = [_opening(trace, name)]
    if layer.keeper is not None:
        unit = int(np.argmax(layer.half_life if layer.half_life is not None else 0))
        slides += [_how_open(trace, unit), _held(trace, unit)]
    return "\n\n".join([*slides, _future(reveal, horizon, name)])


def _opening(trace: Trace, name: str) -> str:
    layer = trace.layers[trace.opening]
    read = f"This network read {len(trace.index)} steps of {name}, and then forecast the next value."
    if layer.keeper is None:
        return (
            f"# A network without gates\n{read} Its {layer.units} units have one state each, and no gate.\n\n"
            "? What happens to the old state at each step?\n- [ ] it is kept as it is\n- [x] it is mixed with the new "
            "input\n- [ ] it is erased\n! It is multiplied by weights, the input is added, and the sum is squashed. "
            "Nothing can hold it unchanged.\n! {cell}"
        )
    others = [gate for gate in layer.gates if gate != layer.keeper]
    choices = "\n".join(f"- [ ] the {gate} gate" for gate in others)
    return (
        f"# What does the gate do here?\n{read} It has {layer.units} units in the layer {_code(layer.name)}. Each "
        "has a memory, and gates between 0, shut, and 1, open.\n\n"
        f"? Which gate decides how much of the memory is kept from one step to the next?\n{choices}\n- [x] the "
        f"{layer.keeper} gate\n! The **{layer.keeper} gate**: at 1 the memory stays, at 0 it is gone. Press Play and "
        "watch the belt.\n! {cell}"
    )


def _how_open(trace: Trace, unit: int) -> str:
    layer = trace.layers[trace.opening]
    gate = layer.signals[str(layer.keeper)][:, unit][layer.mask]
    low, high = _BOUNDS
    mean = float(gate.mean())
    at = int(mean > low) + int(mean > high)
    words = (f"below {low:.2f}: mostly shut", f"{low:.2f} to {high:.2f}: half open", f"above {high:.2f}: mostly open")
    choices = _choices(words, at)
    return (
        f"# How far open is it?\nUnit {unit} is the one with the longest memory.\n\n"
        f"? Where did its {layer.keeper} gate stand on average?\n{choices}\n"
        f"! At **{decimal(mean)}**, from {decimal(float(gate.min()))} to {decimal(float(gate.max()))}. Multiplied step "
        f"after step, half of a memory is gone after {layer.half_life_text[unit]} steps.\n! {{gates}}"
    )


def _held(trace: Trace, unit: int) -> str:
    layer = trace.layers[trace.opening]
    keeper = str(layer.keeper)
    change: dict[str, Any] = {keeper: 1.0}
    held = trace.what_if(layer=trace.opening, units=[unit], **change).layers[trace.opening]
    before, after = (float(each.state[-1, unit]) for each in (layer, held))
    largest = float(np.abs(layer.state[:, unit]).max()) or 1.0
    moved = (abs(after) - abs(before)) / largest
    at = 1 if abs(after - before) < _SAME * largest else 0 if moved < 0 else 2
    choices = _choices(("be nearer to 0", "hardly be different", "be further from 0 or turn its sign"), at)
    return (
        f"# Hold the gate open\n? If the {keeper} gate of unit {unit} were held at 1 all the time, the memory at the "
        f"last step would ...\n{choices}\n"
        f"! It would be **{decimal(after)}** instead of {decimal(before)}. Choose the gate beside the drawing, hold "
        f"it, and see what follows.\n! {{cell unit={unit}}}"
    )


def _future(reveal: Any, horizon: int, name: str) -> str:
    frame = reveal.frame
    inside, known = int(np.nansum(frame["inside"])), int(frame["inside"].notna().sum())
    return (
        f"# What comes next?\nThe network forecast {horizon} values of {name} that it had not seen: the line is the "
        f"median, and {reveal.forecast.interval:g} % of its futures lie within the band.\n\n"
        f"{{reveal horizon={horizon}}}\n\n? How many of the {known} values lie within the band?\n"
        f"! **{inside} of {known}**. A band that is right on average holds about "
        f"{round(known * reveal.forecast.interval / 100)} of them; one forecast alone proves little."
    )


def _choices(words: tuple[str, ...], right: int) -> str:
    return "\n".join(f"- [{'x' if number == right else ' '}] {text}" for number, text in enumerate(words))


def _code(text: object) -> str:
    """Write a name, which may be anything, so that nothing in it is read as Markdown."""
    cleaned = " ".join(str(text).replace("`", "'").split())
    return f"`{cleaned}`" if cleaned else "the series"
