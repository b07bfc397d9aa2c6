"""What was watched of a training, on a view's wire: for the view of it alone, and for the training monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.widgets.axes import axis

if TYPE_CHECKING:
    from lstm_lab.interpret.learning import Learning
    from lstm_lab.widgets.wire import Wire

__all__ = ["put_learning", "thinned_learning"]

_BY_EPOCH = ("watched_epochs", "watched_errors", "watched_forecasts", "watched_gates", "watched_bands")


def put_learning(wire: Wire, learning: Learning) -> None:
    """Put an epoch, or all that are kept, on the wire; what stays the same is sent once."""
    places = axis(learning.observed.index)
    # A hidden state lies between -1 and 1, a gate between 0 and 1; 255 stands for no value.
    signed = "hidden" in learning.gates
    wire.put_changed("watched_times", places.positions)
    wire.put_changed("watched_observed", learning.observed.to_numpy(np.float32))
    wire.put("watched_epochs", learning.epochs.astype(np.float32))
    wire.put("watched_errors", learning.errors.astype(np.float32))
    wire.put("watched_forecasts", learning.forecasts.reshape(len(learning.epochs), -1))
    steps, units = _put_gates(wire, learning, signed=signed)
    if learning.bands is not None:
        wire.put("watched_bands", learning.bands.reshape(len(learning.epochs), -1).astype(np.float32))
    wire.set(
        watched={
            "target": learning.target,
            "is_time": places.is_time,
            "starts": learning.starts.tolist(),
            "horizon": learning.horizon,
            "gates": list(learning.gates),
            "steps": steps,
            "units": units,
            "pieces": [{"name": name, "first": first, "end": end} for name, first, end in learning.pieces],
            "about": learning.about_the_band,
            "layer": learning.layer,
            "signed": signed,
            "kept": learning.kept,
            "over": len(learning.history) > 0,
        },
        watched_captions=dict(zip(map(str, learning.epochs.tolist()), learning.captions, strict=True)),
    )


def _put_gates(wire: Wire, learning: Learning, *, signed: bool) -> tuple[int, int]:
    """Put the codes of the gates on the wire; return their steps and units."""
    if not learning.gates:
        wire.put("watched_gates", np.zeros((len(learning.epochs), 0), np.uint8))
        return 0, 0
    values = np.stack(list(learning.gates.values()), axis=1).astype(np.float32)
    shares = (values + 1) / 2 if signed else values
    codes = np.where(np.isfinite(shares), np.rint(254 * np.clip(np.nan_to_num(shares), 0, 1)), 255).astype(np.uint8)
    wire.put("watched_gates", codes.reshape(len(learning.epochs), -1))
    return values.shape[2], values.shape[3]


def thinned_learning(wire: Wire, share: float) -> dict[str, np.ndarray]:
    """Return the wire's arrays with a share of the epochs that were watched, evenly spread.

    The first, the last and the kept one are always among them.
    """
    arrays = wire.arrays()
    if share >= 1 or "watched_epochs" not in arrays:
        return arrays
    epochs = arrays["watched_epochs"]
    chosen = np.linspace(0, len(epochs) - 1, max(2, int(share * len(epochs)))).round().astype(int)
    kept = np.flatnonzero(epochs == wire.get("watched")["kept"])
    chosen = np.unique(np.concatenate([chosen, kept]))
    return arrays | {name: arrays[name][chosen] for name in _BY_EPOCH if name in arrays}
