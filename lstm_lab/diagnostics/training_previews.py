"""Weights and losses before any training: the dates of the windows to come, and the errors of the naive forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from lstm_lab.data.preparation import prepare
from lstm_lab.diagnostics.training_choices import ResidualLosses, Weighting, weighting
from lstm_lab.options import InputOptions, TrainOptions

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.options.keywords import FeaturesKeywords

__all__ = ["naive_losses", "preview_losses", "preview_weights"]


def preview_weights(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any],
    weights: str = "uniform",
    **options: Unpack[FeaturesKeywords],
) -> Weighting:
    """Compute the weights that the training windows of a series would get, before any network is trained.

    Parameters
    ----------
    source
        A file, DataFrame or Series, of one series or of many; see `lstm_lab.load`.
    weights
        The scheme, as for `lstm_lab.train`.
    **options
        Fields of `lstm_lab.options.InputOptions`.

    Returns
    -------
    Weighting
        The weights over the dates of the windows, under each scheme.

    Raises
    ------
    LabError
        Data or an option that cannot be used: one line with the remedy.

    Examples
    --------
    >>> import lstm_lab as lab
    >>> shown = lab.preview_weights(lab.example("oil"), "linear")
    >>> round(float(shown.weights()[-1] / shown.weights()[0]), 2)
    2.0
    """
    inputs = InputOptions.of(options).model_dump(exclude_unset=True)
    dataset = prepare(source, TrainOptions.of(inputs | {"weights": weights}), weighting=weights).dataset
    dataset.checked_split()
    return weighting(dataset, planned=True)


def preview_losses(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any],
    loss: str = "huber",
    delta: float = 1.0,
    **options: Unpack[FeaturesKeywords],
) -> ResidualLosses:
    """Compute the losses over the naive forecast's errors in the training windows, before any network is trained.

    Parameters
    ----------
    source
        A file, DataFrame or Series, of one series or of many; see `lstm_lab.load`.
    loss, delta
        As for `lstm_lab.train`.
    **options
        Fields of `lstm_lab.options.InputOptions`.

    Returns
    -------
    ResidualLosses
        Errors of the forecast that nothing changes, in standard deviations of the transformed target: the unit of
        Huber's delta. A network's errors are usually smaller.

    Raises
    ------
    LabError
        Data or an option that cannot be used: one line with the remedy.

    Examples
    --------
    >>> import lstm_lab as lab
    >>> shown = lab.preview_losses(lab.example("oil"), delta=2.0, transform="log_return")
    >>> 0.02 < shown.linear_share < 0.08
    True
    """
    chosen = TrainOptions.of({"loss": loss, **({"delta": delta} if loss == "huber" else {})})
    dataset = prepare(source, InputOptions.of(options)).dataset
    return naive_losses(dataset, dataset.windows.target_rows[dataset.checked_split().train], chosen)


def naive_losses(dataset: Dataset, rows: NDArray[np.int64], options: TrainOptions) -> ResidualLosses:
    """Compute the naive forecast's errors at some rows, each of which has a row of its series before it."""
    learnt = np.asarray(dataset.matrix[:, 0], dtype=np.float64)
    if dataset.encoder.transform.memory == 0:
        errors = learnt[rows] - learnt[rows - 1]
    else:
        errors = learnt[rows] - _no_change(dataset, rows)
    where = "naive forecast's errors in the training rows, one step ahead; nothing is trained yet"
    if dataset.is_panel:  # each series has its own standard deviation: none can be written down
        return ResidualLosses(errors, 1.0, "", options.delta, where, options.loss)
    transform, target = dataset.encoder.transform.label, dataset.encoder.target
    unit = target if transform == "none" else f"{transform} of {target}"
    return ResidualLosses(errors, float(dataset.encoder.scale[0]), unit, options.delta, where, options.loss)


def _no_change(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what a change of nothing is, standardised, at some rows."""
    scaling = dataset.store.scaling
    if scaling is None or len(dataset.ids) == 1:
        return np.full(len(rows), float(dataset.encoder.standardise(np.zeros(1))[0]))
    series = dataset.series[rows]
    return np.asarray(-scaling.mean[series, 0] / scaling.scale[series, 0])
