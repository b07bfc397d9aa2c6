"""A report on the inputs of a network of many series: how many and how long they are, and what is wrong with them.

Counts and lengths are of all series. The checks of a single series run on up to `LOOKED_AT` of them, spread evenly over
the ids, and a problem is told once, with the ids that have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import listed, numbers_of
from lstm_lab.data.preparation import Prepared, prepare_rows
from lstm_lab.diagnostics.feature_report import FUTURE, FeatureReport
from lstm_lab.diagnostics.input_analysis import InputAnalysis
from lstm_lab.diagnostics.panel_checks import run_panel_checks
from lstm_lab.errors import LabError
from lstm_lab.formatting import moment, number
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lstm_lab.diagnostics.input_analysis import Finding
    from lstm_lab.options import InputOptions

__all__ = ["LOOKED_AT", "PanelFeatureReport"]

LOOKED_AT = 24
"""Series that the checks of a single series run on, at most."""
SHOWN = 8
"""Ids that the table shows: those with the fewest rows."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelFeatureReport(StillResult):
    """The inputs of a network of many series, measured on their training rows; made by `lstm_lab.features`.

    Examples
    --------
    >>> report["store_1"].summary  # the report of one series  # doctest: +SKIP
    """

    ready: Prepared
    options: InputOptions

    def __getitem__(self, name: Hashable) -> FeatureReport:
        """Return the report of one series, with the transform and the inputs that the panel learns."""
        return self._report(int(numbers_of([name], self.ready.dataset.ids)[0]))

    def __len__(self) -> int:
        return len(self.ready.dataset.ids)

    @property
    def target(self) -> str:
        """The column to forecast."""
        return self.ready.dataset.encoder.target

    @property
    def called(self) -> str:
        """What the ids are called."""
        return str(self.ready.dataset.frame.index.names[0] or "id")

    @property
    def transform(self) -> str:
        """Label of the transform that is learnt."""
        return self.ready.dataset.encoder.transform.label

    @property
    def reason(self) -> str:
        """Why that transform is learnt, in one line."""
        return self.ready.input_choice.reason

    @cached_property
    def ids(self) -> pd.DataFrame:
        """A row an id, all of them: rows, first and last time, gaps, training rows, and the target's moments there.

        rows, first, last, gaps, training (rows that are trained on), windows (those to train on), mean, sd, min and max
        (of the target in its training rows).
        """
        dataset = self.ready.dataset
        starts, ends = dataset.borders[:-1], dataset.borders[1:]
        rows = ends - starts
        training = np.array([cut.validation for cut in dataset.cuts])
        inside = np.arange(len(dataset)) - starts[dataset.series] < training[dataset.series]
        values = pd.Series(dataset.target[inside]).groupby(dataset.series[inside])
        trained = np.searchsorted(dataset.borders, dataset.windows.target_rows[dataset.split.train], side="right") - 1
        columns = {
            "rows": rows,
            "first": dataset.index[starts],
            "last": dataset.index[ends - 1],
            "gaps": dataset.segments[ends - 1] - dataset.segments[starts],
            "training": training,
            "windows": np.bincount(trained, minlength=len(rows)),
            "mean": values.mean().to_numpy(),
            "sd": values.std(ddof=0).to_numpy(),
            "min": values.min().to_numpy(),
            "max": values.max().to_numpy(),
        }
        return pd.DataFrame(columns, index=pd.Index(dataset.ids, name=self.called))

    @cached_property
    def looked_at(self) -> dict[Hashable, FeatureReport]:
        """Reports of up to `LOOKED_AT` series, by id; without those that cannot be measured."""
        count = len(self)
        reports = {}
        for at in np.unique(np.linspace(0, count - 1, min(LOOKED_AT, count)).round().astype(int)):
            try:
                report = self._report(int(at))
                _ = report.summary, report.findings
            except LabError:  # such as a series that is too short for a window of its own after a warmup
                continue
            reports[self.ready.dataset.ids[at]] = report
        return reports

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a column, the transformed target first: medians over the series looked at.

        feature, source and warmup as in a report of one series; next, size, persistence, same and undefined as there,
        the median over the series; constant: share of the series where it never changes.
        """
        tables = [report.summary for report in self.looked_at.values()]
        if not tables:
            return pd.DataFrame(columns=["feature", "source", "warmup"], index=pd.Index([], name="column"))
        measured = ["next", "size", "persistence", "same", "undefined"]
        out = tables[0][["feature", "source", "warmup"]].copy()
        for name in measured:
            values = pd.concat([table[name] for table in tables], axis=1)
            out[name] = values.median(axis=1)
        out["constant"] = pd.concat([table["sd"] == 0 for table in tables], axis=1).mean(axis=1)
        return out

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Problems of the inputs, with their remedies, the gravest first; empty where there are none."""
        of_series = {name: report.findings for name, report in self.looked_at.items()}
        return run_panel_checks(self.ready, self.options, self.ids, of_series)

    def _report(self, series: int) -> FeatureReport:
        dataset = self.ready.dataset
        start, stop = dataset.borders[series : series + 2]
        encoder = dataset.encoder
        rows = dataset.frame.iloc[start:stop].droplevel(0)
        rows.attrs = {}
        chosen = {"transform": encoder.transform.label, "features": self.ready.input_choice.features}
        options = self.options.model_copy(
            update={**chosen, "id": None, "static": (), "mask": True, "target": self.target}
        )
        return FeatureReport(InputAnalysis(prepare_rows(rows, self.target, options), options))

    def lengths_in_words(self) -> str:
        """Say how many rows the ids have, and which were left out."""
        rows = self.ids["rows"].to_numpy()
        low, middle, high = int(rows.min()), number(float(np.median(rows))), int(rows.max())
        lengths = f"{low:,} rows each" if low == high else f"{low:,} to {high:,} rows each, median {middle}"
        left = self.ready.dataset.left_out
        told = f"; {len(left):,} too short and left out: {listed(left)}" if left else ""
        return f"{len(self):,} ids by {self.called}, {lengths}{told}"

    def summary_table(self) -> Summary:
        """Tabulate the findings, lengths and parts, and a line for each column."""
        dataset = self.ready.dataset
        parts = ("train", "validation", "calibration")
        cuts = [(cut.validation, cut.calibration - cut.validation, cut.rows - cut.calibration) for cut in dataset.cuts]
        counts = np.array(cuts).sum(axis=0)
        named = ", ".join(f"{name} {count:,}" for name, count in zip(parts, counts, strict=True))
        windows = int(self.ids["windows"].sum())
        times = dataset.index
        few = self.ids.nsmallest(SHOWN, "rows")
        shortest = ", ".join(f"{name} {row:,}" for name, row in few["rows"].items())
        rows = [
            *(("found", finding.text.replace("`", "")) for finding in self.findings),
            *([("found", "nothing to complain of")] * (not self.findings)),
            ("ids", self.lengths_in_words()),
            *([("shortest", shortest)] * bool(np.ptp(self.ids["rows"]) > 0)),
            ("data", f"{len(dataset):,} rows, {moment(times.min())} to {moment(times.max())}"),
            ("rows", f"{named}; {windows:,} training windows of {self.options.lookback} rows"),
            ("transform", self.reason),
            *self._static_rows(),
            (
                "looked at",
                f"{len(self.looked_at)} of {len(self):,} ids, one by one; the columns below are their medians",
            ),
            *([("source", self._sources())] * (len(self.summary) > 1)),
        ]
        return Summary(f"Inputs for {self.target} by {self.called}", tuple(rows), tuple(self._lines()))

    def _sources(self) -> str:
        sources = dict.fromkeys(self.summary["source"])
        return "; ".join(f"{source}: {FUTURE[source]}" for source in sources if source != "target")

    def _static_rows(self) -> list[tuple[str, str]]:
        static = self.ready.dataset.encoder.static
        if static is None:
            return []
        told = [f"{name}: {len(levels)} levels ({listed(levels)})" for name, levels in static.levels.items()]
        return [("static", "; ".join([*told, *(f"{name}: a number" for name in static.numbers)]))]

    def _lines(self) -> list[tuple[str, ...]]:
        lines: list[tuple[str, ...]] = [("column", "source", "next", "size", "persistence", "same", "warmup")]
        for name, row in self.summary.iterrows():
            marked = [f"{row[key]:+.3f}" if np.isfinite(row[key]) else "–" for key in ("next", "size", "persistence")]
            lines.append((str(name), str(row["source"]), *marked, f"{row['same']:.2f}", str(row["warmup"])))
        return lines

    def targets(self, most: int) -> dict[Hashable, pd.Series[Any]]:
        """Return the target of some series by time, evenly spread over the ids: for pictures."""
        dataset = self.ready.dataset
        numbers = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))
        values, index = dataset.target, dataset.index
        edges = [(at, *dataset.borders[at : at + 2]) for at in numbers]
        return {dataset.ids[at]: pd.Series(values[start:stop], index=index[start:stop]) for at, start, stop in edges}
