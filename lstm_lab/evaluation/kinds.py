"""What can be compared or changed, by name: apart from the work, so that a face can offer it without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lstm_lab.forecasting.baselines import BASELINES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BASE", "CHANGES", "KINDS", "NETWORKS", "UNCALIBRATED"]

NETWORKS: Final = ("lstm", "gru", "rnn", "transformer")
KINDS: Final = (*NETWORKS, *BASELINES)

BASE: Final = "as given"
"""The variant that the others are held against."""
CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "loss: huber": {"loss": "huber"},
    "loss: mse": {"loss": "mse"},
    "weights: uniform": {"weights": "uniform"},
    "weights: linear": {"weights": "linear"},
    "weights: exponential": {"weights": "exponential"},
    "target: raw": {"transform": "none"},
    "target: log returns": {"transform": "log_return"},
}
"""What an ablation changes, one at a time; a change that changes nothing is left out."""
UNCALIBRATED: Final = "band: not calibrated"
