"""Checks of many series before training: ids too short, that never change, or end early, and what single ones show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.encoding.auto import AUTO
from lstm_lab.data.encoding.panel_ids import listed
from lstm_lab.diagnostics.input_analysis import Finding
from lstm_lab.diagnostics.row_checks import FEW
from lstm_lab.formatting import moment, number, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

    import pandas as pd

    from lstm_lab.data.preparation import Prepared
    from lstm_lab.options import InputOptions

__all__ = ["run_panel_checks"]

EARLY = 0.1
"""Share of a usual id's rows by which an id ends before the newest, from which it is reported."""
_OF_A_PANEL = frozenset({"windows", "constant", "missing", "counted", "dates", "read", "twice"})
"""Kinds of findings of a single series that are told of a panel as a whole, or not at all."""


def run_panel_checks(
    ready: Prepared, options: InputOptions, ids: pd.DataFrame, of_series: Mapping[Hashable, Sequence[Finding]]
) -> tuple[Finding, ...]:
    """Return the findings of every check, the gravest first.

    Parameters
    ----------
    ready
        The panel and its encoding.
    options
        How it was prepared.
    ids
        As `lstm_lab.diagnostics.panel_report.PanelFeatureReport.ids` gives them.
    of_series
        Findings of single series, by id.
    """
    return (
        *_too_short(ready, options),
        *_few_windows(ids),
        *_never_changing(ready, ids),
        *_shared(of_series, _OF_A_PANEL | ({"transform"} if options.transform == AUTO else set())),
        *_ending_early(ids),
        *_static_ids(ready, ids),
        *_static_unused(ready, options),
        *_reading(ready),
    )


def _too_short(ready: Prepared, options: InputOptions) -> Iterator[Finding]:
    """Find ids without a training window."""
    left = ready.dataset.left_out
    one_row = int(ready.dataset.frame.attrs.get("lstm_lab", {}).get("left_out", 0))
    total = len(ready.dataset.ids) + len(left) + one_row
    if left:
        yield Finding(
            "short",
            f"{len(left):,} of {total:,} ids have no training window of {options.lookback} rows and are left out:"
            f" {listed(left)}; lower lookback, or give them more rows",
        )
    if one_row:
        yield Finding("short", f"{one_row:,} of {total:,} ids had fewer than 2 rows and are left out")


def _few_windows(ids: pd.DataFrame) -> Iterator[Finding]:
    """Find too few windows in all."""
    windows = int(ids["windows"].sum())
    if windows < FEW:
        yield Finding(
            "windows",
            f"a network learns little from only {windows} training windows of all ids; use more rows, a shorter"
            " lookback, or a small network",
        )


def _never_changing(ready: Prepared, ids: pd.DataFrame) -> Iterator[Finding]:
    """Find ids whose target is the same in every training row."""
    flat = ids.index[(ids["max"] == ids["min"]).to_numpy()]
    if len(flat) > 0:
        yield Finding(
            "constant",
            f"`{ready.dataset.encoder.target}` never changes in the training rows of {len(flat):,} of {len(ids):,} ids:"
            f" {listed(list(flat))}; there is nothing to learn from them, leave them out",
        )


def _shared(of_series: Mapping[Hashable, Sequence[Finding]], without: Collection[str]) -> Iterator[Finding]:
    """Gather what single series show: once for each kind and column, with the ids that have it."""
    having: dict[tuple[str, str | None], list[tuple[Hashable, Finding]]] = {}
    for name, findings in of_series.items():
        for finding in findings:
            if finding.kind not in without:
                having.setdefault((finding.kind, finding.column), []).append((name, finding))
    for (kind, column), cases in having.items():
        names = [name for name, _ in cases]
        if len(names) == 1:
            yield Finding(kind, f"{names[0]!r}: {cases[0][1].text}", column)
            continue
        where = f"in {len(names)} of {len(of_series)} ids looked at ({listed(names)})"
        yield Finding(kind, f"{where}, as in {names[0]!r}: {cases[0][1].text}", column)


def _ending_early(ids: pd.DataFrame) -> Iterator[Finding]:
    """Find ids that end before the newest row: forecasts begin after each id's own last row."""
    newest = ids["last"].max()
    usual = float(ids["rows"].median())
    behind = newest - ids["last"]
    step = ((ids["last"] - ids["first"]) / (ids["rows"] - 1)).median()
    early = (behind > step * max(1.0, EARLY * usual)).to_numpy()
    if early.any():
        when = moment(ids["last"].iloc[int(np.argmax(early))])
        yield Finding(
            "ends",
            f"{int(early.sum()):,} of {len(ids):,} ids end before the newest row, {moment(newest)}:"
            f" {listed(list(ids.index[early]))}, the first at {when}; each is forecast from its own last row, so leave"
            " out those that are over",
        )


def _static_ids(ready: Prepared, ids: pd.DataFrame) -> Iterator[Finding]:
    """Find static columns that nearly name the id, of which a network learns nothing about others."""
    static = ready.dataset.encoder.static
    if static is None:
        return
    for name, levels in static.levels.items():
        if len(levels) > 1 and len(levels) > len(ids) / 2:
            yield Finding(
                "static",
                f"`{name}` has {len(levels)} levels for {len(ids):,} ids, so it says little but which id it is; group"
                " its levels, or leave it out",
                name,
            )


def _static_unused(ready: Prepared, options: InputOptions) -> Iterator[Finding]:
    """Find static columns that the panel was loaded with, and that are no input."""
    known = ready.dataset.frame.attrs.get("lstm_lab", {}).get("static", [])
    unused = [name for name in known if name not in options.static]
    if unused:
        yield Finding(
            "unused",
            f"the panel was loaded with {listed(unused)}, which the network is not given; say static={unused!r}",
        )


def _reading(ready: Prepared) -> Iterator[Finding]:
    """Tell what was filled in, dropped, counted or read as something else."""
    frame = ready.dataset.frame
    notes = frame.attrs.get("lstm_lab", {})
    filled, dropped = int(notes.get("filled_values", 0)), int(notes.get("dropped_rows", 0))
    if filled > 0:
        share = percent(filled / max(1, len(frame)))
        yield Finding("missing", f"{filled:,} missing values were filled in from the same id, {share} as many as rows")
    if dropped > 0:
        yield Finding("missing", f"{dropped:,} rows were dropped and {number(len(frame))} are left")
    if notes.get("counted"):
        yield Finding("counted", str(notes["counted"]))
    if notes.get("dates", {}).get("note"):
        dates = notes["dates"]
        yield Finding(
            "dates", f"`{dates['column']}` is read {dates['note']}; set dayfirst or date_format if it is not so"
        )
    for note in notes.get("notes", ()):
        yield Finding("read", f"{note}; see decimal, na_values and header in lab.load if that is not what it means")
