"""From the rows of many series to what a network would be given: which ids can be trained on, and their encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.dataset import LEAST_STEPS, Dataset
from lstm_lab.data.dates.time_index import segments
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.encoding.panel_encoder import fit_panel_encoder
from lstm_lab.data.encoding.panel_ids import listed, series_of
from lstm_lab.data.panel_choice import choose_panel_inputs
from lstm_lab.data.store import FrameStore
from lstm_lab.data.tables.row_labels import plain
from lstm_lab.data.windows.cuts import Cuts, cut_rows
from lstm_lab.data.windows.sample_weights import column_of
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Padding
    from lstm_lab.data.encoding.auto import InputChoice
    from lstm_lab.options import InputOptions

__all__ = ["padding_of", "prepare_panel", "static_of"]


def prepare_panel(
    frame: pd.DataFrame, target: str, options: InputOptions, *, weighting: str = "uniform"
) -> tuple[Dataset, InputChoice]:
    """Lay out a panel and fit its encoding on the training rows of every series.

    Each series is cut by its own time. An id without a training window has padded ones with ``short="pad"``; if it has
    too few rows for those, or with ``short="skip"``, it is left out, and `Dataset.left_out` names it.

    Parameters
    ----------
    frame
        Rows by (id, time) as `lstm_lab.data.sources.panel.read_panel` gives them.
    target, options, weighting
        As for `lstm_lab.data.preparation.prepare_rows`.

    Raises
    ------
    DataError
        No id has a training window, or with ``short="error"`` not every id.
    """
    kept = _Series.of(frame, options).long_enough(options, warmup=0)
    values = kept.frame[target].to_numpy(np.float64)
    choice = choose_panel_inputs(options.transform, options.features, values, kept.times, kept.borders, kept.cuts)
    available = [str(name) for name in kept.frame.columns if name not in options.static]
    unfitted = Encoder.unfitted(available, target, choice.transform, choice.features)
    longer = kept.long_enough(options, warmup=unfitted.warmup)
    if longer is not kept:  # those that the warmup leaves out have chosen too, but are not counted
        kept, values = longer, longer.frame[target].to_numpy(np.float64)
        parts = kept.times, kept.borders, kept.cuts
        choice = choose_panel_inputs(options.transform, options.features, values, *parts, chosen=choice)
    static = static_of(kept.frame, options.static)
    weights = column_of(weighting)
    used = (target, *unfitted.covariates, *(() if weights is None else (weights,)))
    table = kept.frame[list(dict.fromkeys(used))]
    encoder = fit_panel_encoder(table, target, choice.transform, choice.features, kept.training, kept.segments, static)
    store = FrameStore(table, encoder, options.max_gap, static)
    return Dataset(store, options.lookback, kept.cuts, weighting, kept.left_out, padding_of(options)), choice


def padding_of(options: InputOptions) -> Padding:
    """Return what becomes of a series without a whole training window, see `Dataset.padding`."""
    if options.short != "pad":
        return "none"
    return "masked" if options.mask else "read"


def static_of(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame | None:
    """Return the static columns of a panel, a row a series; None without any."""
    if len(columns) == 0:
        return None
    ids, borders = series_of(frame.index)
    table = frame[list(columns)].iloc[borders[:-1]]
    return table.set_axis(pd.Index(ids, dtype=object), axis=0)


class _Series:
    """The series of a frame with their cuts, and the ids that were left out so far."""

    def __init__(
        self, frame: pd.DataFrame, cuts: tuple[Cuts, ...], max_gap: str | None, left_out: tuple[Hashable, ...]
    ) -> None:
        self.frame = frame
        self.cuts = cuts
        self.left_out = left_out
        self._max_gap = max_gap
        self.ids, self.borders = series_of(frame.index)
        self.times = frame.index.get_level_values(-1)
        self.segments = segments(self.times, max_gap, self.borders)
        series = np.repeat(np.arange(len(self.ids)), np.diff(self.borders))
        self._row = np.arange(len(frame)) - self.borders[series]
        self._series = series
        self.training: NDArray[np.bool_] = self._row < np.array([each.validation for each in cuts])[series]

    @classmethod
    def of(cls, frame: pd.DataFrame, options: InputOptions) -> _Series:
        """Cut every series of a frame."""
        _, borders = series_of(frame.index)
        by_rows = {
            rows: cut_rows(rows, validation=options.validation, calibration=options.calibration)
            for rows in np.unique(np.diff(borders)).tolist()
        }
        return cls(frame, tuple(by_rows[rows] for rows in np.diff(borders).tolist()), options.max_gap, ())

    def long_enough(self, options: InputOptions, *, warmup: int) -> _Series:
        """Leave out the series without a training window.

        Raises
        ------
        DataError
            None is left, or ``short="error"`` refuses that any is left out.
        """
        first = np.searchsorted(self.segments, self.segments)
        seen = np.where(self.training, np.arange(len(first)) - first, 0)
        longest = np.maximum.reduceat(seen, self.borders[:-1])
        steps = options.lookback if options.short != "pad" else min(LEAST_STEPS, options.lookback)
        enough = longest >= steps + warmup
        if enough.all():
            return self
        short = [name for name, kept in zip(self.ids, enough, strict=True) if not kept]
        need = f"{steps + warmup + 1} training rows without a gap"
        need += f" (lookback {steps}" if options.short != "pad" else f" (padded: {steps} steps"
        need += f" + warmup {warmup} + 1 target)" if warmup else " + 1 target)"
        largest = int(longest.max()) - warmup
        if not enough.any():
            lowered = largest > 0 and options.short != "pad"
            remedy = f"lower lookback to at most {largest}" if lowered else "use more data"
            raise DataError(
                f"a training window needs {need}, and the longest id has {int(longest.max()) + 1}; {remedy}"
            )
        if options.short == "error":
            fewest = int(longest.min()) - warmup
            remedy = f"lower lookback to at most {fewest}, or leave" if fewest > 0 else "leave"
            raise DataError(
                f"with short='error' every id needs {need}, but {len(short)} of {len(self.ids)} ids have fewer:"
                f" {listed(short)}; {remedy} them out with short='skip'"
            )
        cuts = tuple(each for each, kept in zip(self.cuts, enough, strict=True) if kept)
        return _Series(self.frame[enough[self._series]], cuts, self._max_gap, (*self.left_out, *map(plain, short)))
