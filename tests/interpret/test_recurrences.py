"""Find again: the distances are those of a plain computation, and the matches the nearest that share no step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import OptionError, TraceError
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras

LOOKBACK = 8


@pytest.fixture(scope="module")
def run():
    days = pd.date_range("2021-01-01", periods=120, freq="D", name="date")
    wave = np.sin(np.arange(120) * 2 * np.pi / 20) + 0.01 * np.random.default_rng(0).normal(size=120)
    frame = pd.DataFrame({"level": wave}, index=days)
    return lab.train(frame, transform="none", lookback=LOOKBACK, units=[5], dense=[], epochs=1, seed=0)


@pytest.fixture(scope="module")
def found(run):
    return run.find(steps=range(3, 7), units=[0, 4], signal="forget", matches=5)


def by_hand(run, first, last, units, signal):
    """Trace every window by itself, and compare."""
    ends = range(LOOKBACK - 1, len(run.frame))
    patches = np.stack([run.gates(at=end).layers[0].signals[signal][first : last + 1, units] for end in ends])
    spread = patches.std(axis=(0, 1))
    return np.sqrt((((patches - patches[-1]) / spread) ** 2).mean(axis=(1, 2)))


def test_the_distances_are_the_root_mean_square_in_standard_deviations(run, found):
    expected = by_hand(run, 3, 6, [0, 4], "forget")
    assert list(found.distances.index) == list(range(3, 3 + len(expected)))
    np.testing.assert_allclose(found.distances, expected, atol=2e-5)
    assert found.distances.iloc[-1] < 1e-6  # the window itself, traced by another call
    assert found.row == 120 - LOOKBACK + 3


def test_matches_are_the_nearest_that_share_no_step(found):
    taken = np.array([found.row, *found.rows])
    assert np.diff(np.sort(taken)).min() >= found.count == 4
    distances = found.distances.loc[list(found.rows)].to_numpy()
    assert (np.diff(distances) >= 0).all()
    apart = found.distances[np.abs(found.distances.index - found.row) >= 4]
    assert distances[0] == apart.min()
    # A wave of 20 days comes again after 20 days.
    assert {(found.row - row) % 20 for row in found.rows} <= {0, 1, 19}


def test_the_table_says_when_how_near_and_what_came_after(run, found):
    table, row = found.matches, found.rows[0]
    assert list(table.columns) == ["from", "to", "distance", "change_after", "at"]
    assert table["from"][0] == run.frame.index[row]
    assert table["to"][0] == run.frame.index[row + 3]
    level = run.frame["level"].to_numpy()
    assert table["change_after"][0] == pytest.approx(level[row + 7] - level[row + 3])
    window = run.gates(at=table["at"][0])
    assert window.index[3] == table["from"][0]
    wanted = run.gates().layers[0].forget[3:7, [0, 4]]
    assert np.abs(window.layers[0].forget[3:7, [0, 4]] - wanted).max() < 0.1
    assert np.isnan(found.change_after(len(level) - 4))


def test_chance_is_what_other_places_find(found):
    assert 10 <= len(found.others) <= 20
    assert 0 < found.chance < found.typical
    nearer = int((found.others < found.matches["distance"][0]).sum())
    assert f"of {len(found.others)} other places {nearer} have a nearer match" in found.sentence
    assert found.sentence in repr(found)


def test_an_array_is_searched_itself():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((60, 1)), keras.layers.GRU(3), keras.layers.Dense(1)])
    tr = trace(model, np.sin(np.arange(60) * 2 * np.pi / 12)[:, None])
    result = tr.find(steps=range(30, 36), matches=2)
    assert (result.signal, result.lookback, result.row) == ("hidden", None, 30)
    assert all(abs(row - 30) % 12 == 0 for row in result.rows)
    values = tr.layers[0].hidden
    views = np.stack([values[start : start + 6] for start in range(55)])
    spread = views.std(axis=(0, 1))
    expected = np.sqrt((((views - views[30]) / spread) ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose(result.distances, expected, atol=1e-5)
    assert "at" not in result.matches


def test_without_arguments_the_newest_steps_of_all_units_are_looked_for(run):
    result = run.find(matches=1)
    assert (result.steps, result.units, result.signal) == ((0, 7), (0, 1, 2, 3, 4), "cell")
    assert len(result.rows) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": [1, 3]}, "steps must follow each other, got 1, 3; for example steps=range(1, 4)"),
        ({"steps": range(6, 9)}, "steps must be whole numbers from 0 to 7, got 6, 7, 8"),
        ({"steps": []}, "steps must be whole numbers from 0 to 7, got none; leave steps= out for the newest"),
        ({"units": 5}, "units must be whole numbers from 0 to 4, got 5; leave units= out for all"),
        (
            {"signal": "update"},
            "; for example signal=",
        ),
        ({"layer": 1}, "layer must be between 0 and 0, got 1"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(run, options, words):
    with pytest.raises(TraceError) as mistake:
        run.find(**options)
    assert words in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_options_are_checked_before_any_window_is_read(run):
    with pytest.raises(OptionError, match="matches"):
        run.find(matches=0)
    with pytest.raises(TraceError, match=r"as it is; use trace\.unchanged\.find"):
        run.gates().what_if(forget=1.0, units=[0]).find()
    with pytest.raises(TraceError, match="this trace has 4"):
        run.gates(windows=4).find()
