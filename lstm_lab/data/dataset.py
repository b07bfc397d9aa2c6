"""One or many series as one matrix of encoded rows; windows, splits, origins and actual values are views of it.

A row is addressed by its number, counted over all series. A series is the rows between two borders; no window or
forecast crosses a border, because a new series begins a new segment. A single series is the case of one id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, cast

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import future_index, longest_step
from lstm_lab.data.encoding.auto import season_of
from lstm_lab.data.encoding.panel_ids import listed, noise_keys
from lstm_lab.data.memory.mapped import blocks_of
from lstm_lab.data.older_rows import OlderRows, fingerprint, first_kept
from lstm_lab.data.panel_choice import usual_season
from lstm_lab.data.store import FrameStore
from lstm_lab.data.tables.row_labels import plain
from lstm_lab.data.windows.cuts import Cuts, cut_rows
from lstm_lab.data.windows.origins import Origins, OriginSeries, known_rows
from lstm_lab.data.windows.padding import step_mask
from lstm_lab.data.windows.sample_weights import column_of
from lstm_lab.data.windows.split import Split, divide, refuse_empty_parts
from lstm_lab.data.windows.windows import Windows, windows_of
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.data.store import Store

__all__ = ["LEAST_STEPS", "Dataset", "Padding"]

Padding: TypeAlias = Literal["none", "masked", "read"]
LEAST_STEPS = 2
"""Real steps of a padded window, at least: a level and a change."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """One or many series, encoded and cut into windows for a network.

    Attributes
    ----------
    store
        The rows, as read and as encoded.
    lookback
        Rows in a window: those that the network reads before a forecast.
    cuts
        Where the chronological parts of each series begin, counted from the series' first row; empty for rows that
        are forecast from and nothing else.
    weighting
        Scheme of the training windows' weights, see `lstm_lab.data.windows.sample_weights.curve`; or ``column:NAME``.
    left_out
        Ids that had too few rows to be trained on.
    padding
        What becomes of a series without a whole window to train on: ``none``, it has no windows; ``masked``, shorter
        ones, padded behind their last row, and networks are told the lengths; ``read``, the same, and networks read
        padding as if it were data.
    """

    store: Store
    lookback: int
    cuts: tuple[Cuts, ...] = ()
    weighting: str = "uniform"
    left_out: tuple[Hashable, ...] = ()
    padding: Padding = "none"
    older: OlderRows | None = None
    """What is known of rows before the first, where a file keeps the newest rows alone."""

    @classmethod
    def of(cls, frame: pd.DataFrame, encoder: Encoder, lookback: int, max_gap: str | None = None) -> Self:
        """Lay out one series for an encoder that was fitted before."""
        return cls(FrameStore(frame, encoder, max_gap), lookback)

    # The rows --------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def encoder(self) -> Encoder:
        """The encoder of rows into the network's inputs."""
        return self.store.encoder

    @property
    def ids(self) -> tuple[Hashable, ...]:
        """Name of each series; a lone series is called None."""
        return self.store.ids

    @property
    def borders(self) -> NDArray[np.int64]:
        """(series + 1,) row where each series begins, and the number of rows."""
        return self.store.borders

    @property
    def segments(self) -> NDArray[np.int64]:
        """(rows,) number of the gap-free stretch of each row."""
        return self.store.segments

    @property
    def index(self) -> pd.Index:
        """(rows,) time of each row."""
        return self.store.index

    @property
    def frame(self) -> pd.DataFrame:
        """Target and covariates by time, all of them in memory."""
        return self.store.frame()

    @property
    def target(self) -> NDArray[np.float64]:
        """(rows,) the observed target."""
        return self.store.target(slice(None))

    @property
    def matrix(self) -> NDArray[np.float32]:
        """(rows, columns) the encoded rows."""
        return self.store.encoded(slice(None))

    @property
    def training_target(self) -> pd.Series[float]:
        """The target in the training rows of the first series, by time."""
        rows = self.cuts[0].train_rows
        return pd.Series(self.store.target(rows), index=self.index[rows], name=self.encoder.target)

    @property
    def is_panel(self) -> bool:
        """Whether the series have ids: one alone may have one."""
        return self.ids != (None,)

    @cached_property
    def series(self) -> NDArray[np.int64]:
        """(rows,) number of the series of each row."""
        if len(self.ids) == 1:
            return np.broadcast_to(np.zeros(1, dtype=np.int64), len(self))
        return np.repeat(np.arange(len(self.ids)), np.diff(self.borders))

    @cached_property
    def season(self) -> int:
        """Rows in the season whose naive forecast is best over the training rows; 1 where there is none.

        Of several series, the one that most have.
        """
        if self.older is not None:
            return self.older.season
        if len(self.ids) == 1:
            return season_of(self.training_target)
        return usual_season(self.store.target(slice(None)), self.index, self.borders, self.cuts)

    @cached_property
    def lowest(self) -> float:
        """Least value of the target, in rows that are not here too."""
        here = float(self.target.min())
        return here if self.older is None else min(here, self.older.lowest)

    @property
    def training_windows(self) -> int:
        """Count the windows that were trained on."""
        return len(self.split.train) if self.older is None else self.older.windows

    @property
    def used_columns(self) -> tuple[str, ...]:
        """Columns of the table that a training reads."""
        weights = column_of(self.weighting)
        return (self.encoder.target, *self.encoder.covariates, *(() if weights is None else (weights,)))

    def newest_rows(self, errors: Callable[[], NDArray[np.float64]]) -> Dataset:
        """Keep the newest rows of a long series and what is known of the older ones; else this dataset itself.

        Parameters
        ----------
        errors
            Computes one-step errors over a sample of the training and validation windows.
        """
        if self.is_panel or self.older is not None or not self.cuts:
            return self
        cuts = self.cuts[0]
        first = first_kept(cuts, self.lookback + self.encoder.warmup + self.season + 1)
        if first == 0:
            return self
        older = OlderRows(
            rows=first,
            cuts=cuts,
            windows=len(self.split.train),
            lowest=self.lowest,
            season=self.season,
            errors=errors(),
            fingerprint=fingerprint(self.frame, self.used_columns),
        )
        here = replace(cuts, validation=0, calibration=cuts.calibration - first, rows=cuts.rows - first)
        here = replace(here, expired=min(cuts.expired, here.calibration))
        limit = longest_step(self.index, self.store.max_gap)
        store = FrameStore(self.frame.iloc[first:], self.encoder, limit)
        return replace(self, store=store, cuts=(here,), older=older)

    def alone(self, number: int, max_gap: str | None = None) -> Dataset:
        """Return one series of a panel as a dataset of its own, without an id; its encoder scales by this series."""
        rows = slice(*self.borders[number : number + 2].tolist())
        scaling, table = self.store.scaling, self.frame.iloc[rows]
        encoder = self.encoder
        if scaling is not None:
            encoder = replace(encoder.scaled(scaling.mean[number], scaling.scale[number]), series=None)
        lone = table.set_axis(self.index[rows].rename(table.index.names[-1]), axis=0)
        lone.attrs = table.attrs
        return replace(self, store=FrameStore(lone, encoder, max_gap), cuts=self.cuts[number : number + 1], left_out=())

    # Windows ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _unweighted(self) -> Windows:
        windows = windows_of(
            self.matrix,
            self.segments,
            self.lookback,
            warmup=self.encoder.warmup,
            borders=self.borders,
            cuts=self.cuts,
            shortest=self.shortest,
        )
        return replace(windows, levels=self.encoder.level_columns, masked=self.padding != "read")

    @cached_property
    def shortest(self) -> NDArray[np.int64]:
        """(series,) real steps of each series' shortest window: the lookback, but where windows are padded."""
        whole = np.full(len(self.ids), self.lookback)
        if self.padding == "none":
            return whole
        trained = np.array([cuts.validation or cuts.rows for cuts in self.cuts] or np.diff(self.borders))
        rows = np.arange(len(self))
        steps = rows - np.searchsorted(self.segments, self.segments) - self.encoder.warmup
        steps[rows - self.borders[self.series] >= trained[self.series]] = 0
        short = np.maximum.reduceat(steps, self.borders[:-1]) < self.lookback
        return np.where(short, np.minimum(LEAST_STEPS, self.lookback), whole)

    def steps_up_to(self, rows: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Count the steps of the window that ends with each row: the lookback, or what the stretch of the row has."""
        first = np.searchsorted(self.segments, self.segments[rows])
        return np.minimum(np.asarray(rows) + 1 - first - self.encoder.warmup, self.lookback)

    @property
    def needed_rows(self) -> NDArray[np.int64]:
        """(series,) rows without a gap that a forecast of each series starts from, at least."""
        return np.asarray(self.shortest + self.encoder.warmup)

    @cached_property
    def windows(self) -> Windows:
        """Every window; those to train on are weighted over the time of their series, or by a column of the table."""
        if not self.cuts or self.weighting == "uniform":
            return self._unweighted
        train, column = self.split.train, column_of(self.weighting)
        if column is not None:
            return self._unweighted.weighted_by(self.frame[column].to_numpy(np.float64), column, train)
        borders = np.searchsorted(self._unweighted.target_rows[train], self.borders[1:-1])
        return self._unweighted.weighted(self.weighting, *np.split(train, borders))

    @cached_property
    def split(self) -> Split:
        """The windows of each part, by the row of their target; a part may be empty."""
        return divide(self._unweighted, self.borders, self.cuts)

    def checked_split(self) -> Split:
        """Return the windows of each part for a training.

        Raises
        ------
        DataError
            There is no window, or a part with a share of the rows got none.
        """
        refuse_empty_parts(self.split, self._unweighted, self.segments, self.borders, self.cuts)
        return self.split

    def naive_output(self, selection: NDArray[np.int64]) -> float | NDArray[np.float64] | None:
        """Return the output that the transform's naive forecast stands for, at some windows; None for the last value.

        A change of nothing lies elsewhere for each series of a panel, (windows,).
        """
        if self.encoder.transform.memory == 0:
            return None  # none and log: the naive forecast repeats the last value
        scaling = self.store.scaling
        if scaling is None or len(self.ids) == 1:
            return float(self.encoder.standardise(np.zeros(())))
        series = self.series[self.windows.target_rows[selection]]
        return np.asarray(-scaling.mean[series, 0] / scaling.scale[series, 0])

    # Origins ---------------------------------------------------------------------------------------------------------

    def possible(self, start: int, stop: int, horizon: int) -> NDArray[np.int64]:
        """List the first forecast rows that have a whole window before them and the whole horizon after them.

        Parameters
        ----------
        start, stop
            Every forecast row lies in ``start … stop - 1``.
        horizon
            Steps of a forecast; neither its window nor its steps span a gap.

        Returns
        -------
        ndarray
            Row numbers of first forecast steps, rising.
        """
        need = self.lookback + self.encoder.warmup
        rows = np.arange(max(start, need), stop - horizon + 1)
        unbroken: NDArray[np.bool_] = self.segments[rows - need] == self.segments[rows + horizon - 1]
        return np.asarray(rows[unbroken])

    def calibration_origins(self, horizon: int) -> NDArray[np.int64]:
        """List the possible origins whose steps all lie in calibration rows."""
        begins = self.borders[:-1] + np.array([cuts.calibration for cuts in self.cuts])
        rows = np.arange(int(begins[0]), len(self) - horizon + 1)
        series = self.series[rows]
        first = rows - self.needed_rows[series]
        inside = (rows >= begins[series]) & (rows + horizon <= self.borders[1:][series])
        inside &= first >= self.borders[series]
        rows, first = rows[inside], first[inside]
        unbroken: NDArray[np.bool_] = self.segments[first] == self.segments[rows + horizon - 1]
        return np.asarray(rows[unbroken])

    @property
    def calibration_rows(self) -> int:
        """Count the calibration rows."""
        return sum(cuts.rows - cuts.calibration for cuts in self.cuts)

    def actual(self, rows: NDArray[np.int64], horizon: int) -> NDArray[np.float64]:
        """Return the observed target at each step after an origin, (origins, horizon)."""
        return self.store.target(rows[:, None] + np.arange(horizon))

    def tails(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the values before each row that decoding its forecast needs, (rows, tail)."""
        return self.store.target(rows[:, None] + np.arange(-self.encoder.tail, 0))

    def origins(self, rows: NDArray[np.int64], horizon: int, known: tuple[str, ...] = ()) -> Origins:
        """Gather origins within the rows.

        Parameters
        ----------
        rows
            First forecast rows, as `possible` lists them.
        horizon
            Steps of a forecast.
        known
            Covariates whose future counts as known there; the others are held at their last value.
        """
        ahead = rows[:, None] + np.arange(horizon)
        if self.is_panel:
            future = self._known(self.series[rows], self.index.take(ahead.ravel()))
        else:
            times = pd.DataFrame(index=self.index.take(ahead.ravel()))
            future = np.asarray(self.encoder.known(times)).reshape(*ahead.shape, -1)
        for column in (self.encoder.columns.index(name) for name in self.encoder.covariates):
            last_value = np.repeat(self.store.encoded(rows - 1)[:, column][:, None], horizon, axis=1)
            is_known = self.encoder.columns[column] in known
            future[..., column] = self.store.encoded(ahead)[..., column] if is_known else last_value
        return self._gathered(rows, future)

    def newest(self, horizon: int, known: pd.DataFrame | None = None, series: int = 0) -> Origins:
        """Gather the one origin after the last row of a series.

        Parameters
        ----------
        horizon
            Steps of the forecast.
        known
            (horizon, any) future covariates, one row per step; others are held at their last value.
        series
            Number of the series.

        Raises
        ------
        DataError
            The last stretch without a gap is shorter than a window, or `known` has the wrong rows or columns.
        """
        start, stop = (int(row) for row in self.borders[series : series + 2])
        stretch = self.stretch(series)
        need = int(self.needed_rows[series])
        if stretch < need:
            raise DataError(
                f"a forecast needs {need} rows since the last gap (lookback {need - self.encoder.warmup} + warmup"
                f" {self.encoder.warmup}), got {stretch}; add rows, or raise max_gap= if that step is no gap"
            )
        times = future_index(self.index[start:stop], horizon)
        covariates = pd.DataFrame(index=times) if known is None else known_rows(known, times)
        if self.store.scaling is not None:
            return self.newest_origins(np.array([series]), times, None if known is None else covariates)
        last_row = self.store.encoded(slice(stop - 1, stop))[0]
        return self._gathered(np.array([stop]), self.encoder.known(covariates, last_row)[None])

    def newest_origins(self, series: NDArray[np.int64], times: pd.Index, known: pd.DataFrame | None = None) -> Origins:
        """Gather the origins after the last rows of several series, each of them in a panel.

        Parameters
        ----------
        series
            Numbers of the series, none of whose last stretches is shorter than a window: see `stretches`.
        times
            (series * horizon,) times of the forecasts, series by series.
        known
            Future covariates, in the order of `times`; others are held at their last value.
        """
        rows = self.borders[series + 1]
        last = self.store.encoded(rows - 1)
        return self._gathered(rows, self._known(series, times, known, last), series)

    def _known(
        self,
        series: NDArray[np.int64],
        times: pd.Index,
        known: pd.DataFrame | None = None,
        last: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Encode what is known of the future of several series, (series, horizon, columns), as `Encoder.known` does."""
        horizon = len(times) // max(1, len(series))
        given = pd.DataFrame(index=times) if known is None else known.set_axis(times)
        scaling, each = self.store.scaling, np.repeat(series, horizon)
        alike = self.encoder
        encoder = alike if scaling is None else alike.scaled(scaling.mean[each], scaling.scale[each])
        held = None if last is None else np.repeat(last, horizon, axis=0)
        return np.asarray(encoder.known(given, held)).reshape(len(series), horizon, -1)

    @cached_property
    def stretches(self) -> NDArray[np.int64]:
        """(series,) rows of each series since its last gap."""
        first = np.searchsorted(self.segments, self.segments[self.borders[1:] - 1])
        return np.asarray(self.borders[1:] - first)

    def stretch(self, series: int = 0) -> int:
        """Count the rows of a series since its last gap."""
        return int(self.stretches[series])

    def _gathered(
        self, rows: NDArray[np.int64], future: NDArray[np.float32], series: NDArray[np.int64] | None = None
    ) -> Origins:
        described = self._series_of(rows, series)
        if self.padding == "none":
            windows = self.store.encoded(rows[:, None] + np.arange(-self.lookback, 0))
            return Origins(windows, self.tails(rows), future, rows, described)
        lengths = self.steps_up_to(rows - 1)
        steps = np.minimum((rows - lengths)[:, None] + np.arange(self.lookback), rows[:, None] - 1)
        windows = np.where(step_mask(lengths, self.lookback)[..., None], self.store.encoded(steps), np.float32(0))
        padded = None if bool((lengths == self.lookback).all()) else lengths
        return Origins(windows, self.tails(rows), future, rows, described, padded, masked=self.padding != "read")

    def _series_of(self, rows: NDArray[np.int64], series: NDArray[np.int64] | None) -> OriginSeries | None:
        """Describe the series of some origins; None where all rows are scaled alike."""
        scaling = self.store.scaling
        if scaling is None:
            return None
        number = self.series[rows] if series is None else series
        return OriginSeries(
            number, rows - self.borders[number], self._noise_keys[number], scaling.mean[number], scaling.scale[number]
        )

    @cached_property
    def _noise_keys(self) -> NDArray[np.uint64]:
        """(series,) what the noise of each series is drawn from; 0 for the only one of a training."""
        keys = noise_keys(self.ids)
        trained = self.encoder.series
        if trained is not None and len(trained) == 1:
            keys[[name in trained.ids for name in self.ids]] = 0
        return keys

    # Newer rows ------------------------------------------------------------------------------------------------------

    def append(self, newer: pd.DataFrame, static: pd.DataFrame | None = None) -> Dataset:
        """Append newer rows: training and validation stay where they were in time, the newest rows calibrate.

        Parameters
        ----------
        newer
            Rows of a series as `lstm_lab.data.append.read_newer` gives them; of a panel by (id, time). The rows of an
            id that is not here yet are not trained on: they calibrate.
        static
            Static inputs of the ids in `newer`, a row each.
        """
        weights = column_of(self.weighting)
        if self.older is not None:
            whole = self._restored(newer)
            if whole is not None:
                return whole if len(newer) == len(whole) else whole.append(newer)
            newer = newer[newer.index >= self.index[0]]
        if weights is not None and weights not in newer.columns:  # only a training on these rows asks for them
            newer = newer.assign(**{weights: np.nan})
        store = self.store.append(newer, static)
        before = dict(zip(self.ids, zip(pairwise(self.borders), self.cuts, strict=False), strict=False))
        moved = []
        for name, (first, last) in zip(store.ids, pairwise(store.borders), strict=True):
            if name in before:
                (a, b), cuts = before[name]
                moved.append(cuts.moved(self.index[a:b], store.index[first:last]))
            else:
                moved.append(Cuts(0, 0, int(last - first)))
        left_out = tuple(name for name in self.left_out if name not in set(store.ids))
        return replace(self, store=store, cuts=tuple(moved) if self.cuts else (), left_out=left_out)

    def _restored(self, table: pd.DataFrame) -> Dataset | None:
        """Return the dataset of all rows, if a table begins with them."""
        columns = self.used_columns
        if self.older is None or not {*columns} <= {*table.columns} or not self.older.are_in(table, columns):
            return None
        cuts = self.older.cuts
        store = FrameStore(table.iloc[: cuts.rows], self.encoder, self.store.max_gap)
        return replace(self, store=store, cuts=(cuts,), older=None)

    def begins(self, table: pd.DataFrame) -> bool:
        """Return whether rows that are not here are in a table, with those that are."""
        return self._restored(table) is not None

    def cut_anew(self, validation: float, calibration: float) -> Dataset:
        """Cut all rows by shares; of a panel, those of each series."""
        counts = np.diff(self.borders).tolist()
        by_rows = {rows: cut_rows(rows, validation=validation, calibration=calibration) for rows in set(counts)}
        cuts = tuple(by_rows[rows] for rows in counts)
        return self if cuts == self.cuts else replace(self, cuts=cuts)

    def trainable(self, max_gap: str | None = None, *, refuse: bool = False) -> Dataset:
        """Leave out the series of a panel that have no window to train on; `left_out` names them.

        Raises
        ------
        DataError
            There is one, and it is to be refused.
        """
        trained = self.series[self.windows.target_rows[self.split.train]]
        enough = np.bincount(trained, minlength=len(self.ids)) > 0
        if not self.is_panel or enough.all() or not enough.any():
            return self
        short = [plain(name) for name, kept in zip(self.ids, enough, strict=True) if not kept]
        if refuse:
            raise DataError(
                f"with short='error' every id needs a training window of {self.lookback} rows, but {len(short)} of"
                f" {len(self.ids)} ids have none: {listed(short)}; leave their rows out, or give them more"
            )
        table, static = self.frame, self.store.static
        rows = table[enough[self.series]]
        rows = rows.set_axis(cast("pd.MultiIndex", rows.index).remove_unused_levels(), axis=0)
        rows.attrs = table.attrs
        store = FrameStore(rows, self.encoder, max_gap, None if static is None else static[enough])
        cuts = tuple(each for each, kept in zip(self.cuts, enough, strict=True) if kept)
        return replace(self, store=store, cuts=cuts, left_out=(*self.left_out, *short))

    def same_training(self, other: Dataset) -> bool:
        """Return whether another dataset has the same training and validation rows, with no value of them revised."""
        own, others = self._before_calibration(), other._before_calibration()
        if [part.stop - part.start for part in own] != [part.stop - part.start for part in others]:
            return False
        return all(
            np.array_equal(self.store.encoded(here), other.store.encoded(there), equal_nan=True)
            for part, counterpart in zip(own, others, strict=True)
            for here, there in zip(blocks_of(part), blocks_of(counterpart), strict=True)
        )

    def _before_calibration(self) -> list[slice]:
        """List the training and validation rows of each series that has any: a new id has none."""
        begins = self.borders[:-1].tolist()
        return [
            slice(start, start + count)
            for start, cuts in zip(begins, self.cuts, strict=False)
            if (count := cuts.calibration - cuts.expired) > 0
        ]
