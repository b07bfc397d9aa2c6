"""Further rows of a panel: newer ones of its series or those of new ids, read by the rules of its own rows."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.dates.remembered import remembered
from lstm_lab.data.encoding.panel_ids import listed, series_of
from lstm_lab.data.known_future import on_the_clock_of
from lstm_lab.data.panel_preparation import static_of
from lstm_lab.data.preparation import reading, text_reading
from lstm_lab.data.sources.load_remedy import remedy_of_load
from lstm_lab.data.sources.panel import read_panel
from lstm_lab.data.sources.panel_forms import is_panel
from lstm_lab.data.sources.source_tables import table_of
from lstm_lab.data.tables.row_labels import row_label
from lstm_lab.data.windows.sample_weights import column_of
from lstm_lab.errors import DataError, did_you_mean
from lstm_lab.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.options import InputOptions

__all__ = ["read_known_by_id", "read_newer_by_id", "read_rows_by_id"]


def read_rows_by_id(
    source: Source, dataset: Dataset, options: InputOptions
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Load rows by (id, time) with the columns of a panel, and its static columns, a row a series.

    Parameters
    ----------
    source
        As `lstm_lab.load` takes it; a static column that it lacks is unknown.
    dataset
        The panel.
    options
        How its own rows were read.

    Raises
    ------
    DataError
        The rows cannot be loaded, or lack a column.
    """
    encoder = dataset.encoder
    needed = (encoder.target, *encoder.covariates)
    weights = column_of(dataset.weighting)
    optional = () if weights is None or weights in needed else (weights,)
    rows, static = _loaded(source, dataset, options, needed, "the new rows", optional=optional)
    used = rows[[*needed, *(name for name in optional if name in rows.columns)]]
    used.attrs = rows.attrs
    return used, static_of(rows, static)


def _loaded(
    source: Source,
    dataset: Dataset,
    options: InputOptions,
    needed: Sequence[str],
    what: str,
    *,
    optional: Sequence[str] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """Load columns by the rules of a panel's own rows, optional and static ones where they are there."""
    own = dataset.frame
    name = options.id or str(own.index.names[0])
    by_form = is_panel(source) and not isinstance(source, pd.DataFrame)
    file_options = text_reading(options) if isinstance(source, str | PathLike) else {}
    with remedy_of_load(source, name):
        table = table_of(source, id=None if by_form else name, time=options.time, **file_options)
    for column in needed:
        if column not in table.columns:
            near = did_you_mean(column, map(str, table.columns))
            raise DataError(f"{what} need a column {column!r}; {near}")
    load_options = reading(options)
    if load_options["time"] not in {*table.columns, table.index.name}:
        load_options["time"] = own.index.names[-1] if own.index.names[-1] in table.columns else None
    static = [column for column in options.static if column in table.columns]
    read_options = remembered(table, load_options, own)
    with remedy_of_load(source, name):
        columns = [*needed, *(name for name in optional if name in table.columns)]
        rows = read_panel(table, id=name, columns=columns, static=static, least=1, **read_options)
    times = on_the_clock_of(dataset.index, rows.index.get_level_values(-1), what)
    index = pd.MultiIndex.from_arrays([rows.index.get_level_values(0), times], names=own.index.names)
    return rows.set_axis(index, axis=0), static


def read_known_by_id(
    source: Source, dataset: Dataset, options: InputOptions, series: NDArray[np.int64], times: pd.Index
) -> pd.DataFrame:
    """Read known futures of a panel's covariates, in the order of the forecasts.

    Parameters
    ----------
    source
        A table with ids and times, and those inputs whose future is known.
    dataset, options
        The panel, and how its own rows were read.
    series
        Numbers of the series that are forecast.
    times
        (series * horizon,) of the forecasts.

    Raises
    ------
    DataError
        No column is an input of the panel, or an id and time has no row.
    """
    covariates = dataset.encoder.covariates
    table = table_of(source, id=None if is_panel(source) else options.id, time=options.time)
    needed = [name for name in covariates if name in table.columns]
    if not needed:
        raise DataError(
            f"known holds none of the inputs; {did_you_mean('', covariates) if covariates else 'leave it out'}"
        )
    rows, _ = _loaded(table, dataset, options, needed, "the rows of known")
    horizon = len(times) // len(series)
    wanted = pd.MultiIndex.from_arrays(
        [pd.Index(dataset.ids, tupleize_cols=False).take(np.repeat(series, horizon)), times]
    )
    found = rows[needed].reindex(wanted)
    lacking = np.flatnonzero(found.isna().any(axis=1))
    if len(lacking) > 0:
        raise DataError(
            f"known needs a row for every id and step, got none for {row_label(wanted, lacking[0])}"
            f" ({len(lacking)} such steps); add that row"
        )
    return found


def read_newer_by_id(
    source: Source, dataset: Dataset, options: InputOptions
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Load newer rows of a panel's series, and rows of new ids, for `Dataset.append`.

    Raises
    ------
    DataError
        As for `read_rows_by_id`; or an id has rows, and none that is newer than the panel's last of it.
    """
    rows, static = read_rows_by_id(source, dataset, options)
    ids, borders = series_of(rows.index)
    lasts = rows.index.get_level_values(-1)[borders[1:] - 1]
    known = {name: number for number, name in enumerate(dataset.ids)}
    numbers = np.array([known.get(name, -1) for name in ids])
    own = dataset.index[dataset.borders[1:][numbers] - 1]
    stale = (numbers >= 0) & ~np.asarray(lasts > own)
    if stale.all():
        raise DataError(
            f"newer rows come after the run's last, and those of {listed([ids[k] for k in np.flatnonzero(stale)])} end"
            f" at {moment(lasts.max())} or before; leave them out to stay within the run's own rows"
        )
    return rows, static
