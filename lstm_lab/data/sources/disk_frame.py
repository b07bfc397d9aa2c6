"""A Parquet file as a frame whose values lie on disk: read and checked batch by batch, in bounded memory."""

from __future__ import annotations

import warnings
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.memory.mapped import BLOCK, blocks_of, is_on_disk, mapped_array, released
from lstm_lab.data.sources.source_tables import table_of
from lstm_lab.data.tables.file_limits import check_size
from lstm_lab.data.tables.files import check_file, guarded
from lstm_lab.errors import DataError, OptionError, did_you_mean
from lstm_lab.formatting import moment
from lstm_lab.storage.names import at_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["column_names", "joined_on_disk", "load_on_disk"]

_HEAD = 1_000
"""Rows that say which columns are numbers, and where the times are."""
_BUFFER = 1 << 20
"""Bytes of a compressed column that are read together."""


def load_on_disk(
    source: Any,
    load: Callable[..., pd.DataFrame],
    *,
    target: str | int | None,
    columns: Sequence[str | int] | None,
    max_size: float | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Load one series from a Parquet file: the values of `lstm_lab.load`, in a temporary file instead of memory.

    Parameters
    ----------
    source
        A ``.parquet`` file whose rows are sorted by time, or a frame that was loaded from one.
    load
        `lstm_lab.load`, which reads the rows of each batch as if they were a file.
    target, columns, max_size, **options
        As for `load`.

    Returns
    -------
    pandas.DataFrame
        As from `load`. The temporary file is gone when the frame is.

    Raises
    ------
    LabError
        What cannot be read batch by batch: one line with the remedy.
    """
    if isinstance(source, pd.DataFrame) and is_on_disk(source):
        return _selected(source, [str(name) for name in (target, *(columns or ())) if name is not None])
    path = _refuse_unstreamed(source, options)
    if max_size is not None:
        check_size(path, ".parquet", max_size)
    frame: pd.DataFrame = guarded(path, lambda: _loaded(path, load, target, columns, options))
    return frame


def column_names(source: Any) -> list[str]:
    """List the columns of a Parquet file, or of a frame that was loaded from one."""
    if isinstance(source, pd.DataFrame):
        return [str(name) for name in source.columns]
    path = _refuse_unstreamed(source, {})
    schema: Any = guarded(path, lambda: import_module("pyarrow.parquet").read_schema(path))
    return [str(name) for name in schema.names]


def _loaded(
    path: Path,
    load: Callable[..., pd.DataFrame],
    target: str | int | None,
    columns: Sequence[str | int] | None,
    options: dict[str, Any],
) -> pd.DataFrame:
    file = import_module("pyarrow.parquet").ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    first = load(_head(file, path), target=target, columns=columns, **options)
    _refuse_text(file, first)
    names = [str(name) for name in first.columns]
    given = {**options, "target": target, "time": _time_column(file, first, options.get("time"))}
    rows = file.metadata.num_rows
    values, times = mapped_array((len(names), rows), np.float64), mapped_array((rows,), _ticks(first.index).dtype)
    done, last = 0, None
    for part in _batches(file, load, names, given):
        if last is not None and not part.index[0] > last:
            raise DataError(
                f"rows on disk are sorted by time, each time once, got {moment(part.index[0])} behind"
                f" {moment(last)} in {path.name!r}; sort the file, or leave on_disk= out"
            )
        last = part.index[-1]
        times[done : done + len(part)] = _ticks(part.index)
        values[:, done : done + len(part)] = part.to_numpy(np.float64).T
        released(values)
        done += len(part)
    import_module("pyarrow").default_memory_pool().release_unused()
    whole = isinstance(first.index, pd.RangeIndex) and done == rows
    index = pd.RangeIndex(rows) if whole else _index(times[:done], first.index)
    frame = pd.DataFrame(values[:, :done].T, index=index, columns=names, copy=False)
    frame.attrs["lstm_lab"] = {**first.attrs["lstm_lab"], "source": path.name, "dropped_rows": rows - done}
    return frame


def _selected(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a frame on disk, all by default, without reading them."""
    absent = next((name for name in names if name not in frame.columns), None)
    if absent is not None:
        raise DataError(f"there is no numeric column {absent!r}; {did_you_mean(absent, list(frame.columns))}")
    if not names or list(names) == list(frame.columns):
        return frame
    chosen = pd.DataFrame({name: frame[name] for name in dict.fromkeys(names)}, index=frame.index, copy=False)
    chosen.attrs = frame.attrs
    return chosen


def joined_on_disk(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Concatenate some columns of frames, the values on disk."""
    values = mapped_array((len(columns), sum(map(len, parts))), np.float64)
    done = 0
    for part in parts:
        for row, name in zip(values, columns, strict=True):
            column = part[name].to_numpy(np.float64)
            for block in blocks_of(len(column)):
                row[done + block.start : done + block.stop] = column[block]
                released(row)
                released(column)
        done += len(part)
    index = parts[0].index.append([part.index for part in parts[1:]])
    return pd.DataFrame(values.T, index=index, columns=list(columns), copy=False)


def _refuse_unstreamed(source: Any, options: dict[str, Any]) -> Path:
    """Refuse what is no Parquet file, and what needs more rows than a batch has."""
    if not isinstance(source, str | PathLike):
        read = getattr(source, "attrs", {}).get("lstm_lab", {}).get("source")
        given = f"a {type(source).__name__}" + (f" of {read!r}" if read else "")
        raise OptionError(
            f"on_disk= reads a Parquet file batch by batch, got {given}, which is in memory already;"
            " leave on_disk= out, or write it with .to_parquet('rows.parquet') and load that"
        )
    path = at_home(source)
    if path.suffix.lower() != ".parquet":
        raise OptionError(
            f"on_disk= reads a Parquet file batch by batch, got {path.name!r}; convert it, for example with polars'"
            " scan_csv(...).sink_parquet(...), or leave on_disk= out"
        )
    if options.get("missing", "error") not in {"error", "drop"}:
        raise OptionError(
            f"on disk a missing value can be refused or its row dropped, got missing={options['missing']!r}; use"
            " missing='drop', or fill the file before"
        )
    check_file(path)
    return path


def _head(file: Any, path: Path) -> pd.DataFrame:
    batch = next(file.iter_batches(_HEAD, use_threads=False), None)
    if batch is None or batch.num_rows == 0:
        raise DataError(f"a data file needs rows, got {path.name!r} with none; check that it was written completely")
    head = table_of(batch.to_pandas())
    head.attrs["lstm_lab"] = {"source": path.name}
    return head


def _refuse_text(file: Any, first: pd.DataFrame) -> None:
    """Refuse columns that are read by all their rows together: text, and dates that are text or plain numbers."""
    loaded, types = first.attrs["lstm_lab"], import_module("pyarrow").types
    dates = loaded.get("dates", {}).get("column")
    if dates is not None or loaded.get("counted"):
        raise DataError(
            f"on disk, times are a column of timestamps, got {dates or loaded['counted']!r}; convert it with"
            " pd.to_datetime and write the file anew, or leave on_disk= out"
        )
    for name in first.columns:
        kind = file.schema_arrow.field(name).type
        if types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind):
            raise DataError(f"on disk, columns are numbers, got {name!r} of type {kind}; convert it in the file")


def _time_column(file: Any, first: pd.DataFrame, given: Any) -> str | None:
    """Name the column that the times are in; None where they are the index that pandas wrote, or are counted."""
    name = first.index.name
    return str(name) if name is not None and str(name) in file.schema_arrow.names else given


def _batches(
    file: Any, load: Callable[..., pd.DataFrame], names: list[str], options: dict[str, Any]
) -> Iterator[pd.DataFrame]:
    """Load the rows of each batch as if they were a file."""
    time = options["time"]
    seen = 0
    read = names if time is None else [*names, time]
    for batch in file.iter_batches(BLOCK, columns=read, use_threads=False, use_pandas_metadata=True):
        table = batch.to_pandas()
        if isinstance(table.index, pd.RangeIndex):  # each batch counts from 0
            table.index = pd.RangeIndex(seen, seen + len(table))
        seen += len(table)
        if options.get("missing") == "drop" and not np.isfinite(table[names].to_numpy(np.float64)).all(axis=1).any():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is to be said of the columns was said of the first rows
            yield load(table, columns=names, **options)


def _ticks(index: pd.Index) -> NDArray[Any]:
    """Return the index as plain numbers; times as ticks of their unit in UTC."""
    return index.asi8 if isinstance(index, pd.DatetimeIndex) else index.to_numpy()


def _index(ticks: NDArray[Any], like: pd.Index) -> pd.Index:
    if not isinstance(like, pd.DatetimeIndex):
        numbers: pd.Index = pd.Index(ticks, name=like.name, copy=False)
        return numbers
    times: pd.DatetimeIndex = pd.DatetimeIndex(ticks.view(f"M8[{like.unit}]"), name=like.name, copy=False)
    return times if like.tz is None else pd.DatetimeIndex(times.tz_localize("UTC").tz_convert(like.tz))
