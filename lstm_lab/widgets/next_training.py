"""What somebody chose in a view for the next training; light, for the magics ask at every training."""

from __future__ import annotations

import numpy as np

from lstm_lab.data.sample_weights import curve

__all__ = ["NextWeights", "next_weights"]


class NextWeights:
    """What somebody chose for the next training by pressing a button; never anything that nobody chose.

    Examples
    --------
    >>> chosen = NextWeights()
    >>> chosen.set("linear")
    >>> chosen.get()
    'linear'
    >>> chosen.clear()
    >>> chosen.get() is None
    True
    """

    def __init__(self) -> None:
        self._scheme: str | None = None

    def get(self) -> str | None:
        """Give the chosen scheme, None where there is none."""
        return self._scheme

    def set(self, scheme: str) -> None:
        """Choose a scheme.

        Raises
        ------
        OptionError
            The scheme is unknown.
        """
        curve(scheme, np.zeros(1))
        self._scheme = scheme

    def clear(self) -> None:
        """Forget the choice: what a training does that took it up, or was told otherwise."""
        self._scheme = None


next_weights = NextWeights()
"""Read by ``%%lstm_train``."""
