"""Traces of sequences of different lengths: each one's own, verified, whatever stands beside it."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import TraceError
from lstm_lab.interpret.trace import Trace, Traces
from lstm_lab.models.backend import keras

LENGTHS = (3, 6, 3, 5)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(2)
    layers = keras.layers
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    model = keras.Sequential([keras.Input((None, 2)), both, layers.GRU(2), layers.Dense(1)])
    model.run_eagerly = True  # compiling each length would take longer
    return model


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]


def test_each_sequence_has_the_trace_that_it_has_alone(model, arrays):
    traces = lab.trace(model, arrays)
    assert isinstance(traces, Traces)
    assert traces.lengths == LENGTHS
    assert traces.verified == max(each.verified for each in traces)
    for traced, x in zip(traces, arrays, strict=True):
        alone = lab.trace(model, x)
        assert isinstance(alone, Trace)
        assert 0 <= traced.verified <= 1e-6
        np.testing.assert_array_equal(traced.batch[0], x)
        for layer, expected in zip(traced.layers, alone.layers, strict=True):
            np.testing.assert_array_equal(layer.hidden, expected.hidden)
            assert layer.mask.all()
        np.testing.assert_allclose(traced.output[0], model(x[None])[0], rtol=1e-6)
        assert traced.connectivity.gradient.shape == (1, len(x), 2)


def test_traces_are_a_sequence_and_say_what_they_hold(model, arrays):
    traces = lab.trace(model, arrays)
    assert [len(part.index) for part in traces[1:3]] == [6, 3]
    assert traces.output.shape == (4, 1)
    told = repr(traces)
    assert "4, of 3 to 6 steps, none padded" in told
    assert "<table" in traces._repr_html_()


def test_labels_of_each_sequence_are_its_own(model, arrays):
    dates = [pd.date_range("2024-01-01", periods=length) for length in LENGTHS]
    traces = lab.trace(model, tuple(arrays), index=dates, feature_names=["price", "volume"])
    assert traces[1].index.equals(dates[1])
    assert traces[0].feature_names == ("price", "volume")


def test_a_list_of_equal_lengths_is_one_batch(model, arrays):
    together = lab.trace(model, [arrays[0], arrays[2]])
    assert isinstance(together, Trace)
    assert together.windows == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: ([*arrays, arrays[0][:0]], None), "got none in sequence 4; leave it out"),
        (lambda arrays: (arrays, ["a", "b"]), "a list of 4 indexes, one for each, got list of 2"),
        (lambda arrays: ([arrays[0], arrays[1][:, :1]], None), r"x of shape \(6, 1\) does not fit"),
    ],
)
def test_mistakes_in_a_list_are_told_in_one_line(model, arrays, change, message):
    x, index = change(arrays)
    with pytest.raises(TraceError, match=message) as refusal:
        lab.trace(model, x, index=index)
    assert "\n" not in str(refusal.value)
