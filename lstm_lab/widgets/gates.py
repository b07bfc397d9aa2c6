"""`GateExplorer`: every gate of every unit at every step, beside the input window and the influence on the output.

Heat maps travel as bytes, one a signal: 0 to 254 from the bottom of the signal's fixed scale to its top, 255 for a
masked step. A pinned unit is sent exactly, in float32, when the page asks for it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.errors import TraceError
from lstm_lab.formatting import number as written
from lstm_lab.formatting import one_digit
from lstm_lab.interpret.trace import Trace
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.offline import write_html
from lstm_lab.widgets.recurrences import put_matches

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lstm_lab.interpret.layer_trace import LayerTrace
    from lstm_lab.widgets.wire import Wire

__all__ = ["MASKED", "SHOWN", "GateExplorer"]

SHOWN = 256
"""Units of a layer that are drawn, at most; of more, those evenly spaced by half-life."""
MASKED = 255
AT_ONCE = 400_000
"""Bytes of heat maps that are sent with the opening; front end and still picture add to them."""
FEW = 200_000
"""Bytes of exact units that are sent with the opening, so that the page of a small network never has to ask."""
EXACT = 4_000_000
"""Bytes of exact units in an offline file, beyond which pins there show what the heat map shows."""


@views.register(Trace)
class GateExplorer(LabWidget):
    """The live view of a trace; over several windows it shows their mean.

    Parameters
    ----------
    result
        The trace.
    """

    _view = traitlets.Unicode("gates").tag(sync=True)

    def __init__(self, result: Trace, **traits: Any) -> None:
        self._trace = result
        self._layers = [_Layer(layer) for layer in result.layers]
        self._moved = False
        super().__init__(result, **{"label": result.heading, **traits})

    def fill(self) -> None:
        """Put facts, means and quartiles of every layer on the wire, and the heat maps that there is room for."""
        trace = self._trace
        self._input()
        facts = [layer.facts() for layer in self._layers]
        self.wire.set(
            title=trace.heading,
            changed=_changed(trace),
            verified=f"verified, largest difference {one_digit(trace.verified)}",
            layers=facts,
            opening=trace.opening,
            link=trace.link,
            windows=trace.windows,
            features=list(trace.feature_names),
            unit=trace.scale.unit,
            target=trace.scale.target,
            words="",
            searched=_searched(trace),
        )
        for number, layer in enumerate(self._layers):
            for name, array in layer.outline().items():
                self.wire.put(f"{number}:{name}", array)
        self._tiles()
        self._exact(self.wire, FEW)
        if not trace.slow_to_differentiate:
            self._influence(self.wire)
            self._moved = True

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Send a heat map, an exact unit, or the influence on the output."""
        if kind == "influence" and not self._moved:
            self._influence(self.wire)
            self._moved = True
        elif kind == "find":
            self._find(content)
        elif kind in {"tile", "pin"}:
            number = int(content.get("layer", -1))
            if 0 <= number < len(self._layers):
                self._send_part(number, kind, content)
        self.wire.flush(final=True)

    def _find(self, content: dict[str, Any]) -> None:
        """Find the brushed steps again, in the whole series where it is known."""
        first, last = content.get("steps") or (0, -1)
        steps, units = range(int(first), int(last) + 1), content.get("units")
        layer, signal = int(content.get("layer", 0)), str(content.get("signal"))
        self.error = ""
        result = self._trace.find(layer=layer, signal=signal, steps=steps, units=units)
        put_matches(self.wire, result, str(content.get("key")))

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return all small arrays, and as many heat maps and exact units as there is room for."""
        arrays = self.wire.arrays()
        spare = [name for name in self._by_use() if name in arrays]
        room = share * sum(arrays[name].nbytes for name in spare)
        for name in spare:
            room -= arrays[name].nbytes
            if room < 0:
                del arrays[name]
        return arrays

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
        """Save the whole explorer, every heat map in it, as one interactive file without kernel or network."""
        return write_html(self, path, title=title, wire=self._complete_wire())

    def text(self) -> str:
        """Describe the trace; where differentiating is slow, only by its summary table."""
        return self._trace.summary_table().text() if self._trace.slow_to_differentiate else repr(self._trace)

    def _send_part(self, number: int, kind: str, content: dict[str, Any]) -> None:
        layer = self._layers[number]
        if kind == "tile" and content.get("signal") in layer.signals:
            self.wire.put(f"{number}:tile:{content['signal']}", layer.tile(str(content["signal"])))
        elif kind == "pin" and content.get("unit") in layer.units:
            self.wire.put(f"{number}:pin:{content['unit']}", layer.exact(int(content["unit"])))

    def _complete_wire(self) -> Wire:
        """Return a copy of the wire with everything on it, for an offline file; the open page is sent nothing."""
        whole = self.wire.copy()
        if not self._moved:
            self._influence(whole)
        for number, layer in enumerate(self._layers):
            for signal in layer.signals:
                whole.put(f"{number}:tile:{signal}", layer.tile(signal))
        self._exact(whole, EXACT)
        return whole

    def _exact(self, wire: Wire, room: int) -> None:
        """Put exact units on a wire while there is room, the longest half-lives of every layer first."""
        ranked = [(rank, number) for number, layer in enumerate(self._layers) for rank in range(len(layer.units))]
        for rank, number in sorted(ranked):
            unit = int(self._layers[number].units[rank])
            rows = self._layers[number].exact(unit)
            room -= rows.nbytes
            if room < 0:
                return
            wire.put(f"{number}:pin:{unit}", rows)

    def _by_use(self) -> list[str]:
        """Return the names of heat maps and exact units in the order in which they are likely to be looked at."""
        tiles = [f"{number}:tile:{signal}" for number, signal in self._tiles_by_use()]
        units = [f"{number}:pin:{unit}" for number, layer in enumerate(self._layers) for unit in layer.units]
        return [*tiles, *units]

    def _tiles_by_use(self) -> list[tuple[int, str]]:
        """Return (layer, signal) of the heat maps, by rank of the signal, the opening layer first."""
        opening = self._trace.opening
        order = [
            (rank, number != opening, number, signal)
            for number, layer in enumerate(self._layers)
            for rank, signal in enumerate(layer.ranked())
        ]
        return [(number, signal) for _, _, number, signal in sorted(order)]

    def _tiles(self) -> None:
        """Put the heat maps on the wire until the room is full."""
        room = AT_ONCE
        for number, signal in self._tiles_by_use():
            tile = self._layers[number].tile(signal)
            if room < tile.nbytes:
                return
            room -= tile.nbytes
            self.wire.put(f"{number}:tile:{signal}", tile)

    def _input(self) -> None:
        """Put the axis and the input window on the wire: the target in its own unit, or the first input."""
        trace = self._trace
        step_axis = axis(trace.index)
        self.wire.put("times", step_axis.positions)
        if trace.history is not None:
            series, name = trace.history.to_numpy(dtype=np.float32), str(trace.history.name)
        else:
            values = trace.batch if trace.batch.ndim == 3 else trace.batch[..., None]
            series, name = values[:, :, 0].mean(axis=0).astype(np.float32), trace.feature_names[0]
        self.wire.put("series", series)
        ahead = None if trace.forecast is None else float(trace.forecast.iloc[0])
        self.wire.set(series_name=name, forecast=ahead, is_time=step_axis.is_time, step=step_axis.step)

    def _influence(self, wire: Wire) -> None:
        """Put the influence on the output, which takes some time to compute, and the description on a wire."""
        trace = self._trace
        with suppress(TraceError):
            gradient, check = trace.connectivity, trace.occlusion
            step = np.stack([gradient.step.low, gradient.step.median, gradient.step.high, check.step])
            feature = gradient.feature
            rows = np.stack([feature.low, feature.median, feature.high, check.feature])
            wire.put("moved", step.astype(np.float32))
            wire.put("moved_features", rows.astype(np.float32))
            for number, influence in enumerate(trace.unit_influence):
                wire.put(f"{number}:influence", influence[self._layers[number].units].astype(np.float32))
        wire.set(words=trace.describe(), influence=True)


def _searched(trace: Trace) -> str:
    """Name what a kernel looks through to find an activation again."""
    return "the sequence" if trace.series is None else f"every one of {len(trace.series.last_rows):,} windows"


class _Layer:
    """One layer of a trace, in the arrays and values that the page reads."""

    def __init__(self, layer: LayerTrace) -> None:
        self.layer = layer
        self.seen = layer.mask if layer.mask.ndim == 1 else layer.mask.any(axis=0)
        half_lives = np.zeros(layer.units) if layer.half_life is None else layer.half_life
        ranked = np.argsort(-half_lives, kind="stable")
        ranks = np.unique(np.linspace(0, layer.units - 1, min(SHOWN, layer.units)).round().astype(int))
        self.units = ranked[ranks]
        self.lives = half_lives[self.units]
        self.signals = {name: self._mean(values) for name, values in layer.signals.items()}
        self.limits = {name: self._limit(name, values) for name, values in self.signals.items()}

    def ranked(self) -> list[str]:
        """Return the names of the signals: the state first, then the gates, then the rest."""
        leading = ["cell" if "cell" in self.signals else "hidden", *self.layer.gates]
        return [*leading, *(name for name in self.signals if name not in leading)]

    def facts(self) -> dict[str, Any]:
        """Return the facts of the layer as JSON values."""
        layer = self.layer
        return {
            "name": layer.name,
            "kind": layer.kind,
            "direction": layer.direction,
            "total": layer.units,
            "shown": len(self.units),
            "steps": layer.steps,
            "window": layer.window,
            "gates": list(layer.gates),
            "signals": self.ranked(),
            "limits": self.limits,
            "lives": layer.half_life is not None,
        }

    def outline(self) -> dict[str, np.ndarray]:
        """Return the small arrays: units, half-lives, order by similarity, mean and quartiles of every signal."""
        layer = self.layer
        arrays = {
            "units": self.units.astype(np.float32),
            "half_life": self.lives.astype(np.float32),
            "cluster": self._cluster().astype(np.float32),
            "mask": self.seen.astype(np.uint8),
        }
        for gate, saturation in layer.saturation.items():
            pair = np.stack([saturation.left[self.units], saturation.right[self.units]])
            arrays[f"saturation:{gate}"] = pair.astype(np.float32)
        for name, values in self.signals.items():
            sized = values if name in layer.gates else np.abs(values)
            band = np.full((3, layer.steps), np.nan, dtype=np.float32)
            band[0, self.seen] = sized[self.seen].mean(axis=1)
            band[1:, self.seen] = np.quantile(sized[self.seen], [0.25, 0.75], axis=1)
            arrays[f"band:{name}"] = band
        return arrays

    def tile(self, signal: str) -> np.ndarray:
        """Return a signal of the shown units as bytes, (units, steps)."""
        limit = self.limits[signal]
        values = self.signals[signal][:, self.units].T
        share = values if signal in self.layer.gates else (values / limit + 1) / 2
        codes = np.clip(np.rint(np.nan_to_num(share) * (MASKED - 1)), 0, MASKED - 1)
        return np.where(self.seen, codes, MASKED).astype(np.uint8)

    def exact(self, unit: int) -> np.ndarray:
        """Return every signal of a unit in the order of `ranked`, then its kept and written parts, float32."""
        rows = [self.signals[name][:, unit] for name in self.ranked()]
        parts = getattr(self.layer, "decomposition", None) if self.layer.gates else None
        if parts is not None:
            rows += [self._mean(values[..., unit : unit + 1])[:, 0] for values in (parts.kept, parts.written)]
        return np.where(self.seen, np.stack(rows), np.nan).astype(np.float32)

    def _mean(self, values: np.ndarray) -> np.ndarray:
        """Compute the mean over windows, where there are several, without masked steps: (time, units)."""
        if values.ndim == 2:
            return np.where(self.layer.mask[:, None], values, np.nan)
        seen = self.layer.mask[..., None]
        counts = np.maximum(seen.sum(axis=0), 1)
        return np.where(seen.any(axis=0), np.where(seen, values, 0.0).sum(axis=0) / counts, np.nan)

    def _limit(self, name: str, values: np.ndarray) -> float:
        """Return the top of a signal's scale: 1, unless the layer's activation or its cell state goes beyond."""
        largest = float(np.abs(values[self.seen]).max(initial=0.0))
        if name == "cell":
            return max(largest, 1e-6)
        return 1.0 if largest <= 1 or name in self.layer.gates else largest

    def _cluster(self) -> np.ndarray:
        """Order the shown units by similarity: each next one is the most correlated with the one before."""
        state = self.signals[self.ranked()[0]][self.seen][:, self.units]
        centred = state - state.mean(axis=0)
        norm = np.linalg.norm(centred, axis=0)
        alike = np.abs(centred.T @ centred) / np.maximum(np.outer(norm, norm), 1e-300)
        order = [0]
        left = np.ones(len(self.units), bool)
        left[0] = False
        while left.any():
            order.append(int(np.argmax(np.where(left, alike[order[-1]], -1.0))))
            left[order[-1]] = False
        return np.asarray(order)


def _changed(trace: Trace) -> str:
    """Name what was changed in the network or in what it read, and what follows; nothing where nothing was."""
    before = trace.unchanged
    if before is None:
        return ""
    what = "; ".join(map(str, trace.holds)) or "other inputs"
    if trace.windows > 1:
        return what
    if trace.forecast is None or before.forecast is None:
        was, now, name = before.output.ravel()[0], trace.output.ravel()[0], "output"
    else:
        was, now, name = before.forecast.iloc[0], trace.forecast.iloc[0], "forecast"
    course = f"{written(float(was))} → {written(float(now))}".replace("-", "−")
    return f"{what}: {name} {course}"
