"""What can be compared, by name; apart from the work itself, so that a face can offer the names without TensorFlow."""

from __future__ import annotations

from typing import Final

from lstm_lab.forecasting.baselines import BASELINES

__all__ = ["KINDS", "NETWORKS"]

NETWORKS: Final = ("lstm", "gru", "rnn", "transformer")
KINDS: Final = (*NETWORKS, *BASELINES)
