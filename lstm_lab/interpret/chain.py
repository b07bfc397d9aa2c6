"""A small network as a chain of equations that a page can compute: recurrent layers, then dense ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.interpret.held import follow
from lstm_lab.interpret.replay import kind_of, weights_of
from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.interpret.trace import Trace

__all__ = ["MOST_WEIGHTS", "Link", "chain_of", "output_of"]

MOST_WEIGHTS = 14_000
"""Weights that are sent to a page, at most: 56 kB, which leave room in a saved notebook for picture and units."""
_SILENT = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.ActivityRegularization,
    keras.layers.InputLayer,
)
"""Layers that change nothing in inference mode."""
_ACTIVATIONS = {
    keras.activations.tanh: "tanh",
    keras.activations.sigmoid: "sigmoid",
    keras.activations.relu: "relu",
    keras.activations.linear: "linear",
}
_CLOSE = 1e-3
"""By how much, against its size, the chain's output may differ from the network's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One layer of a chain."""

    layer: Any
    kind: str
    """``"lstm"``, ``"gru"``, ``"rnn"`` or ``"dense"``."""
    weights: dict[str, np.ndarray]
    """``kernel``, ``recurrent``, ``bias``."""
    facts: dict[str, Any]
    """Units, activations, and whether every step or the last is given on."""


def chain_of(trace: Trace) -> tuple[Link, ...] | None:
    """Write the network of a traced window as a chain.

    Parameters
    ----------
    trace
        Of one window, without holds.

    Returns
    -------
    tuple or None
        None where it is no such chain, has more weights than a page is sent, or gives another output.
    """
    if trace.windows > 1 or trace.holds or trace.batch.ndim != 3 or not trace.mask.all():
        return None
    links: list[Link] = []
    for layer in trace.model.layers:
        if isinstance(layer, _SILENT):
            continue
        link = _link(layer)
        if link is None:
            return None
        links.append(link)
    if sum(array.size for link in links for array in link.weights.values()) > MOST_WEIGHTS:
        return None
    if not _fits(links, trace.batch.shape[-1]):
        return None
    output = output_of(links, trace.batch)
    same = output.shape == trace.output.shape and np.allclose(output, trace.output, rtol=_CLOSE, atol=_CLOSE)
    return tuple(links) if same else None


def _fits(links: list[Link], features: int) -> bool:
    """Say whether each layer can read what the one before gives on: first recurrent ones, then dense ones."""
    widths = [features, *(link.facts["units"] for link in links)]
    fitting = all(len(link.weights["kernel"]) == width for link, width in zip(links, widths, strict=False))
    recurrent = [link for link in links if link.kind != "dense"]
    given = [link.facts["sequences"] for link in recurrent]
    return fitting and links[: len(recurrent)] == recurrent and given == [True] * (len(given) - 1) + [False]


def output_of(links: list[Link] | tuple[Link, ...], batch: np.ndarray) -> np.ndarray:
    """Compute a chain's output in float64, (batch, …)."""
    values = batch.astype(np.float64)
    for link in links:
        if link.kind == "dense":
            values = _NUMPY[link.facts["activation"]](values @ link.weights["kernel"] + link.weights["bias"])
            continue
        cell, mask = link.layer.cell, np.ones(values.shape[:2], bool)
        start = tuple(np.zeros((len(values), cell.units)) for _ in range(2 if link.kind == "lstm" else 1))
        hidden = follow(cell, values, mask, start, {})["hidden"]
        values = hidden if link.facts["sequences"] else hidden[:, -1]
    return values


_NUMPY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "sigmoid": lambda values: 1.0 / (1.0 + np.exp(-values)),
    "relu": lambda values: np.maximum(values, 0.0),
    "linear": np.asarray,
}


def _link(layer: Any) -> Link | None:
    """Write a layer; None for one that a page cannot compute."""
    if type(layer) is keras.layers.Dense:
        name = _ACTIVATIONS.get(layer.activation)
        kernel = np.asarray(layer.kernel, np.float64)
        bias = np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(layer.units)
        facts = {"units": layer.units, "activation": name}
        return None if name is None else Link(layer, "dense", {"kernel": kernel, "bias": bias}, facts)
    if type(layer) not in {keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN}:
        return None
    cell = layer.cell
    names = [
        _ACTIVATIONS.get(cell.activation),
        _ACTIVATIONS.get(getattr(cell, "recurrent_activation", cell.activation)),
    ]
    if None in names or layer.go_backwards or layer.stateful or cell.compute_dtype != "float32":
        return None
    weights = dict(zip(("kernel", "recurrent", "bias"), weights_of(cell), strict=True))
    facts = {
        "units": cell.units,
        "activation": names[0],
        "gate": names[1],
        "sequences": bool(layer.return_sequences),
        "reset_after": bool(getattr(cell, "reset_after", False)),
    }
    return Link(layer, str(kind_of(cell)), weights, facts)
