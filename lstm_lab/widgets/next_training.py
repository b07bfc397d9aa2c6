"""The weighting scheme chosen in a view for the next training; light to import, for the magics read it each time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakMethod

import numpy as np

from lstm_lab.data.windows.sample_weights import curve

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NextWeights", "next_weights"]


class NextWeights:
    """The weighting scheme that a button in a view has set for the next training, if any.

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
        self._subscribers: list[WeakMethod[Callable[[], None]]] = []

    def get(self) -> str | None:
        """Return the chosen scheme, None where there is none."""
        return self._scheme

    def set(self, scheme: str) -> None:
        """Set the scheme and notify the subscribers.

        Raises
        ------
        OptionError
            The scheme is unknown.
        """
        curve(scheme, np.zeros(1))
        self._scheme = scheme
        self._notify()

    def clear(self) -> None:
        """Clear the choice, after a training that used it or set another scheme."""
        self._scheme = None
        self._notify()

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call a view's method at each change from now on, for as long as the view lives."""
        self._subscribers.append(WeakMethod(changed))

    def _notify(self) -> None:
        self._subscribers = [method for method in self._subscribers if method() is not None]
        for method in self._subscribers:
            changed = method()
            if changed is not None:
                changed()


next_weights = NextWeights()
"""Read by ``%%lstm_train``."""
