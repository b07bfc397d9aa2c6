"""Sample weights of the training windows under each scheme, and losses over a run's residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.windows.sample_weights import column_of, effective_sample_size, sample_weights
from lstm_lab.errors import DataError, OptionError
from lstm_lab.formatting import number, percent, span
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.diagnostics.tiny_trial import TinyTrial
    from lstm_lab.fitted import FittedModel

__all__ = ["LOSSES", "LOSS_LABELS", "ResidualLosses", "Weighting", "loss_of", "residual_losses", "weighting"]

SCHEMES = ("uniform", "linear", "exponential")
LOSS_LABELS = {"mse": "MSE", "mae": "MAE", "huber": "Huber"}
"""The losses of a training by option, and how pictures and views name them."""
LOSSES = tuple(LOSS_LABELS)


@dataclass(frozen=True, repr=False, eq=False)
class Weighting(Result):
    """How much each training window counts.

    Parameters
    ----------
    index
        Times of the training windows' targets, oldest first.
    scheme
        As for `lstm_lab.data.windows.sample_weights.curve`; or ``column:NAME``.
    planned
        Whether nothing is trained with it yet.
    own
        (windows,) weights of mean 1 that a column holds; None for a scheme that is a curve over time.
    trial
        Trains a tiny network with another scheme, for the live view; None before there is a run.
    """

    index: pd.Index
    scheme: str = "uniform"
    planned: bool = False
    own: NDArray[np.float64] | None = None
    trial: TinyTrial | None = None

    def __post_init__(self) -> None:
        if len(self.index) == 0:
            raise DataError("weights are of training windows, got none; train on more rows")
        if self.own is None:
            sample_weights(self.scheme, 1)

    def weights(self, scheme: str | None = None) -> NDArray[np.float64]:
        """Return the weights of one scheme, this one by default: (windows,), mean 1."""
        if self.own is not None and scheme in {None, self.scheme}:
            return self.own
        return sample_weights(self.scheme if scheme is None else scheme, len(self.index))

    def schemes(self) -> tuple[str, ...]:
        """Return the schemes worth comparing: the plain ones, and this one where it has a rate of its own."""
        return SCHEMES if self.scheme in SCHEMES else (*SCHEMES[:2], self.scheme)

    def summary_table(self) -> Summary:
        """Describe, for each scheme, the newest window's weight over the oldest's and the effective sample size."""
        rows = [("training windows", f"{len(self.index):,}, {span(self.index)}")]
        for scheme in self.schemes():
            weights = self.weights(scheme)
            size = effective_sample_size(weights)
            share = percent(size / len(weights))
            rows.append((scheme, f"{self._range(scheme, weights)}; worth {round(size):,} equal windows ({share})"))
        return Summary(f"Weights: {self.scheme}", tuple(rows))

    def _range(self, scheme: str, weights: NDArray[np.float64]) -> str:
        """Describe how much windows differ: by age, or by what their column says."""
        if self.own is not None and scheme == self.scheme:
            return f"windows count {number(float(weights.min()))} to {number(float(weights.max()))}"
        return f"newest counts {number(float(weights[-1] / weights[0]))} times the oldest"


@dataclass(frozen=True, repr=False, eq=False)
class ResidualLosses(Result):
    """One-step residuals of a run, and the losses over them.

    Parameters
    ----------
    residuals
        (n,) observed minus forecast, one step ahead, in standard deviations of the transformed target over the
        training rows: the unit of Huber's delta.
    scale
        One such standard deviation, in `unit`.
    unit
        What the transformed target is measured in, in words.
    delta
        Where Huber turns from square to linear.
    rows
        Which rows the residuals are of, in words.
    loss
        The loss that is drawn strongest: the one that is trained with.
    trial
        Trains a tiny network with another delta, for the live view; None before there is a run.

    Raises
    ------
    DataError
        No finite residual.
    """

    residuals: NDArray[np.float64]
    scale: float = 1.0
    unit: str = ""
    delta: float = 1.0
    rows: str = ""
    loss: str = "huber"
    trial: TinyTrial | None = None

    def __post_init__(self) -> None:
        values = np.asarray(self.residuals, dtype=np.float64).ravel()
        finite = np.sort(values[np.isfinite(values)])
        if not len(finite):
            raise DataError(f"losses are taken of residuals, got none that is finite among {len(values)}; train first")
        object.__setattr__(self, "residuals", finite)

    @property
    def linear_share(self) -> float:
        """Share of the residuals beyond delta, where Huber is linear."""
        return float(np.mean(np.abs(self.residuals) > self.delta))

    @property
    def reach(self) -> float:
        """How far the axis of residuals reaches: past all but a few, from 3 to 12 standard deviations."""
        low, high = np.quantile(self.residuals, [0.002, 0.998])
        return 1.05 * float(np.clip(max(-low, high), 3.0, 12.0))

    @property
    def top(self) -> float:
        """How far the axis of losses reaches: past the absolute loss at both ends."""
        return 1.15 * self.reach

    def histogram(self, bins: int = 61) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Count the residuals in bins of one width up to `reach`: counts (bins,) and edges (bins + 1,)."""
        return np.histogram(self.residuals, bins=bins, range=(-self.reach, self.reach))

    def curves(self, points: int = 241) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """Compute each loss along the axis of residuals, by name."""
        x = np.linspace(-self.reach, self.reach, points)
        return x, {name: loss_of(name, x, self.delta) for name in LOSSES}

    def summary_table(self) -> Summary:
        """Describe how many residuals lie where Huber is linear, and the mean of each loss."""
        unit = f" = {number(self.delta * self.scale)} {self.unit}" if self.unit else ""
        rows = [
            ("residuals", f"{len(self.residuals):,}" + (f", {self.rows}" if self.rows else "")),
            ("delta", f"{number(self.delta)} standard deviation{'s' * (self.delta != 1)}{unit}"),
            ("beyond delta", f"{percent(self.linear_share)}, where an outlier pulls no harder"),
        ]
        means = {name: float(loss_of(name, self.residuals, self.delta).mean()) for name in LOSSES}
        rows.extend((f"mean {name}", number(mean)) for name, mean in means.items())
        return Summary("Losses over the residuals", tuple(rows))


def loss_of(name: str, residuals: NDArray[np.float64], delta: float = 1.0) -> NDArray[np.float64]:
    """Compute the loss of each residual, as Keras defines it.

    Parameters
    ----------
    name
        ``mse`` (r^2), ``mae`` (|r|) or ``huber`` (r^2 / 2 up to delta, then delta |r| - delta^2 / 2: Huber, 1964).
    residuals
        Any shape.
    delta
        In the residuals' unit.
    """
    size = np.abs(residuals)
    if name == "mse":
        return np.asarray(size**2)
    if name == "mae":
        return np.asarray(size)
    return np.asarray(np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)))


def weighting(dataset: Dataset, *, planned: bool = False) -> Weighting:
    """Return the weights of a dataset's training windows by time; of many series, those of all of them together."""
    train = dataset.split.train
    times = dataset.index[dataset.windows.target_rows[train]]
    order = np.argsort(times, kind="stable")
    own = None if column_of(dataset.weighting) is None else dataset.windows.weights[train][order]
    return Weighting(times[order], dataset.weighting, planned, own)


def residual_losses(fitted: FittedModel, loss: str, delta: float) -> ResidualLosses:
    """Return one-step residuals over rows that training never saw.

    Parameters
    ----------
    fitted
        The network, and its errors over held-out rows.
    loss
        The loss that it was trained with.
    delta
        Where Huber turns from square to linear.

    Raises
    ------
    DataError
        Nothing was held out.
    OptionError
        The columns were not standardised.
    """
    if fitted.encoder.scaler != "standard":
        raise OptionError(
            f"the losses are drawn in standard deviations, got a run of scaler={fitted.encoder.scaler!r}; train with"
            " scaler='standard'"
        )
    if len(fitted.errors.dataset.split.calibration) > 0:
        errors, rows = fitted.errors.calibration, "calibration rows, one step ahead"
    else:
        validation = fitted.errors.dataset.split.validation
        if len(validation) == 0:
            raise DataError("residuals are taken of held-out rows, and this run has none; train with validation=0.1")
        errors = fitted.errors.over(validation)
        rows = "validation rows, one step ahead"
    transform = fitted.encoder.transform.label
    if len(fitted.errors.dataset.ids) > 1:  # each series has its own standard deviation: none can be written down
        return ResidualLosses(errors, 1.0, "", delta, rows, loss)
    unit = fitted.target if transform == "none" else f"{transform} of {fitted.target}"
    return ResidualLosses(errors, float(fitted.encoder.scale[0]), unit, delta, rows, loss)
