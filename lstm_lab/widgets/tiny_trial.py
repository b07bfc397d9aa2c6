"""The part of a view in which a choice is tried on a tiny network, once its control rests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.formatting import number
from lstm_lab.progress import seconds_text
from lstm_lab.widgets.axes import axis

if TYPE_CHECKING:
    from lstm_lab.diagnostics.tiny_trial import TinyForecast, TinyTrial
    from lstm_lab.widgets.wire import Wire

__all__ = ["TrialPart"]

_NAMES = ("weights", "loss", "delta")


class TrialPart:
    """Trains a tiny network when the page asks for it, and puts its band beside the run's on the wire.

    Parameters
    ----------
    wire
        The view's.
    trial
        Of the run that the view shows; None where it shows none.
    """

    def __init__(self, wire: Wire, trial: TinyTrial | None) -> None:
        self._wire, self._trial = wire, trial
        self._stop = threading.Event()
        self._dropped = False
        if trial is not None:
            wire.set(trial={"units": trial.units, "seconds": trial.seconds})

    def hear(self, kind: str, content: dict[str, Any]) -> None:
        """Handle a message: ``try`` trains, ``stop`` ends that, and drops it where another choice waits."""
        if kind == "stop":
            self._dropped = bool(content.get("dropped"))
            self._stop.set()
        elif kind == "try" and self._trial is not None:
            self._try(self._trial, {name: content[name] for name in _NAMES if name in content})

    def _try(self, trial: TinyTrial, choice: dict[str, Any]) -> None:
        self._stop, self._dropped = threading.Event(), False
        words = _words(choice)
        told = f"The training with {words} ended before there was a forecast"
        try:
            self._tell(words, 0, 0)
            tiny = trial.forecast(self._stop, lambda done, of: self._tell(words, done, of), **choice)
            told = "" if self._dropped else self._show(trial, tiny, words)
        except KeyboardInterrupt:  # an interrupt of the kernel means this training, and nothing else runs
            told = f"The training with {words} was interrupted"
        finally:
            self._wire.set(live=False, trial_words=told)
            self._wire.flush(final=True)

    def _tell(self, words: str, done: int, of: int) -> None:
        """Say how far the training has come; before the first epoch the network may have to be compiled."""
        far = f"epoch {done} of {of}" if of else "the first time it is compiled, which takes some seconds"
        told = f"A tiny network is trained with {words}: {far}"
        self._wire.set(live=True, trial_share=done / max(of, 1), trial_words=told)
        self._wire.flush(final=True)

    def _show(self, trial: TinyTrial, tiny: TinyForecast, words: str) -> str:
        """Put both bands on the wire, and return what they are in words."""
        own = trial.own
        recent = own.history.iloc[-2 * own.horizon :]
        times = recent.index.append(own.index)
        places = axis(times)
        bands = np.full((2, 3, len(times)), np.nan, dtype=np.float32)
        bands[0, :, len(recent) :], bands[1, :, len(recent) :] = trial.band(own), trial.band(tiny.forecast)
        self._wire.put("trial_times", places.positions)
        self._wire.put("trial_history", recent.to_numpy(dtype=np.float32))
        self._wire.put("trial_bands", bands)
        self._wire.set(trial_is_time=places.is_time, trial_interval=own.interval)
        how = "stopped after" if tiny.stopped else "trained for"
        epochs = f"{tiny.epochs} epoch{'' if tiny.epochs == 1 else 's'}"
        took = f"{how} {epochs}, {seconds_text(tiny.seconds)}"
        if tiny.epochs == 0:
            took = "stopped before an epoch was complete, so its band is that of a network that learnt next to nothing"
        return f"Tiny network, {trial.units} units, for illustration: {words}; {took}"


def _words(choice: dict[str, Any]) -> str:
    """Spell a choice, as ``weights linear`` or ``loss huber, delta 2``."""
    return ", ".join(
        f"{name} {number(value) if isinstance(value, float | int) else value}" for name, value in choice.items()
    )
