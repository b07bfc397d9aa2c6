"""How a network came to forecast: held-out forecasts and gates, epoch by epoch, from untrained to overfitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.errors import OptionError
from lstm_lab.formatting import number
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PATHS", "Learning"]

PATHS = 24
"""Of each held-out forecast, where dropout makes them differ and there is time for them."""
_WORSE = 1.02
"""Ratio to the least validation loss from which a later epoch is called worse: less is noise."""


@dataclass(frozen=True, eq=False, repr=False)
class Learning(Result):
    """What a network forecast of held-out rows, and what its gates did, after every epoch from 0 on.

    Made by training with ``watch=True``. The forecasts are made with dropout off, and those of some series are of
    validation rows of each; the bands hold the middle 80 % of a few paths with dropout, the same masks in every epoch,
    so what changes from epoch to epoch is the network alone.
    """

    target: str
    epochs: np.ndarray
    """(snapshots,) the epochs that are kept, from 0, the network as training began."""
    kept: int
    """The epoch whose weights the run has."""
    history: pd.DataFrame
    """Losses of every epoch, as in `Run.history`; empty while the training runs."""
    observed: pd.Series[float]
    """The target over the rows that are drawn: those before the first origin, then validation rows."""
    starts: np.ndarray
    """(origins,) positions in `observed` of the first row of each forecast."""
    forecasts: np.ndarray
    """(snapshots, origins, horizon) in the target's unit, float32; of one step each where `unfollowed` says why."""
    gates: Mapping[str, np.ndarray]
    """By gate (of a plain RNN its hidden state), (snapshots, steps, units), float16; empty where `unfollowed`."""
    layer: str
    """The recurrent layer whose gates these are."""
    window: pd.Index
    """(steps,) times of the window that the gates read."""
    warm: bool = False
    """Whether the network was trained before epoch 0."""
    ids: tuple[str, ...] = ()
    """Of the series that are forecast, where there are several."""
    borders: np.ndarray | None = None
    """(series + 1,) positions in `observed` where each series begins, and its length; None for one series."""
    unfollowed: str = ""
    """Why the network is no chain that can be run beside its training: then there are no gates."""
    draws: bool = False
    """Whether paths differ, by dropout."""
    bands: np.ndarray | None = None
    """(snapshots, 2, origins, horizon) 10th and 90th percentile of the paths; NaN after epochs without them."""

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return int(self.forecasts.shape[2])

    @property
    def pieces(self) -> tuple[tuple[str, int, int], ...]:
        """Of each series its id, and where in `observed` it begins and ends."""
        borders = [0, len(self.observed)] if self.borders is None else self.borders.tolist()
        return tuple(zip(self.ids or ("",), borders[:-1], borders[1:], strict=True))

    @property
    def about_the_band(self) -> str:
        """Say what the bands hold, or why there are none."""
        if self.unfollowed:
            return (
                f"The network is no chain of LSTM, GRU, SimpleRNN, Dense and dropout layers ({self.unfollowed}): each"
                " held-out row is forecast from those before it, and no gates are drawn."
            )
        if not self.draws:
            return "Lines without a band: the network has no dropout between its layers by which paths would differ."
        if self.bands is None or np.isnan(self.bands).all():
            return "Lines without a band: paths with dropout would have taken too much of the training's time."
        held = np.isfinite(self.bands).all(axis=(1, 2, 3))
        rest = "" if held.all() else f" Of {len(held)} epochs {int((~held).sum())} have none, which saves time."
        return f"Shaded: the middle 80 % of {PATHS} paths, by dropout alone.{rest}"

    @property
    def errors(self) -> np.ndarray:
        """Mean absolute error of the held-out forecasts after each epoch that is kept, (snapshots,)."""
        rows = self.starts[:, None] + np.arange(self.horizon)
        actual = self.observed.to_numpy(np.float64)[rows]
        return np.asarray(np.abs(self.forecasts - actual).mean(axis=(1, 2)))

    @property
    def frame(self) -> pd.DataFrame:
        """A row an epoch that is kept: losses, mean absolute error of the held-out forecasts, and which was kept."""
        losses = self.history.reindex(columns=["loss", "val_loss"]).reindex(self.epochs)
        frame = pd.DataFrame(losses.to_numpy(np.float64), columns=["loss", "val_loss"])
        frame.index = pd.Index(self.epochs, name="epoch")
        return frame.assign(forecast_error=self.errors, best=self.epochs == self.kept)

    def at(self, epoch: int) -> int:
        """Find the position of an epoch among those that are kept.

        Raises
        ------
        OptionError
            It is not among them: one line with the nearest.
        """
        found = np.flatnonzero(self.epochs == epoch)
        if len(found) == 0:
            nearest = self.epochs[np.argmin(np.abs(self.epochs - epoch))] if isinstance(epoch, int) else 0
            raise OptionError(
                f"epoch must be one of the {len(self.epochs)} that were recorded, {self.epochs[0]} to"
                f" {self.epochs[-1]}, got {epoch!r}; the nearest is {nearest}"
            )
        return int(found[0])

    def forecast(self, epoch: int) -> pd.DataFrame:
        """Tabulate the held-out forecasts after one epoch: ``observed``, ``forecast``, of several series ``id``."""
        rows = (self.starts[:, None] + np.arange(self.horizon)).ravel()
        values = self.forecasts[self.at(epoch)].ravel().astype(np.float64)
        columns = {"observed": self.observed.iloc[rows].to_numpy(), "forecast": values}
        if self.ids:
            names = np.repeat(self.ids, np.diff(np.asarray(self.borders)))
            columns = {"id": names[rows], **columns}
        return pd.DataFrame(columns, index=self.observed.index[rows])

    @property
    def captions(self) -> tuple[str, ...]:
        """Say of each epoch that is kept what it shows."""
        return tuple(self._caption(int(epoch)) for epoch in self.epochs)

    def _caption(self, epoch: int) -> str:
        if epoch == 0:
            what = "as it began, before training went on" if self.warm else "untrained: its weights are random"
            return f"epoch 0, {what}" + (", and kept" if self.kept == 0 and len(self.history) else "")
        loss = self._validation(epoch)
        if loss is None:
            return f"epoch {epoch}" + (", kept" if epoch == self.kept and len(self.history) else "")
        if epoch == self.kept:
            return f"epoch {epoch}, kept: the lowest validation loss, {number(loss)}"
        return f"epoch {epoch}: validation loss {number(loss)}{self._after_the_kept(epoch, loss)}"

    def _validation(self, epoch: int) -> float | None:
        """Return the validation loss of an epoch; None where there is none, or it is not known yet."""
        loss = self.history["val_loss"].get(epoch) if len(self.history) else None
        return None if loss is None or not np.isfinite(loss) else float(loss)

    def _after_the_kept(self, epoch: int, loss: float) -> str:
        """Say how the loss of an epoch stands to that of the kept one."""
        least, first = self._validation(self.kept), self.overfits_from
        if epoch < self.kept or least is None:
            return ", still learning"
        falls = self.history["loss"].loc[epoch] < self.history["loss"].loc[self.kept]
        if falls and epoch == first:
            return ": it rises from here while the training loss falls, which is overfitting"
        if falls and first is not None and epoch > first:
            return ", overfitting: it fits the training rows better and held-out rows worse"
        return f", {number(loss - least)} above the kept epoch"

    @property
    def overfits_from(self) -> int | None:
        """The first epoch from which on no validation loss is within 2 % of the least; None where there is none."""
        least = self._validation(self.kept)
        if least is None:
            return None
        losses = self.history["val_loss"]
        within = losses.index[losses <= _WORSE * least]
        later = losses.index[losses.index > within.max()]
        return int(later[0]) if len(later) else None

    def summary_table(self) -> Summary:
        """Describe the held-out forecasts of the first, the kept and the last epoch."""
        errors = self.errors
        shown = sorted({int(self.epochs[0]), self.kept, int(self.epochs[-1])} & set(self.epochs.tolist()))
        several = f" of {', '.join(self.ids)}" if self.ids else ""
        many = f"{len(self.starts)} of {self.horizon} steps from validation rows{several}"
        if self.unfollowed:
            many = f"{len(self.starts)} validation rows{several}, one step each"
        rows = [("held-out forecasts", f"{many}, dropout off")]
        rows.append(("band", self.about_the_band))
        rows += [(self._caption(epoch), f"mean absolute error {number(errors[self.at(epoch)])}") for epoch in shown]
        if self.gates:
            rows.append(("gates", f"layer {self.layer}, {', '.join(self.gates)}; {len(self.window)} steps"))
        return Summary(f"How {self.target} was learnt, {len(self.epochs)} epochs", tuple(rows))
