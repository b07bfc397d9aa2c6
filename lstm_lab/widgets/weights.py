"""`WeightCurve`: how much each training window counts, and a choice that the next training takes up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.data.weighting import curve
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.showing import Shown

__all__ = ["NextWeights", "WeightCurve", "next_weights"]

POINTS = 400


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


class WeightCurve(LabWidget):
    """The live view of the weighting schemes.

    Parameters
    ----------
    index
        Times of the training windows' targets, oldest first.
    scheme
        What the run was trained with; also where the view starts.
    result
        What the still picture shows.
    chosen
        Where the button puts the choice.
    """

    _view = traitlets.Unicode("weights").tag(sync=True)

    def __init__(
        self,
        index: pd.Index,
        scheme: str = "uniform",
        *,
        result: Shown | None = None,
        chosen: NextWeights = next_weights,
        **traits: Any,
    ) -> None:
        curve(scheme, np.zeros(1))
        self._index = index
        self._scheme = scheme
        self._chosen = chosen
        super().__init__(result, **{"label": "Weights of the training windows", "height": 240, **traits})

    def fill(self) -> None:
        """Put the training period on the wire: its shape is enough, the curves are drawn in the page."""
        count = len(self._index)
        rows = np.linspace(0, count - 1, min(count, POINTS)).round().astype(np.intp)
        places = axis(self._index)
        self.wire.put("times", places.places[rows])
        self.wire.set(
            count=count,
            scheme=self._scheme,
            is_time=places.is_time,
            step=places.step,
            next=self._chosen.get() or "",
        )

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Take the choice up, and say so."""
        if kind == "use":
            self._chosen.set(str(content.get("scheme")))
            self.wire.set(next=self._chosen.get())
            self.wire.flush(final=True)

    def text(self) -> str:
        """Say what the run was trained with, and what was chosen."""
        chosen = self._chosen.get()
        after = "" if chosen is None else f"; the next training uses {chosen}"
        return f"Weights of {len(self._index):,} training windows: {self._scheme}{after}"
