"""Newer rows of a dataset: read by the rules that its own rows were read by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lstm_lab.data.known_future import read_rows
from lstm_lab.data.windows.sample_weights import column_of
from lstm_lab.errors import DataError
from lstm_lab.formatting import moment

if TYPE_CHECKING:
    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.sources.loading import Source
    from lstm_lab.options import InputOptions

__all__ = ["read_newer"]


def read_newer(dataset: Dataset, source: Source, options: InputOptions) -> pd.DataFrame:
    """Load newer rows of a dataset of one series, for `Dataset.append`.

    Parameters
    ----------
    dataset
        The dataset that the rows continue.
    source
        The whole longer series, or its newest rows.
    options
        The options that the dataset's own rows were read with.

    Raises
    ------
    DataError
        No row is newer than the dataset's last, or the rows cannot be loaded.
    """
    encoder, own = dataset.encoder, dataset.index
    later = read_rows(
        source,
        dataset.frame,
        options,
        target=encoder.target,
        covariates=encoder.covariates,
        what="newer rows",
        optional=column_of(dataset.weighting),
    )
    restores = dataset.older is not None and later.index[-1] == own[-1] and dataset.begins(later)
    if not (later.index[-1] > own[-1] or restores):
        raise DataError(
            f"newer rows come after the run's last, {moment(own[-1])}, but these end at"
            f" {moment(later.index[-1])}; {_remedy(own)}"
        )
    return later


def _remedy(own: pd.Index) -> str:
    """Return the remedy for rows that are not newer."""
    if isinstance(own, pd.DatetimeIndex):
        return "leave them out to stay within the run's own rows"
    return "give the whole longer series, or number them on from the run's last"
