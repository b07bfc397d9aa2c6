"""The window that a network reads, as a table and a tensor."""

import numpy as np
import pytest

import lstm_lab as lab


@pytest.fixture(scope="module")
def run():
    frame = lab.example("oil").iloc[-400:]
    options = {"features": ["log_return"], "transform": "none", "lookback": 8}
    return lab.train(frame, target="price", units=[3], dense=[], epochs=1, **options)


def test_the_tensor_is_the_standardised_window_and_the_next_value_follows(run):
    window = run.window(-3)
    prices = run.frame["price"]
    assert window.tensor.shape == (1, 8, 2)
    assert window.inputs == ("price", "log_return")
    assert window.history.tolist() == prices.iloc[-10:-2].tolist()
    assert window.following.tolist() == [prices.iloc[-2]]
    scaled = window.tensor[0, :, 0].astype(float)
    assert np.corrcoef(scaled, window.history)[0, 1] == pytest.approx(1.0)
    assert run.gates(-3).inputs == pytest.approx(window.tensor[0])
    assert run.window().following.empty
    assert "1 × 8 × 2: window, steps, inputs" in repr(window)


def test_the_picture_shows_the_series_above_the_tensor_with_its_numbers(run):
    window = run.window(-3)
    series, tensor = window.plot().axes[:2]
    assert series.get_lines()[0].get_ydata().tolist() == window.history.tolist()
    np.testing.assert_array_equal(tensor.get_images()[0].get_array(), window.tensor[0].T)
    assert tensor.texts[8].get_text() == f"{window.tensor[0, 0, 1]:.2f}"


def test_a_row_without_a_window_is_refused(run):
    with pytest.raises(lab.LabError, match="the network reads 8 rows"):
        run.window(3)
