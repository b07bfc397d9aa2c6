"""`FeatureDoctor`: the inputs of a network, column by column, before any is trained."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.diagnostics.feature_report import FUTURE, FeatureReport
from lstm_lab.formatting import number
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FeatureDoctor", "broken_outline", "outline"]

BUCKETS = 1000
"""Stretches of rows that a long series is drawn by: the lowest and the highest value of each."""
BINS = 31
NEWEST = 120
"""Training rows that the small preview of a column shows."""


@views.register(FeatureReport)
class FeatureDoctor(LabWidget):
    """The live view of a feature report.

    Parameters
    ----------
    result
        The report.
    """

    _view = traitlets.Unicode("features").tag(sync=True)

    def __init__(self, result: FeatureReport, **traits: Any) -> None:
        self._report = result
        super().__init__(result, **{"label": f"Inputs for {result.target}", "height": 360, **traits})

    def fill(self) -> None:
        """Put series, histograms, correlations and findings on the wire; long series as `outline` thins them."""
        report, measures = self._report, self._report.analysis.measures
        frame, cut = report.analysis.ready.dataset.frame, report.analysis.ready.dataset.cuts[0].validation
        row_axis = axis(frame.index)
        target = frame[report.target].to_numpy(dtype=np.float64)
        values = np.column_stack([target, report.analysis.raw])
        times, outlines = broken_outline(values, report.analysis.ready.dataset.segments, row_axis.positions)
        self.wire.put("times", times)
        self.wire.put("series", np.ascontiguousarray(outlines.T, dtype=np.float32))
        spread, edges = self._spread(report.analysis.raw, cut)
        newest = report.analysis.raw[max(0, cut - NEWEST) : cut]
        self.wire.put("newest", np.ascontiguousarray(newest.T, dtype=np.float32))
        self.wire.put("spread", spread)
        self.wire.put("edges", edges)
        self.wire.put("ahead", measures.ahead.astype(np.float32))
        self.wire.put("size", measures.size_ahead.astype(np.float32))
        self.wire.set(
            target=report.target,
            rows=report.rows_in_words(),
            reason=report.reason,
            chance=f"next: correlation with what is learnt a row later, size: with its distance from its mean; "
            f"{report.chance_in_words()}",
            chance_share=report.chance,
            recent=f"last {len(newest)} of training",
            findings=[finding.text for finding in report.findings] or ["Nothing to complain of."],
            columns=[self._column(name) for name in report.summary.index],
            candidates=[self._candidate(label) for label in report.candidates.index],
            is_time=row_axis.is_time,
            step=row_axis.step,
            cut=float(row_axis.positions[cut]) if cut < len(frame) else None,
        )

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return every measure, and the series by fewer points: the lowest and the highest of each stretch."""
        arrays = self.wire.arrays()
        if share < 1:
            series = arrays["series"].T.astype(np.float64)
            rows, thinned = outline(series, max(20, math.floor(share * len(series) / 2)))
            arrays["times"], arrays["series"] = arrays["times"][rows], np.ascontiguousarray(thinned.T, np.float32)
        return arrays

    def text(self) -> str:
        """Return the report as text."""
        return repr(self._report)

    def _column(self, name: Any) -> list[str]:
        """Return a column's name, source, two correlations with the next value, and its facts as one text."""
        row = self._report.summary.loc[name]
        facts = [FUTURE.get(str(row["source"]), "what is learnt")]
        low, high, sd = (number(row[key]).replace("-", "−") for key in ("min", "max", "sd"))
        facts.append(f"{low} to {high}, mean {_plainly(row['mean'], row['sd'])}, sd {sd}")
        rows = "row" if row["warmup"] == 1 else f"{row['warmup']} rows"
        facts += [f"no value in its first {rows}"] * bool(row["warmup"])
        if np.isfinite(row["persistence"]):
            facts.append(f"correlation with itself a row later {row['persistence']:.2f}".replace("-", "−"))
        facts += [f"nearly repeats {row['repeats']}"] * bool(row["repeats"])
        marks = [f"{row[key]:+.3f}".replace("-", "−") if np.isfinite(row[key]) else "–" for key in ("next", "size")]
        return [str(name), str(row["source"]), *marks, " · ".join(facts)]

    def _candidate(self, label: Any) -> list[Any]:
        row = self._report.candidates.loc[label]
        error = float(row["error"])
        note = f"learnt: {row['note']}" if row["learnt"] else str(row["note"])
        return [str(label), error if np.isfinite(error) else None, note, bool(row["learnt"])]

    def _spread(self, raw: NDArray[np.float64], cut: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute histograms of each column, of the training rows and of the later rows, as shares.

        Returns
        -------
        tuple of numpy.ndarray
            (columns, 2, bins) shares, and (columns, 2) the centres of the first and the last bin, which also take what
            lies beyond them: more than 5 standard deviations from the training rows' mean.
        """
        measures = self._report.analysis.measures
        low = np.maximum(measures.minimum, measures.mean - 5 * measures.sd)
        high = np.minimum(measures.maximum, measures.mean + 5 * measures.sd)
        width = np.where(high > low, high - low, 1.0)
        bins = np.clip(np.nan_to_num((raw - low) / width) * (BINS - 1) + 0.5, 0, BINS - 1).astype(np.intp)
        shares = np.zeros((raw.shape[1], 2, BINS), dtype=np.float32)
        for column in range(raw.shape[1]):
            for part, rows in enumerate((slice(0, cut), slice(cut, None))):
                column_bins = bins[rows, column][np.isfinite(raw[rows, column])]
                shares[column, part] = np.bincount(column_bins, minlength=BINS) / max(len(column_bins), 1)
        return shares, np.column_stack([low, high]).astype(np.float32)


def outline(values: NDArray[np.float64], buckets: int = BUCKETS) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Thin series for drawing to each stretch's lowest and highest value, so that no peak is lost.

    Parameters
    ----------
    values
        (rows, series), NaN where there is no value.
    buckets
        Stretches of rows that are kept apart.

    Returns
    -------
    tuple of numpy.ndarray
        (points,) the row where each point stands, and (points, series) its values: as they are where 2 * `buckets`
        points hold them, else the lowest and the highest value of every stretch, in the order in which they came.
    """
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count), values
    size = -(-count // buckets)
    padded = np.full((-(-count // size) * size, values.shape[1]), np.nan)
    padded[:count] = values
    blocks = padded.reshape(-1, size, values.shape[1])
    low, high = (np.where(np.isnan(blocks), fill, blocks) for fill in (np.inf, -np.inf))
    first = low.argmin(axis=1) <= high.argmax(axis=1)
    least, most = low.min(axis=1), high.max(axis=1)
    pairs = np.stack([np.where(first, least, most), np.where(first, most, least)], axis=1)
    rows = (np.arange(len(blocks)) * size)[:, None] + np.array([0, size // 2])
    points = np.where(np.isfinite(pairs), pairs, np.nan).reshape(-1, values.shape[1])
    return np.minimum(rows.ravel(), count - 1).astype(np.intp), points


def broken_outline(
    values: NDArray[np.float64], segments: NDArray[np.int64], positions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin series as `outline` does, each segment between gaps by itself, so that no line is drawn across a gap.

    Parameters
    ----------
    values
        (rows, series).
    segments
        (rows,) number of each row's segment.
    positions
        (rows,) each row's position on the axis.

    Returns
    -------
    tuple of numpy.ndarray
        (points,) positions and (points, series) values, NaN within each gap.
    """
    borders = [0, *(np.flatnonzero(np.diff(segments)) + 1).tolist(), len(values)]
    times: list[NDArray[np.float64]] = []
    outlines: list[NDArray[np.float64]] = []
    for start, stop in pairwise(borders):
        rows, points = outline(values[start:stop], max(1, BUCKETS * (stop - start) // len(values)))
        times.append(positions[start + rows])
        outlines.append(points)
        if stop < len(values):
            times.append(positions[stop - 1 : stop + 1].mean(keepdims=True))
            outlines.append(np.full((1, values.shape[1]), np.nan))
    return np.concatenate(times), np.concatenate(outlines)


def _plainly(mean: float, sd: float) -> str:
    """Format a mean; below the rounding error it is written as 0."""
    return number(mean if abs(mean) > 1e-9 * sd else 0.0).replace("-", "−")
