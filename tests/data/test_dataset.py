"""A dataset: several series are a matter of ids and borders, newer rows of where the parts are in time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.dates.time_index import segments
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.store import FrameStore
from lstm_lab.data.windows.cuts import Cuts, cut_rows
from lstm_lab.data.windows.sample_weights import sample_weights
from lstm_lab.errors import DataError

LOOKBACK, HORIZON = 6, 3
LENGTHS = {"north": 60, "south": 45}


def series(rows, seed=0, start="2022-01-01"):
    rng = np.random.default_rng(seed)
    index = pd.date_range(start, periods=rows, freq="D", name="day")
    return pd.DataFrame({"y": 20 + rng.normal(0, 1, rows).cumsum(), "x": rng.normal(0, 1, rows)}, index=index)


TABLES = {name: series(rows, seed) for seed, (name, rows) in enumerate(LENGTHS.items())}


@pytest.fixture(scope="module")
def encoder():
    first = TABLES["north"]
    return Encoder.fit(first, "y", "diff", ("x", "lag(2)"), slice(0, 40), segments(first.index))


@pytest.fixture(scope="module")
def several(encoder):
    cuts = tuple(cut_rows(rows) for rows in LENGTHS.values())
    return Dataset(FrameStore.of(TABLES, encoder), LOOKBACK, cuts, "linear")


@pytest.fixture(scope="module")
def alone(encoder):
    return [
        Dataset(FrameStore(table, encoder), LOOKBACK, (cut_rows(len(table)),), "linear") for table in TABLES.values()
    ]


def test_series_lie_behind_each_other_and_no_window_crosses_a_border(several):
    assert several.ids == ("north", "south")
    assert several.borders.tolist() == [0, 60, 105]
    assert several.segments.tolist() == [0] * 60 + [1] * 45
    first = several.windows.target_rows - LOOKBACK
    assert (several.segments[first] == several.segments[several.windows.target_rows]).all()


@pytest.mark.parametrize("part", ["train", "validation", "calibration"])
def test_several_series_are_those_series_one_after_the_other(several, alone, part):
    positions = getattr(several.split, part)
    own = [getattr(dataset.split, part) for dataset in alone]
    for gather in ("inputs", "targets", "step_targets"):
        expected = [getattr(dataset.windows, gather)(which) for dataset, which in zip(alone, own, strict=True)]
        np.testing.assert_array_equal(getattr(several.windows, gather)(positions), np.concatenate(expected))
    weights = np.concatenate([dataset.windows.weights[which] for dataset, which in zip(alone, own, strict=True)])
    np.testing.assert_array_equal(several.windows.weights[positions], weights)


def test_training_windows_are_weighed_over_the_time_of_their_series(several, alone):
    count = len(alone[1].split.train)
    np.testing.assert_array_equal(
        several.windows.weights[several.split.train][-count:], sample_weights("linear", count)
    )


def test_origins_and_what_followed_are_those_of_each_series(several, alone):
    rows = several.calibration_origins(HORIZON)
    own = [dataset.calibration_origins(HORIZON) for dataset in alone]
    np.testing.assert_array_equal(rows, np.concatenate([own[0], own[1] + 60]))
    np.testing.assert_array_equal(
        several.actual(rows, HORIZON),
        np.concatenate([dataset.actual(which, HORIZON) for dataset, which in zip(alone, own, strict=True)]),
    )
    together = several.origins(rows, HORIZON)
    apart = [dataset.origins(which, HORIZON) for dataset, which in zip(alone, own, strict=True)]
    for name in ("windows", "tails", "known"):
        np.testing.assert_array_equal(getattr(together, name), np.concatenate([getattr(one, name) for one in apart]))


@pytest.mark.parametrize("number", [0, 1])
def test_the_newest_origin_is_that_of_the_series(several, alone, number):
    found, expected = several.newest(HORIZON, series=number), alone[number].newest(HORIZON)
    assert found.rows.tolist() == [several.borders[number + 1]]
    for name in ("windows", "tails", "known"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_newer_rows_move_no_cut_in_time_and_the_newest_calibrate(encoder):
    table = series(80)
    dataset = Dataset(FrameStore(table.iloc[:60], encoder), LOOKBACK, (cut_rows(60),))
    longer = dataset.append(table.iloc[55:])
    pd.testing.assert_frame_equal(longer.frame, table, check_freq=False)
    assert dataset.cuts == (Cuts(48, 54, 60),)
    assert longer.cuts == (Cuts(48, 71, 80, expired=17, calibration_limit=9),)
    np.testing.assert_array_equal(longer.split.train, dataset.split.train)
    assert longer.windows.target_rows[longer.split.calibration].tolist() == list(range(71, 80))
    assert longer.same_training(dataset)
    assert len(dataset) == 60


def test_newer_rows_of_one_of_several_series_leave_the_other(several):
    longer = several.append(pd.concat({"south": series(50, seed=1)}))
    assert longer.borders.tolist() == [0, 60, 110]
    assert longer.cuts[0].validation == several.cuts[0].validation
    np.testing.assert_array_equal(longer.target[:60], several.target[:60])
    np.testing.assert_array_equal(longer.target[60:], series(50, seed=1)["y"])


def test_a_stretch_shorter_than_a_window_is_no_origin(encoder):
    broken = pd.concat([series(40), series(4, seed=2, start="2023-01-01")])
    with pytest.raises(DataError, match=r"needs 8 rows since the last gap .*, got 4"):
        Dataset.of(broken, encoder, LOOKBACK).newest(HORIZON)
