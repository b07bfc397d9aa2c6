"""What somebody chose in a view for the next training; light, for the magics ask at every training."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakMethod

import numpy as np

from lstm_lab.data.sample_weights import curve

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._told: list[WeakMethod[Callable[[], None]]] = []

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
        self._tell()

    def clear(self) -> None:
        """Forget the choice: what a training does that took it up, or was told otherwise."""
        self._scheme = None
        self._tell()

    def tell(self, changed: Callable[[], None]) -> None:
        """Call a view's method at each change from now on, for as long as the view lives."""
        self._told.append(WeakMethod(changed))

    def _tell(self) -> None:
        self._told = [method for method in self._told if method() is not None]
        for method in self._told:
            changed = method()
            if changed is not None:
                changed()


next_weights = NextWeights()
"""Read by ``%%lstm_train``."""
