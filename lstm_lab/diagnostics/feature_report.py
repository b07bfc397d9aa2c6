"""A report on the inputs of a network of one series, before it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.auto import AUTO
from lstm_lab.data.windows.split import Split
from lstm_lab.diagnostics.column_checks import repeated
from lstm_lab.diagnostics.findings import run_checks
from lstm_lab.formatting import moment, number, percent
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from lstm_lab.data.encoding.features import Feature
    from lstm_lab.data.encoding.seasonality import Candidate
    from lstm_lab.diagnostics.input_analysis import Finding, InputAnalysis

__all__ = ["FUTURE", "FeatureReport"]

FUTURE = {
    "path": "re-computed on every simulated path",
    "lag": "read from history, then from the simulated path",
    "time": "known ahead",
    "column": "held at its last value, unless known= gives it",
}
"""What stands in for a column while a forecast is simulated, by its source."""


@dataclass(frozen=True, eq=False, repr=False)
class FeatureReport(Result):
    """The inputs of a network, measured on the training rows; made by `features`."""

    analysis: InputAnalysis

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns as the network gets them before they are standardised, by time; NaN in the warmups."""
        ready = self.analysis.ready
        return pd.DataFrame(self.analysis.raw, index=ready.dataset.frame.index, columns=list(self.analysis.columns))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a column, the transformed target first, over the training rows alone.

        feature, source (target, path, lag, time, column), warmup (rows before its first value), lost (training rows
        without a value), min, max, mean, sd, same (share of its most frequent value), undefined (share of the rows
        where it had nothing to measure), next (correlation with the transformed target a row later), size (with that
        target's distance from its mean), persistence (with itself a row later), repeats (the other column that it
        nearly is, or empty), beyond (standard deviations by which later rows leave its range).
        """
        inputs, measures = self.analysis, self.analysis.measures
        twins = [repeated(measures, at) for at in range(len(inputs.columns))]
        features = [self._feature(feature) for feature in inputs.column_features]
        columns = {
            "feature": [label for label, _, _ in features],
            "source": [source for _, source, _ in features],
            "warmup": [warmup for _, _, warmup in features],
            "lost": measures.lost,
            "min": measures.minimum,
            "max": measures.maximum,
            "mean": measures.mean,
            "sd": measures.sd,
            "same": measures.same,
            "undefined": measures.undefined,
            "next": measures.ahead[:, 0],
            "size": measures.size_ahead[:, 0],
            "persistence": measures.persistence,
            "repeats": ["" if twin is None else inputs.columns[twin] for twin in twins],
            "beyond": measures.beyond,
        }
        return pd.DataFrame(columns, index=pd.Index(inputs.columns, name="column"))

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """A row a transform: error of the naive forecast it implies (in the target's unit), usable, learnt, note."""
        candidates = self.analysis.candidates
        rows = [(each.error, each.feasible, each.label == self.transform, each.note) for each in candidates]
        labels = pd.Index([each.label for each in candidates], name="transform")
        return pd.DataFrame(rows, index=labels, columns=["error", "usable", "learnt", "note"])

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Problems of the inputs, with their remedies; empty where there are none."""
        return run_checks(self.analysis)

    @property
    def target(self) -> str:
        """The column to forecast."""
        return self.analysis.ready.dataset.encoder.target

    @property
    def transform(self) -> str:
        """Label of the transform that is learnt."""
        return self.analysis.ready.dataset.encoder.transform.label

    @property
    def reason(self) -> str:
        """Why that transform is learnt, in one line."""
        return self.analysis.ready.input_choice.reason

    @property
    def chance(self) -> float:
        """Correlations with the next value that are no larger may be chance."""
        return self.analysis.measures.chance

    def chance_in_words(self) -> str:
        """Describe how large a correlation may be by chance."""
        pairs = self.analysis.measures.pairs
        return (
            f"within ±{self.chance:.3f} it may be chance (2/√n, n = {pairs:,} pairs; "
            "for columns that move slowly, chance reaches further)"
        )

    def future_in_words(self) -> str:
        """Describe what stands in for each kind of column while a forecast is simulated."""
        sources = dict.fromkeys(self.summary["source"])
        return "; ".join(f"{source}: {FUTURE[source]}" for source in sources if source != "target")

    def rows_in_words(self) -> str:
        """Describe what the rows and windows are used for."""
        cuts, split = self.analysis.ready.dataset.cuts[0], self.analysis.split
        parts = (cuts.validation, cuts.calibration - cuts.validation, cuts.rows - cuts.calibration)
        named = list(zip(("train", "validation", "calibration"), parts, strict=True))
        rows = ", ".join(f"{name} {count:,}" for name, count in named)
        if not isinstance(split, Split):
            return f"{rows}; no windows"
        return f"{rows}; {len(split.train):,} training windows of {self.analysis.options.lookback} rows"

    def summary_table(self) -> Summary:
        """Tabulate the findings, the transform and its candidates, and a line for each column."""
        index = self.analysis.ready.dataset.frame.index
        rows = [
            *(("found", finding.text.replace("`", "")) for finding in self.findings),
            *([("found", "nothing to complain of")] * (not self.findings)),
            ("data", f"{len(index):,} rows, {moment(index[0])} to {moment(index[-1])}"),
            ("rows", self.rows_in_words()),
            ("transform", self.reason),
            *((f"  {each.label}", self._naive(each)) for each in self.analysis.candidates),
            ("next", f"correlation with what is learnt, a row later; {self.chance_in_words()}"),
            ("size", "the same with its distance from its mean: what a column says of volatility"),
            *([("source", self.future_in_words())] * (len(self.summary) > 1)),
        ]
        return Summary(f"Inputs for {self.target}", tuple(rows), tuple(self._lines()))

    def _naive(self, each: Candidate) -> str:
        """Describe how far the naive forecast of a transform is off, or why it cannot be used."""
        if not each.feasible:
            return f"refused: {each.note}"
        off = f"naive forecast off by {number(each.error)} ({each.note})" if np.isfinite(each.error) else each.note
        if each.label == self.transform:
            return f"{off}; learnt"
        # auto learns the last change where a season's is harder to foresee, and gives the season as inputs.
        beside = each.label == self.analysis.choice.label and self.analysis.options.transform == AUTO
        return f"{off}; its season is among the inputs" if beside else off

    def _lines(self) -> list[tuple[str, ...]]:
        head = ("column", "source", "next", "size", "mean", "sd", "min", "max", "warmup", "same", "repeats")
        lines: list[tuple[str, ...]] = [head]
        for name, row in self.summary.iterrows():
            least = 1e-9 * float(row["sd"])  # what is left of a mean of 0 is rounding
            numbers = [number(value if abs(value) > least else 0.0) for value in row[["mean", "sd", "min", "max"]]]
            marked = [f"{row[key]:+.3f}" if np.isfinite(row[key]) else "–" for key in ("next", "size")]
            same = percent(float(row["same"])) if row["same"] >= 0.05 else ""
            lines.append((str(name), row["source"], *marked, *numbers, str(row["warmup"]), same, row["repeats"]))
        return lines

    def _feature(self, feature: Feature | None) -> tuple[str, str, int]:
        if feature is None:
            return self.target, "target", self.analysis.ready.dataset.encoder.transform.warmup
        source = "lag" if feature.name == "lag" else feature.source
        return feature.label, source, feature.warmup
