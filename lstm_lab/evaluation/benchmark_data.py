"""Public forecasting benchmarks: their files, and the protocol under which their published tables were made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["BENCHMARKS", "BenchmarkData", "Protocol", "read_benchmark"]


@dataclass(frozen=True)
class Protocol:
    """How a published table was made: its files, horizon, forecast origins and metrics."""

    title: str
    files: tuple[str, ...]
    """Names of the files to read, in any folder below the one that is given, packed (.gz) or not."""
    origin: str
    """Where those files are published."""
    horizon: int
    windows: int
    """Forecast origins, `horizon` steps apart; the last one is `horizon` steps before the end of each series."""
    season: int
    """Steps between the values whose differences scale the errors (MASE, MSIS, SQL)."""
    metrics: tuple[str, ...]
    """Columns of the table, the one it is sorted by first."""
    read: Callable[[tuple[Path, ...]], tuple[Mapping[str, Array], pd.DatetimeIndex | None]]
    """Returns the series, and their common times where the files have times."""
    rows: int | None = None
    """Rows of each series that count, from the first; None for all."""


@dataclass(frozen=True, eq=False)
class BenchmarkData:
    """The series of a benchmark, cut at its forecast origins."""

    name: str
    protocol: Protocol
    series: Mapping[str, Array]
    times: pd.DatetimeIndex | None

    @property
    def ids(self) -> list[str]:
        """Names of the series."""
        return list(self.series)

    def ahead(self, window: int) -> int:
        """Count the rows of a series from a forecast origin to its end."""
        return self.protocol.horizon * (self.protocol.windows - window)

    def history(self, window: int) -> pd.DataFrame:
        """Return the rows before a forecast origin, indexed by id and time, with the column ``value``."""
        end = self.ahead(window)
        parts = [values[:-end] for values in self.series.values()]
        lengths = [len(part) for part in parts]
        ids = np.repeat(np.array(self.ids), lengths)
        rows = np.concatenate([np.arange(length) for length in lengths])
        time = rows if self.times is None else self.times[rows]
        index = pd.MultiIndex.from_arrays([ids, time], names=["id", "time"])
        return pd.DataFrame({"value": np.concatenate(parts)}, index=index).sort_index()

    def past(self, window: int) -> list[Array]:
        """Return the values of each series before a forecast origin."""
        return [values[: -self.ahead(window)] for values in self.series.values()]

    @cached_property
    def actual(self) -> Array:
        """(windows, series, horizon) what followed each forecast origin."""
        horizon = self.protocol.horizon
        return np.array(
            [
                [values[len(values) - end :][:horizon] for values in self.series.values()]
                for end in (self.ahead(window) for window in range(self.protocol.windows))
            ]
        )


def _m4(paths: tuple[Path, ...]) -> tuple[dict[str, Array], None]:
    """Join the training and the test part of each M4 series; a row is an id and its values."""
    parts: list[dict[str, Array]] = []
    for path in paths:
        table = pd.read_csv(path, index_col=0, dtype={0: str})
        values = table.to_numpy(dtype=np.float64)
        parts.append({str(name): row[~np.isnan(row)] for name, row in zip(table.index, values, strict=True)})
    train, test = parts
    return {name: np.concatenate([values, test[name]]) for name, values in train.items()}, None


def _ett(paths: tuple[Path, ...]) -> tuple[dict[str, Array], pd.DatetimeIndex]:
    """Take each column of each file as a series; both files have the same hours."""
    tables = {path.stem: pd.read_csv(path, index_col=0, parse_dates=True) for path in paths}
    times = pd.DatetimeIndex(next(iter(tables.values())).index)
    series = {
        f"{name} {column}": table[column].to_numpy(dtype=np.float64)
        for name, table in tables.items()
        for column in table.columns
    }
    return series, times


def _exchange_rate(paths: tuple[Path, ...]) -> tuple[dict[str, Array], None]:
    """Take each column as a series: daily rates of eight currencies, without dates."""
    table = np.loadtxt(paths[0], delimiter=",", ndmin=2)  # packed or not
    return {f"currency {number + 1}": column for number, column in enumerate(table.T)}, None


_M4: Final = "https://github.com/Mcompetitions/M4-methods"
_M4_METRICS: Final = ("OWA", "sMAPE", "MASE", "MSIS", "ND", "wQL")
BENCHMARKS: Final[Mapping[str, Protocol]] = {
    "m4-hourly": Protocol(
        "M4 hourly: 414 series, the last 48 hours of each",
        ("Hourly-train.csv", "Hourly-test.csv"),
        _M4,
        horizon=48,
        windows=1,
        season=24,
        metrics=_M4_METRICS,
        read=_m4,
    ),
    "m4-weekly": Protocol(
        "M4 weekly: 359 series, the last 13 weeks of each",
        ("Weekly-train.csv", "Weekly-test.csv"),
        _M4,
        horizon=13,
        windows=1,
        season=1,
        metrics=_M4_METRICS,
        read=_m4,
    ),
    "ett-1h": Protocol(
        "ETT hourly (fev-bench ETT_1H): 14 series, 20 origins, 168 hours each",
        ("ETTh1.csv", "ETTh2.csv"),
        "https://github.com/zhouhaoyi/ETDataset",
        horizon=168,
        windows=20,
        season=24,
        metrics=("SQL", "MASE"),
        read=_ett,
    ),
    "exchange-rate": Protocol(
        "Exchange rates (GluonTS): 8 series, 5 origins, 30 days each",
        ("exchange_rate.txt",),
        "https://github.com/laiguokun/multivariate-time-series-data",
        horizon=30,
        windows=5,
        season=5,
        metrics=("ND", "wQL", "MASE"),
        read=_exchange_rate,
        rows=6221,
    ),
}
"""The benchmarks, by name: M4 (Makridakis et al. 2020, Int. J. Forecasting 36), fev-bench (Shchur et al. 2025,
arXiv:2509.26468) and GluonTS (Alexandrov et al. 2020, JMLR 21)."""


def read_benchmark(name: str, folder: str | os.PathLike[str]) -> BenchmarkData:
    """Read the files of a benchmark.

    Parameters
    ----------
    name
        A key of `BENCHMARKS`.
    folder
        Where the published files lie, unchanged; folders below it are searched too.

    Raises
    ------
    OptionError
        There is no such benchmark.
    DataError
        A file is missing or is not what was published.
    """
    if name not in BENCHMARKS:
        raise OptionError(f"there is no benchmark {name!r}; {did_you_mean(name, BENCHMARKS)}")
    protocol, root = BENCHMARKS[name], Path(folder)
    if not root.is_dir():
        raise DataError(
            f"data= names a folder with the files of {name}, got {str(root)!r}; take them from {protocol.origin}"
        )
    found = {path.name.removesuffix(".gz"): path for path in sorted(root.rglob("*")) if path.is_file()}
    if missing := [file for file in protocol.files if file not in found]:
        raise DataError(
            f"{name} needs {' and '.join(missing)} below {str(root)!r}; take the files from {protocol.origin}"
        )
    paths = tuple(found[file] for file in protocol.files)
    try:
        series, times = protocol.read(paths)
    except (KeyError, ValueError) as mistake:
        files = ", ".join(path.name for path in paths)
        raise DataError(
            f"{files} cannot be read as published ({' '.join(str(mistake).split())[:120]}); take the files from"
            f" {protocol.origin} anew"
        ) from None
    series = {key: values[: protocol.rows] for key, values in series.items()}
    shortest = min(map(len, series.values()))
    need = protocol.horizon * protocol.windows + protocol.season + 1
    if shortest < need:
        raise DataError(
            f"{name} needs {need} rows in every series ({protocol.windows} origins of {protocol.horizon} steps), got"
            f" {shortest}; take the files from {protocol.origin}"
        )
    return BenchmarkData(name, protocol, series, times)
