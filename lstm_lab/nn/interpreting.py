"""LiteRT files, run here as a device would run them: row by row, states carried by the caller."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import ExportError
from lstm_lab.nn.backend import tf, without_chatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.nn.stepping import State

__all__ = ["run_file", "runner"]


def runner(content: bytes) -> Any | None:
    """Load a file into an interpreter.

    LiteRT's own where it is installed; else TensorFlow's copy of it, which TensorFlow has announced to remove.

    Returns
    -------
    callable or None
        Takes the inputs by name and gives a dict of outputs. None where there is neither interpreter.
    """
    try:
        made = import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        made = getattr(tf.lite, "Interpreter", None)
    if made is None:
        return None
    with without_chatter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of that removal
        interpreter = made(model_content=content)
        interpreter.allocate_tensors()
        return interpreter.get_signature_runner()


def run_file(step: Any, states: Sequence[State], windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Run whole windows through a file, each row by row from states of zero.

    Parameters
    ----------
    step
        From `runner`.
    states
        What is carried.
    windows
        (windows, lookback, columns).

    Returns
    -------
    ndarray
        (windows,) standardised forecasts after the last row.

    Raises
    ------
    ExportError
        An operator has no kernel for the precision that the file gives it.
    """
    forecasts = np.empty(len(windows))
    for place, window in enumerate(windows):
        carried = {state.name: np.zeros((1, state.size), np.float32) for state in states}
        for row in window:
            try:
                out = step(row=row[None], **carried)
            except RuntimeError as refused:
                reason = str(refused).strip().splitlines()[-1]
                raise ExportError(
                    f"an export must run, but LiteRT says: {reason}; use another quantize, or simpler layers"
                ) from refused
            carried = {state.name: out[state.successor] for state in states}
        forecasts[place] = out["forecast"][0, 0]
    return forecasts
