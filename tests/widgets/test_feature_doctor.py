"""What the feature doctor puts on its wire, and that it stays small."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.widgets import offline, widget
from lstm_lab.widgets.features import BINS, FeatureDoctor, broken_outline, outline


@pytest.fixture(scope="module")
def report():
    return lab.features(lab.example("temperature"), target="temperature", features=["momentum(9)", "humidity", "auto"])


@pytest.fixture
def doctor(report):
    made = widget(report)
    yield made
    made.close()


def test_short_series_are_drawn_as_they_are():
    values = np.random.default_rng(0).normal(size=(50, 2))
    rows, drawn = outline(values, 25)
    np.testing.assert_array_equal(rows, np.arange(50))
    assert drawn is values


@pytest.mark.parametrize("count", [51, 999, 1000, 1001])
def test_an_outline_loses_no_peak_and_keeps_the_order(count):
    values = np.random.default_rng(0).normal(size=(count, 3))
    values[:7, 1] = np.nan
    rows, drawn = outline(values, 25)
    assert len(rows) == len(drawn) <= 50
    assert (np.diff(rows) >= 0).all()
    assert rows[-1] < count
    size = -(-count // 25)
    for at in range(0, len(rows), 2):
        block = values[rows[at] : rows[at] + size]
        for column in range(3):
            there = block[:, column][np.isfinite(block[:, column])]
            pair = drawn[at : at + 2, column]
            if len(there) == 0:
                assert np.isnan(pair).all()
                continue
            assert sorted(pair) == [there.min(), there.max()]
            assert np.flatnonzero(block[:, column] == pair[0])[0] <= np.flatnonzero(block[:, column] == pair[1])[0]


def test_no_line_is_drawn_across_a_gap():
    values = np.arange(60.0)[:, None]
    places = np.arange(60.0) + 1000 * (np.arange(60) >= 40)
    times, drawn = broken_outline(values, (np.arange(60) >= 40).astype(np.int64), places)
    assert np.flatnonzero(np.isnan(drawn[:, 0])).tolist() == [40]
    assert (np.diff(times) > 0).all()
    np.testing.assert_array_equal(np.delete(drawn[:, 0], 40), np.arange(60.0))


def test_arrays_hold_what_was_measured(report, doctor):
    columns = len(report.summary)
    wire = doctor.wire
    assert isinstance(doctor, FeatureDoctor)
    assert [line[0] for line in wire.get("columns")] == list(report.summary.index)
    np.testing.assert_allclose(wire.array("ahead"), report.analysis.measures.ahead, rtol=1e-6)
    np.testing.assert_allclose(wire.array("size"), report.analysis.measures.size_ahead, rtol=1e-6)
    assert wire.array("series").shape == (columns + 1, len(wire.array("times")))
    target = lab.example("temperature")["temperature"]
    assert wire.array("series")[0].max() == pytest.approx(target.max())
    cut = report.analysis.ready.dataset.cuts[0].validation
    assert wire.get("cut") == target.index[cut].timestamp()
    np.testing.assert_allclose(wire.array("newest").T, report.frame.iloc[cut - 120 : cut], rtol=1e-5, atol=1e-6)


def test_shares_are_those_of_a_histogram(report, doctor):
    spread, edges = doctor.wire.array("spread"), doctor.wire.array("edges")
    assert spread.shape == (len(report.summary), 2, BINS)
    np.testing.assert_allclose(spread.sum(axis=2), 1.0, rtol=1e-5)
    at = list(report.summary.index).index("humidity")
    low, high = edges[at]
    width = (high - low) / (BINS - 1)
    training = report.frame["humidity"].iloc[: report.analysis.ready.dataset.cuts[0].validation]
    expected, _ = np.histogram(training, bins=BINS, range=(low - width / 2, high + width / 2))
    np.testing.assert_allclose(spread[at, 0], expected / len(training), atol=2e-3)


def test_what_is_wrong_is_told_and_nothing_that_is_not(report, doctor):
    assert doctor.wire.get("findings") == ["Nothing to complain of."]
    assert report.findings == ()
    other = widget(lab.features(lab.example("oil"), features=["log_return", "price", "lag(1)"]))
    assert any("nearly repeats" in text for text in other.wire.get("findings"))
    other.close()


def test_every_column_is_said_in_words(doctor):
    words = {line[0]: line[4] for line in doctor.wire.get("columns")}
    assert words["diff(temperature)"].startswith("what is learnt · −11.1 to 7.2, mean 0.00")
    assert "no value in its first row ·" in words["diff(temperature)"]
    assert words["momentum(9)"].startswith("re-computed on every simulated path")
    assert "no value in its first 9 rows" in words["momentum(9)"]
    assert words["humidity"].startswith("held at its last value, unless known= gives it")
    assert words["hour_sin"].startswith("known ahead · −1 to 1, mean 0, sd 0.7071")


def test_it_is_small_and_has_a_picture_and_a_page(doctor, tmp_path):
    arrays = ("times", "series", "newest", "spread", "edges", "ahead", "size")
    assert sum(doctor.wire.array(name).nbytes for name in arrays) < 100_000
    shown = doctor._repr_mimebundle_()[0]
    assert {"text/plain", "image/png"} <= set(shown)
    file = doctor.to_html(tmp_path / "inputs.html")
    assert "data:image/png;base64," in file.read_text()


@pytest.mark.parametrize("options", [{"validation": 0, "calibration": 0}, {"lookback": 5000}, {"transform": "none"}])
def test_whatever_was_asked_its_state_is_json(options):
    made = widget(lab.features(lab.example("oil"), features=["volatility(20)"], **options))
    json.loads(offline._json(offline._state(made)))
    made.close()


def test_constant_columns_and_numbered_rows():
    frame = pd.DataFrame({"y": np.arange(80.0) % 7, "flat": 2.0})
    made = widget(lab.features(frame, target="y", features="flat", transform="none", lookback=4))
    state = json.loads(offline._json(offline._state(made)))
    assert state["_snapshot"]["values"]["is_time"] is False
    assert made.wire.get("columns")[1][2:4] == ["–", "–"]
    made.close()
