"""Bands beside each other: the numbers are those of the backtests, and only like is laid over like."""

from dataclasses import replace

import numpy as np
import pytest

import lstm_lab as lab
from tests.evaluation.drawn_backtest import drawn_backtest


@pytest.fixture(scope="module")
def bands():
    """Compare a band of the right width with one of half of it, on the same values."""
    right = drawn_backtest()
    return lab.compare_bands({"right": right, "thin": replace(right, network="naive")})


def test_every_number_is_that_of_the_backtest(bands):
    test = bands.tests["thin"]
    assert bands.summary.index.tolist() == ["right", "thin"]
    for score in ("coverage", "joint_coverage", "width", "crps", "mae"):
        assert bands.summary.loc["thin", score] == test.summary.loc["naive", score]
    assert bands.summary.loc["thin", "coverage"] < bands.summary.loc["right", "coverage"]
    np.testing.assert_array_equal(bands.widths()["thin"], test.forecasts["naive"].by_step()["width"])
    np.testing.assert_array_equal(bands.reliability()["right"], test.reliability().loc["network"]["coverage"])
    assert bands.widths()["right"].min() > bands.widths()["thin"].max()


def test_the_table_and_the_picture_name_each_band(bands):
    text = repr(bands)
    assert text.startswith("Bands for load\n  nominal    90 %\n  judged at  8 origins from 2024-01-05")
    assert "whole path" in text
    figure = bands.plot(at=0)
    left, right = figure.axes
    drawn = {line.get_label() for line in right.lines}
    assert {"right", "thin"} <= drawn
    assert left.get_title(loc="left").startswith("load: 2 bands")
    happened = next(line for line in left.lines if line.get_label() == "what happened")
    assert happened.get_ydata()[-1] == bands.evaluated.actual[0, -1]
    assert bands.png()[:4] == b"\x89PNG"


def test_the_view_has_a_row_a_band_beside_the_nominal_level(bands):
    marks = bands.marks
    assert marks.names == ("right", "thin")
    held, whole, width, crps = marks.columns
    assert held.values[:, 0] == pytest.approx(bands.summary["coverage"].to_numpy())
    assert held.intervals[1] == pytest.approx(bands.summary.loc["thin", ["coverage_low", "coverage_high"]].to_numpy())
    assert held.line == whole.line == 0.9
    assert [width.values[1, 0], crps.values[1, 0]] == bands.summary.loc["thin", ["width", "crps"]].tolist()
    view = bands.widget()
    assert view.wire.get("lines") == [["interval", "95 % interval of a coverage"], ["dashed", "nominal coverage"]]
    assert bands.plot().axes[0].get_title(loc="left").startswith("load: 2 bands"), "the picture is its own"


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ([], "bands are compared of two or more backtests of one series, by name, got list"),
        ({"alone": drawn_backtest()}, "two or more"),
        ({"a": drawn_backtest(), "b": drawn_backtest(origins=7)}, "from the same origins and at the same level"),
        ({"a": drawn_backtest(), "b": drawn_backtest(seed=1)}, "got others for 'b' than for 'a'"),
        ({"a": drawn_backtest(), "b": 3}, "for example lab.compare_bands"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(tests, message):
    with pytest.raises(lab.LabError) as refused:
        lab.compare_bands(tests)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
