"""Marks of a study: what picture and view draw, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.evaluation.leaderboard import Leaderboard, marks_of_kinds
from lstm_lab.evaluation.scoring import Difference
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.plots.style import ORANGE


class Drawn(Leaderboard):
    """A comparison whose scores and differences are given."""

    error = "mae"
    target, interval, details, clusters = "price", 90.0, {}, "9 origins"
    scores = pd.DataFrame(
        {
            "mae": [2.0, 1.0, 3.0],
            "coverage": [0.9, 0.8, 0.7],
            "coverage_low": [0.85, 0.7, 0.6],
            "coverage_high": [0.95, 0.9, 0.8],
            "width": [4.0, 5.0, 70.0],
        },
        pd.MultiIndex.from_tuples([("naive", 0), ("lstm", 0), ("lstm", 1)], names=["kind", "seed"]),
    )

    def gap(self, name, other):
        errors = self.scores["mae"].groupby(level=0).mean()
        return Difference(errors[name] - errors[other], 0.25)

    def band(self, name=None):
        return "calibrated 90 %" if name is None else ""


def test_rows_marks_lines_and_intervals_are_those_of_the_scores():
    marks = marks_of_kinds(Drawn())
    assert marks.names == ("naive", "lstm")
    error, coverage, width = marks.columns
    np.testing.assert_array_equal(error.values, [[2.0, np.nan], [1.0, 3.0]])
    assert error.line == 2.0
    np.testing.assert_allclose(error.intervals, [[np.nan, np.nan], [1.5, 2.5]])  # no difference, two errors around
    np.testing.assert_allclose(coverage.intervals, [[0.85, 0.95], [0.65, 0.85]])
    assert (coverage.line, coverage.dashed, coverage.form) == (0.9, True, "share")
    assert (width.scale, width.intervals, width.label) == ("log", None, "width of the band (price)")
    assert dict(marks.lines) == {
        "mean": "mean of the seeds",
        "line": "mean of: naive",
        "interval": "95 % interval of a coverage; two standard errors of an error's difference from naive",
        "dashed": "nominal coverage",
    }
    assert marks.remarks == ("", "error +0.0 ± 12.5 % against naive, may be chance over 9 origins")
    assert marks.words[0].startswith(
        "no winner: naive has the lowest error, but lstm cannot be told from it by 2 seeds"
    )


def test_the_mean_of_one_seed_is_no_line():
    marks = lab.repeat(lambda seed: {"a": 1.0 + seed}, seeds=1).marks
    assert marks.lines == ()
    assert np.isnan(marks.columns[0].intervals).all()


def test_a_repeated_measurement_has_one_standard_deviation_around_its_mean():
    (column,) = lab.repeat(lambda seed: {"a": float(seed), "b": 1.0}, seeds=[1, 2, 6]).marks.columns
    deviation = np.std([1, 2, 6], ddof=1)
    np.testing.assert_allclose(column.intervals, [[3 - deviation, 3 + deviation], [1, 1]])


def test_the_picture_draws_the_marks():
    marks = marks_of_kinds(Drawn())
    result = type("Marked", (MarkedResult,), {"marks": marks})()
    head, *panels = result.plot().axes
    assert [panel.get_xscale() for panel in panels] == ["linear", "linear", "log"]
    squares = [line for line in panels[0].get_lines() if line.get_marker() == "s" and len(line.get_xdata())]
    assert [(line.get_xdata().tolist(), line.get_color()) for line in squares] == [([2.0], ORANGE)]
    assert head.get_title(loc="left") == "Comparison for price"
    spans = [line.get_xdata().tolist() for line in panels[0].get_lines() if line.get_linewidth() == pytest.approx(0.9)]
    assert [1.5, 2.5] in spans


def test_what_has_no_marks_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        MarkedResult()
