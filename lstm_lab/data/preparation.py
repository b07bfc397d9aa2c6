"""A source and its options turned into a `Dataset`, the same way for training and for diagnostics before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.dates.reading import DateRule
from lstm_lab.data.dates.time_index import segments
from lstm_lab.data.encoding.auto import choose_inputs
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.memory.budget import refuse_beyond_memory
from lstm_lab.data.memory.mapped import is_on_disk
from lstm_lab.data.panel_preparation import prepare_panel
from lstm_lab.data.sources.disk_frame import column_names
from lstm_lab.data.sources.loading import load, table_of, target_column
from lstm_lab.data.sources.long_table import WideReading, long_table
from lstm_lab.data.sources.panel_forms import is_panel
from lstm_lab.data.store import FrameStore
from lstm_lab.data.tables.frames import quiet_casts
from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.data.windows.sample_weights import column_of
from lstm_lab.errors import OptionError, did_you_mean
from lstm_lab.options import TrainOptions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lstm_lab.data.encoding.auto import InputChoice
    from lstm_lab.options import InputOptions

__all__ = ["AS_LOADED", "Prepared", "prepare", "prepare_rows", "read_series", "reading", "recut", "text_reading"]

AS_LOADED: Mapping[str, Any] = MappingProxyType(
    {"time": None, "dayfirst": None, "date_format": None, "missing": "error"}
)
"""Options of reading, for a frame that is loaded already: its times are its index, and nothing is missing."""


_PER_ROW, _PER_VALUE = 32, 24
"""Bytes that encoding takes per row and per value at its peak, beside those of the table."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A dataset with its encoder fitted, and the inputs that were chosen."""

    dataset: Dataset
    """Cut into its parts; its encoder is fitted on the training rows."""
    input_choice: InputChoice
    """Transform, features, and the reason for them."""


@quiet_casts
def prepare(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any], options: InputOptions, *, weighting: str = "uniform"
) -> Prepared:
    """Read a series, choose what ``auto`` leaves open, and fit the encoder on the training rows.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    options
        How the source is read, transform, features, and the shares of rows that are held out.
    weighting
        Scheme of the training windows' weights.

    Raises
    ------
    LabError
        Data or an option that cannot be used: one line with the remedy.
    """
    return prepare_rows(*read_series(source, options), options, weighting=weighting)


def prepare_rows(frame: pd.DataFrame, target: str, options: InputOptions, *, weighting: str = "uniform") -> Prepared:
    """Prepare rows that are loaded already, as `prepare` does after reading."""
    _refuse_unused_mask(options, panel=isinstance(frame.index, pd.MultiIndex))
    if isinstance(frame.index, pd.MultiIndex):
        _refuse_large_panel(frame)
        _refuse_panel_scaler(options)
        return Prepared(*prepare_panel(frame, target, options, weighting=weighting))
    stretches = segments(frame.index, options.max_gap)
    cuts = cut_rows(len(frame), validation=options.validation, calibration=options.calibration)
    choice = choose_inputs(options.transform, options.features, frame[target].iloc[cuts.train_rows])
    parts = choice.transform, choice.features, cuts.train_rows, stretches, options.scaler
    encoder = Encoder.fit(frame, target, *parts)
    store = FrameStore(frame, encoder, options.max_gap)
    return Prepared(Dataset(store, options.lookback, (cuts,), weighting), choice)


def recut(dataset: Dataset, options: InputOptions) -> Dataset:
    """Cut all rows anew by the shares of the options, without the ids that then have no window to train on.

    Raises
    ------
    DataError
        There is such an id, and ``short="error"``; or the training rows are not here.
    """
    if dataset.older is not None:
        dataset.older.refuse("training further")
    cut = dataset.cut_anew(options.validation, options.calibration)
    return cut.trainable(options.max_gap, refuse=options.short == "error")


def _refuse_unused_mask(options: InputOptions, *, panel: bool) -> None:
    """Refuse ``mask="off"`` where no window is padded."""
    if options.mask or (panel and options.short == "pad"):
        return
    padding = "one series has no padding" if not panel else f"short={options.short!r} pads no window"
    raise OptionError(
        f"mask= says what a network reads of padding, but {padding}; leave mask= out, or use id= and short='pad'"
    )


def _refuse_panel_scaler(options: InputOptions) -> None:
    """Refuse another scaling than by mean and deviation of each series, shrunk to what is usual in the panel."""
    if options.scaler != "standard":
        raise OptionError(
            f"with id= each series is scaled by its own mean and deviation, got scaler={options.scaler!r}; leave"
            " scaler= out, or train on one series"
        )


def _refuse_large_panel(frame: pd.DataFrame) -> None:
    """Refuse a panel whose encoded rows cannot fit, before it is encoded."""
    rows, columns = frame.shape
    levels = frame.index.levels  # type: ignore[attr-defined]  # of ids and times
    refuse_beyond_memory(
        rows * (_PER_ROW + _PER_VALUE * columns),
        lambda: f"encoding {len(levels[0]):,} ids of {rows:,} rows",
        "train on fewer ids or rows",
    )


def read_series(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any], options: InputOptions
) -> tuple[pd.DataFrame, str]:
    """Load the columns that are used, and find the target; only used columns may refuse a missing value."""
    if options.on_disk or (isinstance(source, pd.DataFrame) and is_on_disk(source)):
        return _read_on_disk(source, options)
    if options.id is not None or is_panel(source):
        return read_series_by_id(source, options)
    raw = table_of(source, **text_reading(options))
    if is_panel(raw):
        return read_series_by_id(raw, options)
    if options.static:
        raise OptionError(
            f"static columns tell series apart, got static={list(options.static)!r} and no id; name the column of ids"
            " with id="
        )
    load_options = reading(options)
    columns = [str(column) for column in raw.columns]
    weights, target = _weights_column(options, columns), options.target
    if target is None:
        others = raw.drop(columns=weights)
        target = target_column(load(others, **load_options | {"columns": (), "missing": "error"}))
    covariates = [text.strip() for text in options.features if text.strip() in columns]
    frame = load(raw, target=target, columns=list(dict.fromkeys((*covariates, *weights))), **load_options)
    return frame, target_column(frame, target)


def _weights_column(options: InputOptions, columns: Sequence[str]) -> list[str]:
    """Return the column of the table that weights are read from, in a list; an empty one without any.

    Raises
    ------
    OptionError
        There is no such column.
    """
    name = column_of(options.weights) if isinstance(options, TrainOptions) else None
    if name is not None and name not in columns:
        raise OptionError(
            f"weights name a column of the table, got {options.weights!r}; {did_you_mean(name, columns)}"  # type: ignore[attr-defined]  # of a training
        )
    return [] if name is None else [name]


def _read_on_disk(source: Any, options: InputOptions) -> tuple[pd.DataFrame, str]:
    """Load the columns that are used of a Parquet file, to disk, and find the target."""
    read = partial(load, id=options.id, static=options.static or None, on_disk=True)
    given = reading(options) | text_reading(options)
    target = options.target
    if target is None:
        target = target_column(read(source, **given))
    columns = column_names(source)
    covariates = [text.strip() for text in options.features if text.strip() in columns]
    used = list(dict.fromkeys((*covariates, *_weights_column(options, columns))))
    frame = read(source, target=target, columns=used, **given)
    return frame, target_column(frame, target)


def read_series_by_id(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any], options: InputOptions
) -> tuple[pd.DataFrame, str]:
    """Load the columns that are used of a panel, by (id, time), and find the target."""
    short = "skip" if options.short == "pad" else options.short  # an id of one row has nothing to pad
    load_options = reading(options) | {"id": options.id, "static": options.static or None, "short": short}
    raw = table_of(source, id=options.id, **text_reading(options)) if isinstance(source, str | PathLike) else source
    rule = DateRule(options.dayfirst, options.date_format)
    long = long_table(raw, options.id, options.target, options.time, WideReading(None, (), options.decimal, rule))
    columns = [str(column) for column in long.table.columns if column not in {long.id, long.time}]
    covariates = [text.strip() for text in options.features if text.strip() in columns]
    _refuse_static_features(covariates, {*options.static, *long.table.attrs.get("lstm_lab", {}).get("static", [])})
    weights = _weights_column(options, columns)
    target = options.target or (long.target if long.target in columns else None)
    if target is None:
        numeric = load(raw, columns=(), **load_options | {"missing": "error"})
        target = target_column(_without_static(numeric).drop(columns=weights))
    if target in columns:
        return load(raw, target=target, columns=list(dict.fromkeys((*covariates, *weights))), **load_options), target
    frame = load(raw, target=target, **load_options)  # a wide table, whose values have no column yet
    return frame, target_column(_without_static(frame), target)


def _without_static(panel: pd.DataFrame) -> pd.DataFrame:
    names: list[str] = panel.attrs["lstm_lab"]["static"]
    return panel.drop(columns=names)


def _refuse_static_features(covariates: Sequence[str], static: Collection[str]) -> None:
    """Refuse a static column among the features, which change from row to row."""
    name = next((each for each in covariates if each in static), None)
    if name is not None:
        raise OptionError(
            f"features change from row to row, got {name!r}, which is constant within each id; name it with"
            f" static=[{name!r}], and leave it out of features="
        )


def reading(options: InputOptions) -> dict[str, Any]:
    """Return the options that say how a table is read, beside those of a text file, as `load` takes them."""
    return {
        name: getattr(options, name) for name in ("time", "dayfirst", "date_format", "missing", "decimal", "na_values")
    }


def text_reading(options: InputOptions) -> dict[str, Any]:
    """Return the options that say how a file is read, as `load` takes them."""
    return {name: getattr(options, name) for name in ("encoding", "header", "max_size")}
