"""Bands of several kinds beside each other, judged from the same origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import OptionError, named_keywords
from lstm_lab.evaluation.backtest import Backtest
from lstm_lab.evaluation.reliability import reliability
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for
from lstm_lab.evaluation.tables import coverage_text, four_digits, origins_text
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.evaluation.evaluation_set import EvaluationSet
    from lstm_lab.evaluation.scoring import Forecasts

__all__ = ["BandComparison", "compare_bands"]

SHOWN = ["coverage", "coverage_low", "coverage_high", "joint_coverage", "width", "crps", "mae"]
"""Scores of a band, in the order of the table."""


@dataclass(frozen=True, eq=False, repr=False)
class BandComparison(MarkedResult):
    """Backtests of one series from the same origins, by what their bands are called; made by `compare_bands`."""

    tests: Mapping[str, Backtest]

    @property
    def target(self) -> str:
        """The column that is forecast."""
        return next(iter(self.tests.values())).target

    @property
    def evaluated(self) -> EvaluationSet:
        """The series and the origins, which all share."""
        return next(iter(self.tests.values())).evaluated

    @property
    def forecasts(self) -> dict[str, Forecasts]:
        """The network's forecasts by band."""
        return {name: test.forecasts[test.network] for name, test in self.tests.items()}

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a band: what it held, the width of that, and the scores of its paths and median."""
        rows = {name: test.summary.loc[test.network, SHOWN] for name, test in self.tests.items()}
        return pd.DataFrame(rows).T.astype(np.float64).rename_axis("band")

    def reliability(self) -> pd.DataFrame:
        """Tabulate the measured coverage of central intervals by nominal coverage, in percent; a column a band."""
        return pd.DataFrame({name: reliability(each)["coverage"] for name, each in self.forecasts.items()})

    def widths(self) -> pd.DataFrame:
        """Tabulate the mean width by step ahead; a column a band."""
        return pd.DataFrame({name: each.by_step()["width"] for name, each in self.forecasts.items()})

    @property
    def marks(self) -> StudyMarks:
        """What each band held, its width and its error, beside the nominal level."""
        table, unit = self.summary, self.target
        held = table[["coverage_low", "coverage_high"]].to_numpy()
        nominal = self.evaluated.interval / 100
        share: dict[str, Any] = {"line": nominal, "dashed": True, "form": "share"}
        return StudyMarks(
            f"Bands for {unit}",
            (f"{self.evaluated.interval:g} % bands of one forecast, judged at {origins_text(self.evaluated)}",),
            names=tuple(map(str, table.index)),
            looks=(Look("a band"),) * len(table),
            seeds=("",),
            columns=(
                Column("measured coverage: of single steps", _values(table, "coverage"), held, **share),
                Column("measured coverage: of whole paths", _values(table, "joint_coverage"), **share),
                *(
                    Column(label, values := _values(table, score), scale=scale_for(values))
                    for score, label in (("width", f"width ({unit})"), ("crps", f"CRPS ({unit})"))
                ),
            ),
            interval="95 % interval of a coverage",
        )

    def summary_table(self) -> Summary:
        """Tabulate what each band held, its width and its scores."""
        lines: list[tuple[str, ...]] = [("band", "held", "whole path", "width", "CRPS", "MAE")]
        for name, row in self.summary.iterrows():
            joint = f"{100 * row['joint_coverage']:.0f} %"
            numbers = (four_digits(row[score]) for score in ("width", "crps", "mae"))
            lines.append((str(name), coverage_text(*row[SHOWN[:3]]), joint, *numbers))
        facts = (("nominal", f"{self.evaluated.interval:g} %"), ("judged at", origins_text(self.evaluated)))
        return Summary(f"Bands for {self.target}", facts, tuple(lines))


def _values(table: pd.DataFrame, score: str) -> NDArray[np.float64]:
    return table[[score]].to_numpy(np.float64)


@named_keywords
def compare_bands(tests: Mapping[str, Backtest]) -> BandComparison:
    """Lay the bands of several backtests over each other: one forecast, and what each held at every level.

    Parameters
    ----------
    tests
        What `lstm_lab.backtest` returned, by the name of the band: of one series, from the same origins.

    Returns
    -------
    BandComparison
        ``.summary``, ``.reliability()``, ``.widths()`` and a picture.

    Raises
    ------
    OptionError
        Fewer than two backtests, or of other rows.

    Examples
    --------
    >>> tests = {"calibrated": lab.backtest(run), "as drawn": lab.backtest(run, calibrate=False)}  # doctest: +SKIP
    >>> lab.compare_bands(tests)  # doctest: +SKIP
    """
    if not (
        isinstance(tests, Mapping) and len(tests) > 1 and all(isinstance(each, Backtest) for each in tests.values())
    ):
        raise OptionError(
            "bands are compared of two or more backtests of one series, by name, got"
            f" {type(tests).__name__}; for example lab.compare_bands({{'calibrated': first, 'as drawn': second}})"
        )
    names = list(tests)
    first = tests[names[0]].evaluated
    for name in names[1:]:
        other = tests[name].evaluated
        same = np.array_equal(first.actual, other.actual) and first.origins.equals(other.origins)
        if not same or first.interval != other.interval:
            raise OptionError(
                f"bands are compared from the same origins and at the same level, got others for {name!r} than for"
                f" {names[0]!r}; give both backtests the same rows, horizon, origins and interval"
            )
    return BandComparison(dict(tests))
