"""Windows over the encoded rows, kept as row numbers: a window's values are gathered when a batch asks for them.

A window is `lookback` consecutive rows and the transformed target of the row after them. It never spans a gap, and
none of its rows lies in a warmup. Splits are chronological and every target is in exactly one part; the inputs of the
first validation windows reach back into training rows, which gives nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lstm_lab.data.sample_weights import sample_weights
from lstm_lab.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = [
    "REACH",
    "Cuts",
    "Grid",
    "Padded",
    "Split",
    "Windows",
    "cut_rows",
    "divide",
    "largest_lookback",
    "pad",
    "refuse_empty_parts",
    "windows_of",
]

REACH = 1.5
"""Memory of a calibration, in spans of the rows that it began with. On six series, with 60 origins each,
nominal 90 % bands held 88 to 91 % with 1.5, 89 to 92 % with 1 and bands up to 9 % wider, and 84 to 90 % when
nothing was forgotten or learnt."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows by the row number of their target."""

    matrix: np.ndarray
    """(rows, columns) float32 encoded rows, the standardised transformed target first."""
    lookback: int
    ends: np.ndarray
    """(n,) row of each window's target, rising; the inputs are rows end - lookback … end - 1."""
    weights: np.ndarray
    """(n,) float64 sample weights."""

    def __len__(self) -> int:
        return len(self.ends)

    def inputs(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather the inputs of some windows.

        Parameters
        ----------
        selection
            Positions among the windows (not rows), as a `Split` gives them; all by default.

        Returns
        -------
        numpy.ndarray
            (k, lookback, columns) float32, a copy.
        """
        return np.asarray(self.matrix[self.ends[selection][:, None] + np.arange(-self.lookback, 0)])

    def targets(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather standardised targets, (k,) float32."""
        return np.asarray(self.matrix[self.ends[selection], 0])

    def step_targets(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather a target for every step, (k, lookback) float32: at each input row, the value one row later."""
        return np.asarray(self.matrix[self.ends[selection][:, None] + np.arange(-self.lookback + 1, 1), 0])

    def weighted(self, scheme: str, *train: np.ndarray) -> Windows:
        """Weigh the training windows over time; the others keep weight 1.

        Parameters
        ----------
        scheme
            As for `lstm_lab.data.sample_weights.sample_weights`.
        *train
            Positions of the training windows of each series, oldest first; their weights have mean 1.
        """
        weights = np.ones(len(self.ends))
        for positions in train:
            weights[positions] = sample_weights(scheme, len(positions))
        return replace(self, weights=weights)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Which of many windows one pass reads: one from each cell of neighbours, another in the next pass.

    Notes
    -----
    Windows whose targets follow each other without a hole are a run. The newest window of each run is read in every
    pass, for no later window holds its targets; the others are divided into cells of one width of at most `stride`
    windows, and one offset between 0 and 1, drawn for the pass, says which window of each cell is read. Windows that
    are read then lie at most `stride` rows apart, so that a pass leaves out no target that fewer burnt-in steps than
    lookback - stride would have counted, and every pass reads equally many.
    """

    first: np.ndarray
    """(cells,) float64 position, among the windows, of each cell's oldest, rising."""
    width: np.ndarray
    """(cells,) float64 windows in each cell; 0 for a window that is always read."""
    chance: np.ndarray
    """(n,) probability that a pass reads each window."""

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, ends: np.ndarray, stride: int) -> Grid:
        """Divide windows into cells.

        Parameters
        ----------
        ends
            (n,) row of each window's target, rising.
        stride
            Windows of a cell, at most; 1 reads every window in every pass.
        """
        if stride == 1:
            count = len(ends)
            return cls(np.arange(count, dtype=np.float64), np.ones(count), np.ones(count))
        starts = np.concatenate([[0], np.flatnonzero(np.diff(ends) != 1) + 1])
        older = np.diff([*starts, len(ends)]) - 1
        cells = -(-older // stride)
        width = older / np.maximum(cells, 1)
        chance = np.repeat(cells / np.maximum(older, 1), older + 1)
        chance[starts + older] = 1.0
        number = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells, cells)
        first = np.repeat(starts, cells) + number * np.repeat(width, cells)
        firsts = np.concatenate([first, (starts + older).astype(np.float64)])
        widths = np.concatenate([np.repeat(width, cells), np.zeros(len(starts))])
        order = np.argsort(firsts, kind="stable")
        return cls(firsts[order], widths[order], chance)

    def chosen(self, offset: float) -> np.ndarray:
        """Give the positions of the windows that a pass with this offset, from 0 to below 1, reads."""
        return np.floor(self.first + offset * self.width).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Row numbers where the chronological parts of a series begin, counted from its first row."""

    validation: int
    calibration: int
    rows: int
    forgotten: int = 0
    """Rows before `calibration` that calibrated once and, since newer ones came, no longer do."""
    remembered: int = 0
    """Rows that calibrate at most, settled when the first newer ones came."""

    @property
    def train_rows(self) -> slice:
        """Rows that scalers and the choice of a transform may look at."""
        return slice(0, self.validation)

    def moved(self, old: pd.Index, new: pd.Index) -> Cuts:
        """Find the cuts of a series in the longer one that it has become: the newest rows calibrate.

        Parameters
        ----------
        old, new
            Times of the rows before and after; `new` may also have other rows in front.
        """
        validation, begun = (_row_of(old, row, new) for row in (self.validation, self.calibration - self.forgotten))
        remembered = self.remembered or round(REACH * (self.rows - self.calibration))
        first = max(begun, len(new) - remembered) if remembered else begun
        return Cuts(validation, first, len(new), forgotten=first - begun, remembered=remembered)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Positions among the windows, oldest first; a part may be empty if its share was 0."""

    train: np.ndarray
    validation: np.ndarray
    calibration: np.ndarray


class Padded(NamedTuple):
    """Sequences of different lengths in one array."""

    values: np.ndarray
    """(sequences, steps, columns), zeros after each sequence's end."""
    mask: np.ndarray
    """(sequences, steps) bool, True where a value is real."""


def cut_rows(rows: int, *, validation: float = 0.1, calibration: float = 0.1) -> Cuts:
    """Cut a series into train | validation | calibration, oldest first.

    Parameters
    ----------
    rows
        Rows of the series.
    validation, calibration
        Shares of all rows, at least 0 and together below 1; any share above 0 is at least one row.

    Returns
    -------
    Cuts
        The row numbers of the cuts.

    Raises
    ------
    OptionError
        The shares leave nothing to train on.
    """
    if validation < 0 or calibration < 0 or validation + calibration >= 1:
        raise OptionError(
            "validation and calibration are shares of at least 0 and together below 1, "
            f"got {validation:g} and {calibration:g}; for example 0.1 and 0.1"
        )
    newest = _share(rows, calibration)
    middle = _share(rows, validation)
    return Cuts(max(0, rows - newest - middle), max(0, rows - newest), rows)


def _share(rows: int, share: float) -> int:
    return max(1, round(rows * share)) if share > 0 else 0


def windows_of(
    matrix: np.ndarray,
    segments: np.ndarray,
    lookback: int,
    *,
    warmup: int = 0,
    borders: np.ndarray | None = None,
    cuts: Sequence[Cuts] = (),
) -> Windows:
    """Find every window of encoded rows.

    Parameters
    ----------
    matrix
        (rows, columns) float32 as `Encoder.encode` gives it, NaN in the warmups.
    segments
        (rows,) number of the gap-free stretch that each row belongs to.
    lookback
        Rows the network sees before each target.
    warmup
        Rows of the encoder's warmup, for the message; at least those that are seen to be unusable.
    borders, cuts
        As for `divide`, where the rows are divided: the message then says what all parts need.

    Returns
    -------
    Windows
        With weights of 1.

    Raises
    ------
    DataError
        No stretch is long enough for a single window.
    """
    run = _usable_runs(matrix, segments)
    ends = np.flatnonzero(run > lookback)
    if len(ends) == 0:
        borders = np.array([0, len(matrix)]) if borders is None else borders
        raise DataError(_too_short(run, segments, lookback, warmup=warmup, borders=borders, cuts=cuts))
    return Windows(matrix, lookback, ends, np.ones(len(ends)))


def _usable_runs(matrix: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Count the usable rows without a gap up to and with each row, (rows,); 0 where a row is unusable."""
    rows = len(matrix)
    unusable = np.isnan(matrix).any(axis=1)
    # A stretch of usable rows ends at a warmup, and at a gap even where there is no warmup.
    broken = unusable.copy()
    broken[1:] |= np.diff(segments) != 0
    run = np.arange(rows) - np.maximum.accumulate(np.where(broken, np.arange(rows), 0))
    run += ~unusable[np.arange(rows) - run]
    return np.where(unusable, 0, run)


def _too_short(
    run: np.ndarray, segments: np.ndarray, lookback: int, *, warmup: int, borders: np.ndarray, cuts: Sequence[Cuts]
) -> str:
    """Say how many rows there are, how many it takes, and what would help."""
    usable = np.ones(len(run), dtype=np.bool_)
    for start, own in zip(borders, cuts, strict=False):
        usable[start + own.validation : start + own.rows] = False
    stretches = len(np.unique(segments))
    got = int(np.unique(segments[usable], return_counts=True)[1].max(initial=0))
    lost = int(np.unique(segments[run == 0], return_counts=True)[1].max(initial=0))
    warmup = max(warmup, lost)
    need = lookback + warmup + 1
    gaps = f" in a stretch without a gap (of {stretches}; see max_gap)" if stretches > 1 else ""
    return (
        f"a window needs {need}{' train' if cuts else ''} rows (lookback {lookback} + warmup {warmup} + 1 target), "
        f"got {got}{f' of {len(run)} rows' if cuts else ''}{gaps}; {_remedy(largest_lookback(run, borders, cuts))}"
    )


def largest_lookback(run: np.ndarray, borders: np.ndarray, cuts: Sequence[Cuts]) -> int:
    """Find the largest lookback with which there is a window, in each part where the rows are divided; 0 without any.

    Parameters
    ----------
    run
        (rows,) usable rows without a gap up to and with each row.
    borders, cuts
        As for `divide`.
    """
    if not cuts:
        return max(0, int(run.max(initial=0)) - 1)
    longest: dict[str, int] = {"train": 0}
    for start, own in zip(borders, cuts, strict=False):
        for name, first, last in (
            ("train", 0, own.validation),
            ("validation", own.validation, own.calibration - own.forgotten),
            ("calibration", own.calibration, own.rows),
        ):
            if last > first:
                longest[name] = max(longest.get(name, 0), int(run[start + first : start + last].max()))
    return max(0, min(longest.values()) - 1)


def _remedy(largest: int) -> str:
    """Say what would give every part a window."""
    if largest < 1:
        return "use more data, or features that look back less far"
    return f"use more data, or lower lookback to at most {largest}"


def divide(windows: Windows, borders: np.ndarray, cuts: Sequence[Cuts]) -> Split:
    """Divide the windows by the row of their target; a part may be empty.

    Parameters
    ----------
    windows
        Every window.
    borders
        (series + 1,) row where each series begins, and the number of rows.
    cuts
        Where the parts of each series begin.
    """
    parts: list[list[np.ndarray]] = []
    for start, own in zip(borders, cuts, strict=False):
        begins = (0, own.validation, own.calibration - own.forgotten, own.calibration, own.rows)
        rows = np.searchsorted(windows.ends, start + np.array(begins))
        parts.append([np.arange(first, last) for first, last in pairwise(rows)])
    train, validation, _, calibration = (np.concatenate(series) for series in zip(*parts, strict=True))
    return Split(train, validation, calibration)


def refuse_empty_parts(
    split: Split, windows: Windows, segments: np.ndarray, borders: np.ndarray, cuts: Sequence[Cuts]
) -> None:
    """Refuse a training whose parts are not all there.

    Parameters
    ----------
    split
        The windows of each part.
    windows
        Every window.
    segments
        (rows,) number of the gap-free stretch that each row belongs to.
    borders, cuts
        As for `divide`.

    Raises
    ------
    DataError
        A part with a share of the rows got no window.
    """
    shares = {
        "train": (split.train, sum(own.validation for own in cuts)),
        "validation": (split.validation, sum(own.calibration - own.validation for own in cuts)),
        "calibration": (split.calibration, sum(own.rows - own.calibration for own in cuts)),
    }
    for name, (positions, share) in shares.items():
        if len(positions) == 0 and (share > 0 or name == "train"):
            largest = largest_lookback(_usable_runs(windows.matrix, segments), borders, cuts)
            raise DataError(
                f"every part needs a window, but none of the {len(windows)} windows of lookback {windows.lookback} "
                f"has its target in the {share} {name} rows; {_remedy(largest)}"
            )


def _row_of(old: pd.Index, row: int, new: pd.Index) -> int:
    """Find a row by its time in an index that may have other rows before it; the end is what comes after the last."""
    if row == len(old):
        return int(new.searchsorted(old[-1], side="right"))
    return int(new.searchsorted(old[row], side="left"))


def pad(sequences: Sequence[np.ndarray], steps: int | None = None) -> Padded:
    """Right-pad sequences of different lengths with zeros.

    Parameters
    ----------
    sequences
        Arrays (length, columns) of one dtype and width; the length may be 0.
    steps
        Steps to pad to; a longer sequence keeps its newest steps. By default the longest length.

    Returns
    -------
    Padded
        ``(values, mask)``.

    Raises
    ------
    DataError
        There is no sequence, or their widths differ.
    """
    widths = {sequence.shape[1:] for sequence in sequences}
    if len(widths) != 1:
        raise DataError(f"sequences to pad are at least one and of one width, got widths {sorted(widths)}; align them")
    length = max(len(sequence) for sequence in sequences) if steps is None else steps
    values = np.zeros((len(sequences), length, *widths.pop()), dtype=np.result_type(*sequences))
    mask = np.zeros((len(sequences), length), dtype=bool)
    for row, sequence in enumerate(sequences):
        newest = sequence[max(0, len(sequence) - length) :]
        values[row, : len(newest)] = newest
        mask[row, : len(newest)] = True
    return Padded(values, mask)
