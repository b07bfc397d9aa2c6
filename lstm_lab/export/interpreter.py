"""LiteRT files, run here as a device would run them: row by row, states carried by the caller."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import ExportError
from lstm_lab.models.backend import tf, without_chatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.export.step import State

__all__ = ["Device", "runner"]


def runner(content: bytes) -> Any | None:
    """Load a file into an interpreter.

    LiteRT's own where it is installed; else TensorFlow's copy of it, which TensorFlow has announced to remove.

    Returns
    -------
    callable or None
        Takes the inputs by name and gives a dict of outputs. None where there is neither interpreter.
    """
    try:
        interpreter_class = import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        interpreter_class = getattr(tf.lite, "Interpreter", None)
    if interpreter_class is None:
        return None
    with without_chatter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of that removal
        interpreter = interpreter_class(model_content=content)
        interpreter.allocate_tensors()
        return interpreter.get_signature_runner()


class Device:
    """A file at work: it carries its states from row to row.

    Parameters
    ----------
    step
        From `runner`.
    states
        What is carried.
    """

    def __init__(self, step: Any, states: Sequence[State]) -> None:
        self._step = step
        self._states = states
        self._carried: dict[str, Any] = {}

    def restart(self) -> None:
        """Begin with states of zero."""
        self._carried = {state.name: np.zeros((1, state.size), np.float32) for state in self._states}

    def read(self, rows: NDArray[np.float32]) -> float:
        """Read rows, (rows, columns), and give the standardised forecast after the last.

        Raises
        ------
        ExportError
            An operator has no kernel for the precision that the file gives it.
        """
        forecast = float("nan")
        for row in rows:
            try:
                out = self._step(row=row[None], **self._carried)
            except RuntimeError as refused:
                reason = str(refused).strip().splitlines()[-1]
                raise ExportError(
                    f"an export must run, but LiteRT says: {reason}; use another quantize, or simpler layers"
                ) from refused
            self._carried = {state.name: out[state.successor] for state in self._states}
            forecast = float(out["forecast"][0, 0])
        return forecast

    def over_windows(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Read whole windows, (windows, lookback, columns), each from states of zero; (windows,) forecasts."""
        forecasts = []
        for window in windows:
            self.restart()
            forecasts.append(self.read(window))
        return np.array(forecasts)

    def onward(self, matrix: NDArray[np.float32], target_rows: NDArray[np.int64], lookback: int) -> NDArray[np.float64]:
        """Read on without ever going back, as a device does that lives long.

        Parameters
        ----------
        matrix
            (rows, columns) the encoded series.
        target_rows
            (n,) rising rows to forecast; where one does not follow the one before, there is a gap, and states begin
            anew.
        lookback
            Rows to read before the first forecast.

        Returns
        -------
        ndarray
            (n,) standardised forecasts.
        """
        forecasts, before = [], -1
        for row in target_rows.tolist():
            if row != before + 1:
                self.restart()
            forecasts.append(self.read(matrix[row - (1 if row == before + 1 else lookback) : row]))
            before = row
        return np.array(forecasts)
