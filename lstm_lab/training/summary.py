"""The text of a training: what was trained on what, how it ended, and how it compares with the naive forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.encoding.panel_ids import listed
from lstm_lab.data.windows.padding import padded_steps
from lstm_lab.formatting import moment, number, percent
from lstm_lab.results import Summary
from lstm_lab.training.divergence import divergence

if TYPE_CHECKING:
    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import TrainingEnd
    from lstm_lab.options import TrainOptions

__all__ = ["training_summary"]


def training_summary(
    dataset: Dataset,
    options: TrainOptions,
    end: TrainingEnd,
    *,
    stack: str,
    reason: str,
    loss: float,
    naive: float | None,
    name: str | None = None,
) -> Summary:
    """Summarise a training in a title and labelled lines.

    Parameters
    ----------
    dataset
        The rows that forecasts start from.
    options
        As used.
    end
        How training ended.
    stack
        The network in one line.
    reason
        Why the target was transformed as it was.
    loss, naive
        Best validation loss, and the naive forecast's; neither is compared where one is missing.
    name
        What the run is called.
    """
    index, loaded = dataset.index, dataset.frame.attrs.get("lstm_lab", {})
    rows = [
        ("network", stack),
        *_series(dataset),
        (
            "data",
            f"{_kept(dataset)}{len(index):,} rows, {moment(index.min())} to {moment(index.max())}{_blemishes(dataset)}",
        ),
        *(("read", note) for note in loaded.get("notes", ())),
        ("rows", f"{_parts(dataset)}; lookback {options.lookback}"),
        *_padding(dataset, options),
        ("inputs", ", ".join(dataset.encoder.columns)),
        ("transform", reason),
        *([] if options.scaler == "standard" else [("scaler", f"{options.scaler}, to the range of the training rows")]),
        ("sample weights", options.weights),
        ("training", f"{end.message} ({end.seconds:.0f} s)"),
    ]
    if naive is not None and np.isfinite(loss):
        rows.append(("validation loss", _against_naive(loss, naive)))
    title = f"Run {name!r}: {dataset.encoder.target}" if name else f"Run: {dataset.encoder.target}"
    return Summary(", ".join(filter(None, (title, divergence(options, end, loss, naive)))), tuple(rows))


def _kept(dataset: Dataset) -> str:
    """Say that older rows are not here; empty where all are."""
    return "" if dataset.older is None else f"of {dataset.older.rows + len(dataset):,} rows the newest "


def _series(dataset: Dataset) -> list[tuple[str, str]]:
    """Count the series of a panel, and name the ids that were left out."""
    if not dataset.is_panel:
        return []
    rows = np.diff(dataset.borders)
    lengths = f"{rows.min():,} rows" if rows.min() == rows.max() else f"{rows.min():,} to {rows.max():,} rows"
    lines = [("series", f"{len(rows):,} of {lengths}")]
    if dataset.left_out:
        few = f"too few rows to train on: {listed(dataset.left_out)}"
        lines.append(("left out", f"{len(dataset.left_out):,} with {few}"))
    return lines


def _padding(dataset: Dataset, options: TrainOptions) -> list[tuple[str, str]]:
    """Count the padded training windows, and the share of padding among the steps that batches of them compute."""
    lengths = dataset.windows.lengths
    if lengths is None:
        return []
    own = lengths[dataset.split.train]
    padded = f"{np.count_nonzero(own < dataset.lookback):,} of {len(own):,} training windows"
    if dataset.padding == "read":
        return [("padding", f"{padded}, read as if it were data (mask off)")]
    shares = padded_steps(own, options.batch or len(own)).shares
    computed = f"{percent(shares['by_length'])} of the computed steps in batches of like lengths"
    longest = f"{percent(shares['to_longest'])} if all were padded to the longest"
    return [("padding", f"{padded}, masked; {computed}, {longest}")]


def _blemishes(dataset: Dataset) -> str:
    """Describe gaps, values that were filled in, and doubtful times."""
    gaps = int(dataset.segments[-1]) + 1 - len(dataset.ids)
    loaded = dataset.frame.attrs.get("lstm_lab", {})
    filled = int(loaded.get("filled_values", 0))
    remarks = [f"{gaps} gap{'s' * (gaps > 1)}, spanned by no window"] * (gaps > 0)
    remarks += [f"{filled} value{'s' * (filled > 1)} filled in"] * (filled > 0)
    dates = loaded.get("dates", {})
    remarks += [loaded["counted"]] if loaded.get("counted") else []
    remarks += [f"{dates['column']!r} read {dates['note']}"] if dates.get("note") else []
    return "".join(f"; {part}" for part in remarks)


def _parts(dataset: Dataset) -> str:
    """Count the rows of each part."""
    expired = sum(cuts.expired for cuts in dataset.cuts)
    trained = dataset.cuts if dataset.older is None else (dataset.older.cuts,)
    parts = {
        "train": sum(cuts.validation for cuts in trained),
        "validation": sum(cuts.calibration - cuts.expired - cuts.validation for cuts in trained),
        "calibration": sum(cuts.rows - cuts.calibration for cuts in dataset.cuts),
    }
    if expired:
        parts["older than the band remembers"] = expired
    return ", ".join(f"{part} {count:,}" for part, count in parts.items())


def _against_naive(loss: float, naive: float) -> str:
    if naive == 0:
        return f"{number(loss)}; the naive forecast's is 0, for nothing changes in the validation rows"
    change = 100 * (1 - loss / naive)
    word = "below" if change >= 0 else "above"
    return f"{number(loss)}, {abs(change):.0f} % {word} the naive forecast's {number(naive)} (one step ahead)"
