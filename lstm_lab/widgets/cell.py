"""`CellView`: a recurrent cell as textbooks draw it, through which the numbers of one unit flow, step by step.

Every signal of a unit travels in float32, when the page asks for it; of a small network all units are there from the
start. The page draws what `lstm_lab.interpret.cell_drawing` describes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.formatting import one_digit
from lstm_lab.interpret.cell_drawing import DRAWINGS
from lstm_lab.interpret.cell_step import CellStep, reads_of, signals_of
from lstm_lab.interpret.chain import MOST_WEIGHTS, chain_of
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.offline import write_html

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lstm_lab.interpret.layer_trace import LayerTrace
    from lstm_lab.interpret.trace import Trace
    from lstm_lab.widgets.wire import Wire

__all__ = ["CellView"]

FEW = 300_000
"""Bytes of units that are sent with the opening."""
ALL = 4_000_000
"""Bytes of units in an offline file."""
REACH = 4.0
"""How far from 0 and from its value the model's output is decoded for a page, which interpolates."""


@views.register(CellStep)
class CellView(LabWidget):
    """The live view of a recurrent cell.

    Parameters
    ----------
    result
        The unit and the step that the view opens at.
    """

    _view = traitlets.Unicode("cell").tag(sync=True)

    def __init__(self, result: CellStep, **traits: Any) -> None:
        self._cell = result
        self._changed: tuple[str, Trace] | None = None
        super().__init__(result, **{"label": result.heading, **traits})

    @property
    def _trace(self) -> Trace:
        trace: Any = self._cell.trace
        return trace  # type: ignore[no-any-return]  # a DescribedTrace is what a Trace is made of

    def fill(self) -> None:
        """Put drawings, window and the units that there is room for on the wire."""
        trace, step_axis = self._trace, axis(self._trace.index)
        kinds = {layer.kind for layer in trace.layers}
        series, name = self._series()
        self.wire.put("times", step_axis.positions)
        self.wire.put("series", series)
        self.wire.set(
            verified=f"verified, largest difference {one_digit(trace.verified)}",
            link=trace.link,
            drawings={kind: asdict(DRAWINGS[kind]) for kind in sorted(kinds)},
            layers=[self._facts(number) for number in range(len(trace.layers))],
            layer=self._cell.layer,
            unit=self._cell.unit,
            step=self._cell.step,
            series_name=name,
            forecast=None if trace.forecast is None else float(trace.forecast.iloc[0]),
            is_time=step_axis.is_time,
            spacing=step_axis.step,
        )
        for number, layer in enumerate(trace.layers):
            self.wire.put(f"{number}:mask", layer.mask.astype(np.uint8))
            self.wire.put(f"{number}:read", layer.read[:, 0].astype(np.float32))
        if trace.unchanged is not None:
            self.wire.set(unchanged=_foretold(trace.unchanged))
        self._put_network()
        self._put_units(self.wire, FEW)

    def _put_network(self) -> None:
        """Put the network on the wire where a page can compute it, so that it can be changed there."""
        trace = self._trace
        chain = chain_of(trace)
        changes = [str(hold) for hold in trace.holds]
        self.wire.set(changes=changes, output=_number(trace), most_weights=MOST_WEIGHTS)
        if trace.batch.ndim == 3 and not trace.holds:
            self.wire.put("inputs", trace.batch[0].astype(np.float32))
        if chain is None:
            return
        self.wire.set(network=[{"kind": link.kind, **link.facts} for link in chain])
        for number, link in enumerate(chain):
            for name, array in link.weights.items():
                self.wire.put(f"net:{number}:{name}", array.astype(np.float32))
        if trace.decode is not None:
            output = _number(trace)
            grid = np.linspace(min(-REACH, output - REACH), max(REACH, output + REACH), 257)
            self.wire.put("decoded", np.stack([grid, trace.decode(grid)]))

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Send the signals of a unit, or of the network with a change."""
        try:
            if kind == "what_if":
                self._change(content)
            elif kind == "unit":
                number, unit = int(content.get("layer", -1)), int(content.get("unit", -1))
                layers = self._trace.layers
                if 0 <= number < len(layers) and 0 <= unit < layers[number].units:
                    self._put_unit(self.wire, number, unit)
        finally:
            self.wire.flush(final=True)

    def _change(self, content: dict[str, Any]) -> None:
        """Trace the network with what a page has changed, which cannot compute it itself."""
        change = str(content.get("change"))
        # Whatever comes of it, the page must not wait for an answer for ever.
        self.wire.set(changed=change)
        if self._changed is None or self._changed[0] != change:
            self._changed = (change, _changed(self._trace, json.loads(change)))
        result = self._changed[1]
        number, unit = int(content.get("layer", 0)), int(content.get("unit", 0))
        self.wire.set(changed_output=_number(result), changed_to=_foretold(result))
        self.wire.put(f"now:{number}:unit:{unit}", _rows(result, number, unit))
        self.wire.put(f"now:{number}:read", result.layers[number].read[:, 0].astype(np.float32))

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return the window and the unit that the view opens with; then the network, which gives all units, or some."""
        arrays = self.wire.arrays()
        network = [key for key in arrays if key.startswith(("net:", "inputs", "decoded"))]
        units = [key for key in self._keys() if key in arrays]
        groups = [network, *([key for key in (unit, f"was:{unit}") if key in arrays] for unit in units[1:])]
        sizes = [sum(arrays[name].nbytes for name in group) for group in groups]
        room = share * sum(sizes)
        for group, size in zip(groups, sizes, strict=True):
            room -= size
            if room < 0:
                for name in group:
                    del arrays[name]
        return arrays

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
        """Save the view with every unit as one interactive file without kernel or network."""
        whole = self.wire.copy()
        self._put_units(whole, ALL)
        return write_html(self, path, title=title, wire=whole)

    def _series(self) -> tuple[np.ndarray, str]:
        """Return the target in its unit, or the first input, and its name."""
        trace = self._trace
        if trace.history is not None:
            return trace.history.to_numpy(dtype=np.float32), str(trace.history.name)
        values = trace.batch if trace.batch.ndim == 3 else trace.batch[..., None]
        return values[0, :, 0].astype(np.float32), trace.feature_names[0]

    def _facts(self, number: int) -> dict[str, Any]:
        layer = self._trace.layers[number]
        return {
            "name": layer.name,
            "kind": layer.kind,
            "units": layer.units,
            "steps": layer.steps,
            "activation": layer.activation,
            "reads": reads_of(self._trace, number),
            "signals": _sent(layer),
            "lives": list(layer.half_life_text),
        }

    def _keys(self) -> list[str]:
        return [f"{number}:unit:{unit}" for number, unit in self._by_use()]

    def _by_use(self) -> list[tuple[int, int]]:
        """Return (layer, unit): the one that the view opens with, then by half-life, its layer first."""
        first = (self._cell.layer, self._cell.unit)
        ranked = []
        for number, layer in enumerate(self._trace.layers):
            lives = np.zeros(layer.units) if layer.half_life is None else layer.half_life
            order = np.argsort(-lives, kind="stable")
            ranked += [(rank, number != first[0], number, int(unit)) for rank, unit in enumerate(order)]
        rest = [(number, unit) for _, _, number, unit in sorted(ranked)]
        return [first, *(pair for pair in rest if pair != first)]

    def _put_units(self, wire: Wire, room: int) -> None:
        """Put units on a wire while there is room."""
        for number, unit in self._by_use():
            room -= _rows(self._trace, number, unit).nbytes * (1 if self._trace.unchanged is None else 2)
            if room < 0:
                return
            self._put_unit(wire, number, unit)

    def _put_unit(self, wire: Wire, number: int, unit: int) -> None:
        """Put the signals of a unit on a wire, and of the network without the change."""
        wire.put(f"{number}:unit:{unit}", _rows(self._trace, number, unit))
        if self._trace.unchanged is not None:
            names = _sent(self._trace.layers[number])
            wire.put(f"was:{number}:unit:{unit}", _rows(self._trace.unchanged, number, unit, names))


def _sent(layer: LayerTrace) -> list[str]:
    """Name the signals that travel: the page works out the others, the states before a step by those after the last."""
    derived = {"kept", "written", "rest"}
    rows = signals_of(layer, 0)
    befores = [name for name in ("before", "cell_before") if name in rows]
    if layer.direction == "forward" and all((getattr(layer, name)[0] == 0).all() for name in befores):
        derived |= set(befores)
    return [name for name in rows if name not in derived]


def _rows(trace: Trace, number: int, unit: int, names: list[str] | None = None) -> np.ndarray:
    layer = trace.layers[number]
    rows = signals_of(layer, unit)
    return np.stack([rows[name] for name in (_sent(layer) if names is None else names)]).astype(np.float32)


def _foretold(trace: Trace) -> float:
    """Return what the network forecasts; its output where nobody knows what that means."""
    return _number(trace) if trace.forecast is None else float(trace.forecast.iloc[0])


def _number(trace: Trace) -> float:
    return float(trace.output.ravel()[0])


def _changed(trace: Trace, change: dict[str, Any]) -> Trace:
    """Trace the network with a gate held from a step on, and with other values of its first input."""
    hold, edits = change["hold"], change["edits"]
    inputs = trace.batch[0].copy()
    for step, value in edits.items():
        inputs[int(step), 0] = value
    options: dict[str, Any] = {"inputs": inputs} if edits else {}
    if hold is not None:
        steps = range(hold["from"], trace.layers[hold["place"]].steps)
        options |= {"layer": hold["place"], "units": hold["unit"], "steps": steps, hold["gate"]: hold["value"]}
    return trace.what_if(**options)
