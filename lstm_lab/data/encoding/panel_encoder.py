"""The encoding of a panel: one for all series, with mean and scale of each.

Covariates are scaled series by series too. On made panels of 40 series, three seeds each, the mean validation loss was
0.041 with scales of their own and 0.187 with a common one for prices, whose level differs between series; and 0.036
against 0.046 for promotions of 0 and 1 that some series have often and others hardly ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.data.encoding.series_scaling import Moments, SeriesScaling, UsualScale, moments_of
from lstm_lab.data.encoding.static_inputs import StaticInputs
from lstm_lab.data.encoding.value_checks import refuse_too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["fit_panel_encoder", "scaling_of"]


def fit_panel_encoder(  # noqa: PLR0917 - the parts of a fit, in the order they are decided
    table: pd.DataFrame,
    target: str,
    transform: str,
    features: Sequence[str],
    training: NDArray[np.bool_],
    segments: NDArray[np.int64],
    static: pd.DataFrame | None = None,
) -> Encoder:
    """Fit an encoding on the training rows of every series; no other row is looked at.

    The target, what follows from its path and the covariates are scaled series by series, shrunk to what is usual in
    the panel (`lstm_lab.data.encoding.series_scaling`); the calendar is scaled alike for all.

    Parameters
    ----------
    table
        Numeric columns by (id, time).
    target, transform, features
        As for `Encoder.fit`.
    training
        (rows,) whether a row is a training row.
    segments
        (rows,) number of the gap-free stretch that each row belongs to.
    static
        Static inputs, a row a series.

    Raises
    ------
    DataError
        As for `Encoder.fit`; or a static input with too many levels.
    """
    inputs = None if static is None or static.shape[1] == 0 else StaticInputs.fit(static)
    unfitted = Encoder.unfitted([str(name) for name in table.columns], target, transform, features, inputs)
    part = table[training]
    raw = unfitted.raw(part, segments[training])
    encoder = unfitted.fitted([raw])
    ids, borders = series_of(table.index)
    series = np.repeat(np.arange(len(ids)), np.diff(borders))[training]
    moments = moments_of(raw, part[target].to_numpy(np.float64), series, len(ids))
    finite = np.isfinite(moments.mean) & np.isfinite(moments.deviation)
    refuse_too_large(np.all(finite, axis=0), encoder.columns)
    if len(ids) == 1:  # the encoding of a lone series, to the last bit
        moments = moments._replace(mean=encoder.mean[None], deviation=encoder.scale[None])
    usual = UsualScale.of(moments, _scaled_by_series(encoder), encoder.mean, encoder.scale)
    return replace(encoder, series=_placed(encoder, SeriesScaling.of(ids, moments, usual), static))


def _scaled_by_series(encoder: Encoder) -> NDArray[np.bool_]:
    """Mark the columns that are scaled series by series: all but the calendar and static inputs."""
    own = np.ones(len(encoder.columns), dtype=np.bool_)
    for feature, columns in encoder.column_slices():
        own[columns] = feature.source != "time"
    own[encoder.static_columns] = False
    return own


def _placed(encoder: Encoder, scaling: SeriesScaling, static: pd.DataFrame | None) -> SeriesScaling:
    """Put the static inputs of each series where `Encoder.scaled` looks for them."""
    if encoder.static is None:
        return scaling
    mean, scale = scaling.mean.copy(), scaling.scale.copy()
    table = pd.DataFrame(index=pd.RangeIndex(len(scaling))) if static is None else static
    mean[:, encoder.static_columns] = -encoder.static.encode(table)
    scale[:, encoder.static_columns] = 1.0
    return SeriesScaling(scaling.ids, mean, scale, scaling.usual)


def scaling_of(
    encoder: Encoder,
    trained: SeriesScaling,
    table: pd.DataFrame,
    segments: NDArray[np.int64],
    static: pd.DataFrame | None,
) -> SeriesScaling:
    """Return the scaling of the series of a table: that of the training, or for a new series that of all its rows.

    Parameters
    ----------
    encoder
        Fitted on a panel.
    trained
        The scaling of its series.
    table
        Rows by (id, time).
    segments
        (rows,) number of the gap-free stretch of each row.
    static
        Static inputs, a row a series of the table.
    """
    ids, borders = series_of(table.index)
    numbers = trained.numbers_of(ids)
    if (numbers >= 0).all():
        return SeriesScaling(ids, trained.mean[numbers], trained.scale[numbers], trained.usual)
    series = np.repeat(np.arange(len(ids)), np.diff(borders))
    new = (numbers < 0)[series]
    raw = encoder.raw(table[new], segments[new])
    moments: Moments = moments_of(raw, table[encoder.target].to_numpy(np.float64)[new], series[new], len(ids))
    fresh = _placed(encoder, SeriesScaling.of(ids, moments, trained.usual), static)
    known = (numbers >= 0)[:, None]
    mean, scale = (
        np.where(known, trained.mean[numbers], fresh.mean),
        np.where(known, trained.scale[numbers], fresh.scale),
    )
    return SeriesScaling(ids, mean, scale, trained.usual)
